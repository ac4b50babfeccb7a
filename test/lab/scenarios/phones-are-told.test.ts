/** What phones are told of a call by the router is what a plain Dial() tells them: who was diverted, which codecs, who is connected, and that another has answered. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AsteriskVersion } from '../../../lab/asterisk/asterisk.ts';
import { channelVariable } from '../../../lab/asterisk/channel-variable.ts';
import type { Callee, UserSpec } from '../../../lab/callee.ts';
import { type Lab, type LabSettings, startLab } from '../../../lab/lab.ts';
import type { CallRecord } from '../../../lab/phone/call-record.ts';
import { loggedNumber, loggedSettings } from '../../../lab/rigs/logged-calls.ts';
import { BY_DIAL, BY_ROUTER, deskUser, type Way } from '../../../lab/rigs/office.ts';
import { channelOf } from '../../../lab/rigs/talk.ts';

const DIVERTED = {
  'REDIRECTING(from-num,i)': '0600000001',
  'REDIRECTING(from-name,i)': 'Boss',
  'REDIRECTING(reason,i)': 'cfu',
  'REDIRECTING(count,i)': '1',
  _XIVO_ORIG_CID_NUM: '0600000002',
  __XIVO_ORIG_CID_NAME: 'Origin',
};
/** A group of two: a user whom the router rings, by way of a Local channel, and a phone that Dial() rings. */
const GROUP = `[lab-did](+)
exten => _4XXXXXXXX,1,Dial(Local/\${EXTEN:1:4}@lab-member/n&PJSIP/uc-$[\${EXTEN:-2} + 0],30)
 same => n,Hangup()
[lab-member]
exten => _XXXX,1,Gosub(xivo-mapp,s,1(\${EXTEN}))
 same => n,Hangup(19)
`;
const TWO_MOBILES: UserSpec = { ringingDevice: 'MobileApp', mobiles: [{ is: 'awake' }, { is: 'awake' }] };
/** How long a phone may still be told something after the answer, in ms. */
const SETTLED_MS = 2_000;

/** Seats 1 and 2 speak opus, for which Asterisk has no translator, seats 3 and 4 G.722. The trunk speaks alaw alone. */
function settings(version: AsteriskVersion): LabSettings {
  const { asterisk, ...lab } = loggedSettings(version, GROUP);
  const codecs = ['opus', 'opus', 'g722', 'g722'].map(
    (codec, index) => `[uc-${index + 1}](+type=endpoint)\nallow=!all,${codec},alaw\n`,
  );
  const extraPjsip = [asterisk?.extraPjsip, ...codecs].join('\n');
  return { ...lab, asterisk: { ...asterisk, extraPjsip, trunk: { codecs: ['alaw'] } } };
}

/** With whom the phone is connected, as messages of that kind say. */
function partiesOf({ connectedLines }: CallRecord, kind: string) {
  return connectedLines.filter((line) => line.in === kind).map(({ name, number }) => ({ name, number }));
}

describe.each([16, 22] as const)('phones on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab(settings(version));
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  /** One call that way, with all that caller and callee are told of it. */
  const told = async (way: Way) => {
    const user = await deskUser(lab, way, { variables: DIVERTED });
    const call = await lab.caller().call(loggedNumber(way, user));
    const leg = await user.webApp.invited();
    await call.waitFor('ringing');
    const ask = await askerOf(user);
    const ringing = await ask(`GROUP_COUNT(${user.userId}@XIVO_USER)`);
    const inherited = [await ask('XIVO_ORIG_CID_NUM'), await ask('XIVO_ORIG_CID_NAME')];
    await user.webApp.answer();
    await call.talksWith(user.webApp);
    const talking = await ask(`GROUP_COUNT(${user.userId}@XIVO_USER)`);
    await call.sip.waitFor('dtmf', SETTLED_MS).catch(() => undefined);
    await call.hangUp();
    const invite = user.webApp.phone.trace.entries.find(({ firstLine }) => firstLine.startsWith('INVITE'))?.text ?? '';
    const connected = call.record.connectedLines.find((line) => line.in === '200');
    return {
      told: {
        diversion: /^Diversion:.*$/m.exec(invite)?.[0],
        inherited,
        codecs: leg.record.offered?.codecs,
        // Each user has another number.
        connectedIn200: connected?.number === user.number && connected.name === `User ${user.number}`,
        reinvites: [call.record.reinvites, leg.record.reinvites],
      },
      seen: call.record.connectedLines.map(({ number }) => number),
      updatesSay: [call, leg].map(({ record }) => partiesOf(record, 'UPDATE')),
      knew: [
        partiesOf(call.record, '200'),
        [{ name: leg.record.shown.from.name, number: leg.record.shown.from.number }],
      ],
      updates: [call.record.updates, leg.record.updates],
      counted: [ringing, talking],
    };
  };

  const askerOf = async ({ webApp }: Callee) => {
    const { id } = await channelOf(lab, webApp.call);
    return (variable: string) => channelVariable(lab.asterisk, id, variable);
  };

  it('are told as by Dial(), whether the callee prefers opus or G.722, and hear each other', async () => {
    for (const _codec of ['opus', 'G.722']) {
      const byDial = await told(BY_DIAL);
      const byRouter = await told(BY_ROUTER);
      expect(byRouter.told).toEqual(byDial.told);
      expect(byRouter.told).toMatchObject({ connectedIn200: true, reinvites: [0, 0] });
      expect(byRouter.told.codecs?.[0]).toBe('PCMA');
      expect(byRouter.counted).toEqual(['1', '1']);
      // Nobody ever sees its own number.
      expect(byRouter.seen).not.toContain('0612345678');
      // Bridge() says once to each with whom it talks, which Dial() does not: nothing that the phone did not know.
      expect(byDial.updates).toEqual([0, 0]);
      expect(byRouter.updates).toEqual([1, 1]);
      expect(byRouter.updatesSay).toEqual(byRouter.knew);
    }
  });

  it('learn that a call was answered elsewhere from a caller who leaves for that reason', async () => {
    const user = await deskUser(lab, BY_ROUTER, TWO_MOBILES);
    const call = await lab.caller().call(user);
    await Promise.all(user.mobiles.map((mobile) => mobile.waitFor('ringing')));
    await call.sip.hangUp('Q.850;cause=26');
    await areTold(user);
    expect(await lab.story(call)).toMatchObject({ outcome: 'caller-left', reason: 'answered-elsewhere' });
  });

  it('learn it from a group whose other member has answered', async () => {
    const user = await deskUser(lab, BY_ROUTER, TWO_MOBILES);
    const member = await deskUser(lab, BY_DIAL);
    const call = await lab.caller().call(`4${user.number}${member.number}`);
    await Promise.all(user.mobiles.map((mobile) => mobile.waitFor('ringing')));
    await member.webApp.answer();
    await call.talksWith(member.webApp);
    await areTold(user);
    await call.hangUp();
    await expect
      .poll(() => lab.api.calls(1))
      .toMatchObject([{ userId: user.userId, outcome: 'caller-left', reason: 'answered-elsewhere' }]);
  });

  const areTold = async ({ mobiles }: Callee) => {
    for (const mobile of mobiles) {
      await mobile.waitFor('cancelled');
      expect(mobile.wasToldElsewhere).toBe(true);
      const { payload } = await mobile.waitForPush('call-ended');
      expect(payload).toMatchObject({ reason: 'answered-elsewhere' });
    }
  };
});
