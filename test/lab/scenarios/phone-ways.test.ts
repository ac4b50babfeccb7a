/** Phones that do not behave like the lab's own: each of their ways means what it means after a plain Dial(). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Handset, SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { onlyTries, playsEarlyMedia, refuses, rings } from '../../../lab/phone/invite-policies.ts';
import { createPhone } from '../../../lab/phone/phone.ts';
import { noted } from '../../../lab/rigs/death.ts';

const GLOBALS = `XIVO_MAPP_LOOPS_INTERVAL = 1
XIVO_MAPP_LOOPS_MOBILEAPP = 3
XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 3
XIVO_MAPP_PLAY_MSG = False`;
/** Of the first of some ports at which nobody listens. */
const NOBODYS_PORT = 2;
const ONE = 'one-contact';
/** It is reached by its registration of before, and does not register again. */
const awake = { is: 'awake', wakesAfterMs: 'never' } as const;

describe.each([16, 22] as const)('a phone on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    const endpoints = [{ name: ONE, maxContacts: 1, removesExisting: true }];
    lab = await startLab({ version, globals: GLOBALS, asterisk: { endpoints } });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it.each([
    ['180', rings()],
    ['183 and never 180', playsEarlyMedia()],
  ] as const)('EDGES 72: that says %s rings, be it longer than the wait, and talks', async (_, does) => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { ...awake, does } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush();
    const [{ callId } = { callId: '' }] = alice.mobile.pushes.map(({ payload }) => payload);
    await noted(lab, callId, 'wait-over');
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
    expect(alice.mobile.calls).toHaveLength(1);
  });

  it('EDGES 72: that says 183 and never 180 rings on where it registers again from another port', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { does: playsEarlyMedia() } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('early-media');
    await alice.mobile.phone.register();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
  });

  it.each([
    { times: 1, ports: 'the same port' },
    { times: 6, ports: 'the same port' },
    { times: 1, ports: 'other ports' },
    { times: 4, ports: 'other ports' },
  ])('EDGES 71: that registers $times times from $ports before its 180 is called once', async ({ times, ports }) => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { does: onlyTries() } });
    const call = await lab.caller().call(alice);
    const invited = await alice.mobile.invited();
    for (let n = 0; n < times; n += 1) {
      await alice.mobile.phone.register(ports === 'other ports' ? { contactPort: NOBODYS_PORT + n } : {});
    }
    invited.ring();
    await call.waitFor('ringing');
    invited.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(alice.mobile.calls).toHaveLength(1);
    const { outcome, timeline } = await lab.story(call);
    expect(outcome).toBe('answered');
    expect(timeline.filter(({ what }) => what === 'leg-dialled')).toHaveLength(1);
  });

  it.each([1, 4])(
    'EDGES 71: whose AOR holds one contact, as on a XiVO, and that registers %i times from other ports, is called once',
    async (times) => {
      const { sipHost: host, sipPort: port } = lab.asterisk;
      const phone = await createPhone({ user: ONE, password: ONE, server: { host, port } });
      phone.onInvite(onlyTries());
      const variables = { XIVO_MAPP_DEVICE: 'MobileApp', XIVO_MAPP_MOBILE_ENDPOINT: `PJSIP/${ONE}` };
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: {}, variables });
      alice.mobile.onPush = () => void phone.register();
      const call = await lab.caller().call(alice);
      const invited = await phone.nextCall(SOON_MS);
      for (let n = 0; n < times; n += 1) await phone.register({ contactPort: NOBODYS_PORT + n });
      invited.ring();
      await call.waitFor('ringing');
      invited.answer();
      await call.talksWith(new Handset(phone, `PJSIP/${ONE}`));
      await call.hangUp();
      expect(phone.calls).toHaveLength(1);
      const { outcome, timeline } = await lab.story(call);
      expect(outcome).toBe('answered');
      expect(timeline.filter(({ what }) => what === 'leg-dialled')).toHaveLength(1);
      await phone.close();
      await lab.asterisk.cli('database deltree registrar');
    },
  );

  it('EDGES 69: that has said 486 and registers from another port is not called again, and the other is waited for', async () => {
    const alice = await lab.user({
      ringingDevice: 'MobileApp',
      mobiles: [{ does: refuses(486) }, { wakesAfterMs: 'never' }],
    });
    const [busy, asleep = alice.mobile] = alice.mobiles;
    const call = await lab.caller().call(alice);
    await busy?.waitFor('ended');
    await busy?.phone.register({ contactPort: NOBODYS_PORT });
    await asleep.wake();
    await asleep.answer();
    await call.talksWith(asleep);
    await call.hangUp();
    const { outcome, timeline } = await lab.story(call);
    expect(outcome).toBe('answered');
    expect(timeline.filter(({ what }) => what === 'leg-dialled')).toHaveLength(2);
  });

  it('EDGES 43: that says 480 after it has rung has declined, and before that cannot be had', async () => {
    const [alice, bob] = [
      await lab.user({ ringingDevice: 'WebApp', webApp: { does: refuses(480, 200) } }),
      await lab.user({ ringingDevice: 'WebApp', webApp: { does: refuses(480) } }),
    ];
    const [declined, failed] = [await lab.caller().call(alice), await lab.caller().call(bob)];
    expect(await lab.ending(declined)).toMatchObject({ status: 'DECLINED', reason: 'declined', scenario: 'NOANSWER' });
    expect(await lab.ending(failed)).toMatchObject({ status: 'UNREACHABLE', reason: 'every-leg-failed' });
  });

  it('EDGES 43: that says 480 after it has rung ends the mobiles as a decline does; the UC Assistant rings on', async () => {
    const mobiles = [{ does: refuses(480, 500) }, {}, { wakesAfterMs: 'never' }] as const;
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobiles });
    const [, other, asleep = alice.mobile] = alice.mobiles;
    const call = await lab.caller().call(alice);
    await alice.webApp.waitFor('ringing');
    await other?.waitFor('cancelled');
    await asleep.wake();
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await call.hangUp();
    expect(asleep.calls).toEqual([]);
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
  });
});
