/** What each way into the app keeps of a plain Dial(), and what the two that leave the ringing to the dialplan do without: the table of docs/dialplan.md, cell by cell. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { UserSpec } from '../../../lab/callee.ts';
import { type Lab, type LabSettings, startLab } from '../../../lab/lab.ts';
import { answersAfter } from '../../../lab/phone/invite-policies.ts';
import { wakesOf } from '../../../lab/rigs/death.ts';
import { type Door, NEXT_USER_DIALPLAN, numberOf } from '../../../lab/rigs/next-user.ts';
import { BY_DIAL, deskUser, dialled, officeSettings, type Way } from '../../../lab/rigs/office.ts';
import { tellWhere } from '../../../lab/rigs/own-dial.ts';
import { hangUpAll, hearEachOther, partyOf, sides, talk } from '../../../lab/rigs/talk.ts';

const GLOBALS = 'XIVO_MAPP_PLAY_MSG = False\nXIVO_MAPP_LOOPS_INTERVAL = 60';

function settings(version: 16 | 22): LabSettings {
  const { asterisk, ...office } = officeSettings(version);
  const extraDialplan = `${asterisk?.extraDialplan}\n${NEXT_USER_DIALPLAN}`;
  return { ...office, startRouter: true, globals: GLOBALS, asterisk: { ...asterisk, extraDialplan } };
}

const by = (door: Door): Way => ({ inRegistry: true, numberOf: (user) => numberOf(door, user) });
/** The router rings; or the dialplan does. */
const ROUTER_RINGS: readonly Door[] = ['Gosub(xivo-mapp)', 'the global hook'];
const DIALPLAN_RINGS: readonly Door[] = ['Gosub(xivo-mapp-own-dial)', 'the global hook by FastAGI'];
const ours = [...ROUTER_RINGS, ...DIALPLAN_RINGS].map((door) => ({ name: door as string, way: by(door) }));
const all = [{ name: 'a plain Dial()', way: BY_DIAL }, ...ours];

describe.each([16, 22] as const)('ways into the app on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab(settings(version));
    await tellWhere(lab);
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it.each(all)('$name: the options of the call count, here its length', async ({ way }) => {
    const user = await deskUser(lab, way, { variables: { XIVO_CALLOPTIONS: 'S(1)' } });
    const call = await lab.caller().call(way.numberOf(user));
    await user.webApp.answer();
    await call.waitFor('answered');
    await call.waitFor('ended');
    expect(call.record.endedBy).toBe('there');
  });

  it.each(
    all.flatMap((each) => [
      { ...each, side: 'caller' as const },
      { ...each, side: 'callee' as const },
    ]),
  )('$name: transferred by the $side', async ({ way, side }) => {
    const both = await talk(lab, way);
    const { actor, other } = sides(both, side);
    const third = await deskUser(lab, BY_DIAL);
    third.webApp.phone.onInvite(answersAfter(0));
    await actor.call.transferTo(dialled(third));
    await third.webApp.invited();
    await hearEachOther(other, partyOf('third', third.webApp));
    await hangUpAll([actor.phone, other.phone, third.webApp.phone]);
  });

  it.each(all)('$name: one call in the log, and one that was answered', async ({ way }) => {
    const { user, call } = await talk(lab, way);
    await user.webApp.hangUp();
    await call.waitFor('ended');
    const { uniqueId } = await lab.ending(call);
    const rows = await lab.asterisk.cdrRows(uniqueId);
    expect(rows.map(({ disposition }) => disposition)).toEqual(['ANSWERED']);
    expect(rows[0]?.dstchannel).toMatch(/^PJSIP\/uc-/);
  });

  const BOTH: Partial<UserSpec> = { ringingDevice: 'WebAppAndMobileApp', mobile: {}, webApp: {} };
  it.each(ours)(
    '$name: the mobile is woken, both ring, and the other one is told "answered elsewhere"',
    async ({ way }) => {
      const user = await deskUser(lab, way, BOTH);
      const call = await lab.caller().call(way.numberOf(user));
      await Promise.all([user.mobile.waitFor('ringing'), user.webApp.waitFor('ringing')]);
      await user.webApp.answer();
      await call.talksWith(user.webApp);
      await user.mobile.waitFor('cancelled');
      expect([user.mobile.wasToldElsewhere, wakesOf(user.mobile)]).toEqual([true, 1]);
      await call.hangUp();
      await user.mobile.waitForPush('call-ended');
    },
  );

  const TWO: Partial<UserSpec> = { ringingDevice: 'MobileApp', mobiles: [{}, { wakesAfterMs: 'never' }] };
  const wokenWhileItRings = async (door: Door) => {
    const way = by(door);
    const user = await deskUser(lab, way, TWO);
    const call = await lab.caller().call(way.numberOf(user));
    await user.mobile.waitFor('ringing');
    const [, late = user.mobile] = user.mobiles;
    await late.wake();
    return { call, first: user.mobile, late };
  };

  it.each(ROUTER_RINGS)('%s: a mobile that wakes while another one rings joins it', async (door) => {
    const { call, late } = await wokenWhileItRings(door);
    await late.answer();
    await call.talksWith(late);
    await call.hangUp();
  });

  it.each(DIALPLAN_RINGS)('%s: a mobile that wakes while another one rings does not ring', async (door) => {
    const { call, first, late } = await wokenWhileItRings(door);
    await first.answer();
    await call.talksWith(first);
    expect(late.calls).toEqual([]);
    await call.hangUp();
  });

  it.each(DIALPLAN_RINGS)('%s: XIVO_MAPP_RING_WEBAPP_AT_ONCE and XIVO_MAPP_DECLINE_ENDS say nothing', async (door) => {
    await lab.asterisk.reloadGlobals(`${GLOBALS}\nXIVO_MAPP_RING_WEBAPP_AT_ONCE = True\nXIVO_MAPP_DECLINE_ENDS = call`);
    await tellWhere(lab);
    const way = by(door);
    const user = await deskUser(lab, way, { ...BOTH, mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(way.numberOf(user));
    await user.mobile.waitForPush('incoming-call');
    expect(user.webApp.calls).toEqual([]);
    await user.mobile.wake();
    await Promise.all([user.mobile.waitFor('ringing'), user.webApp.waitFor('ringing')]);
    await user.mobile.refuse(603);
    await user.webApp.answer();
    await call.talksWith(user.webApp);
    await call.hangUp();
  });
});
