/**
 * Somebody answers in the seconds in which no router is there: dialplan/xivo-mapp.conf keeps the leg and tries again, so that the next run of the router connects the
 * two; and it lets go of a leg whose caller has left, or that no router fetches.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.ts';
import type { Mobile } from '../mobile.ts';

/** Short waits, and a dialplan that gives a leg up after two seconds. */
const SHORT = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 1\nXIVO_MAPP_LEG_TRIES = "4"';
/** What they are without being set; a deleted line would keep its value. */
const USUAL = 'XIVO_MAPP_LOOPS_INTERVAL = 5\nXIVO_MAPP_LOOPS_MOBILEAPP = 3\nXIVO_MAPP_LEG_TRIES = 20';

const pushesTo = (mobile: Mobile) => mobile.pushes.filter(({ payload }) => payload.type === 'incoming-call').length;

describe.each([16, 22] as const)('answered while no router is there, on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('EDGES 16: both talk as soon as the router is back, though the ring time is over; nobody is pushed or rung twice', async () => {
    const spec = { ringingDevice: 'WebAppAndMobileApp', mobile: { wakesAfterMs: 100 }, ringSeconds: 2 } as const;
    const alice = await lab.user(spec);
    const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);
    await Promise.all(alice.handsets.map((handset) => handset.waitFor('ringing')));
    const rungAtMs = Date.now();
    await lab.router.kill();
    await alice.mobile.answer();
    await alice.mobile.hears('anything');
    await expect.poll(() => Date.now() - rungAtMs, { timeout: 5000 }).toBeGreaterThan(2000);
    await lab.router.start();
    await call.talksWith(alice.mobile);
    await alice.webApp.waitFor('cancelled');
    expect(alice.webApp.wasToldElsewhere).toBe(true);
    expect(pushesTo(alice.mobile)).toBe(1);
    expect(alice.handsets.map(({ calls }) => calls.length)).toEqual([1, 1]);
    await call.hangUp();
    await alice.mobile.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('EDGES 13, 29: the callee is hung up when the caller leaves, or when no router comes; the caller falls back on its return', async () => {
    await lab.asterisk.reloadGlobals(SHORT);
    try {
      const spec = { ringingDevice: 'MobileApp', mobile: { is: 'awake' } } as const;
      const [alice, bob] = [await lab.user(spec), await lab.user(spec)];
      const [leaving, staying] = [await lab.caller().call(alice), await lab.caller().call(bob)];
      await Promise.all([alice.mobile.waitFor('ringing'), bob.mobile.waitFor('ringing')]);
      await Promise.all([leaving.hears('sound'), staying.hears('sound')]);
      await lab.router.kill();
      await Promise.all([alice.mobile.answer(), bob.mobile.answer()]);
      await leaving.hangUp();
      await alice.mobile.waitFor('ended');
      expect(bob.mobile.call.hasEnded).toBe(false);
      await bob.mobile.waitFor('ended');
      expect(bob.mobile.call.record.endedBy).toBe('there');
      await lab.router.start();
      expect(await lab.ending(staying)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over' });
      expect(pushesTo(bob.mobile)).toBe(1);
      expect(bob.mobile.calls).toHaveLength(1);
    } finally {
      await lab.router.start();
      await lab.asterisk.reloadGlobals(USUAL);
    }
  });

  it('EDGES 14: a leg that comes from there, and that nobody owns, is hung up', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    const { endpoint } = alice.webApp;
    const variables = { XIVO_MAPP_APP: lab.asterisk.stasisApp, XIVO_MAPP_CALLER: '1700000000.1' };
    const order = { endpoint, context: 'xivo-mapp-leg', extension: 's', priority: 1 };
    await lab.asterisk.ari('POST', '/channels/xm-0123456789abcdef-leg-1', order, { variables });
    await alice.webApp.answer();
    await alice.webApp.waitFor('ended');
    expect(alice.webApp.call.record.endedBy).toBe('there');
  });

  it('with an older copy of the dialplan calls go on as ever, and the log names the cure once', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const talk = async () => {
      const call = await lab.caller().call(alice);
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      const { body } = await lab.asterisk.ari('GET', '/channels');
      await call.hangUp();
      await alice.mobile.waitFor('ended');
      return JSON.stringify(body).includes('"context":"xivo-mapp-leg"');
    };
    await lab.asterisk.cli('dialplan remove context xivo-mapp-leg');
    try {
      expect([await talk(), await talk()]).toEqual([false, false]);
    } finally {
      await lab.asterisk.cli('dialplan reload');
    }
    expect(await talk()).toBe(true);
    expect(lab.router.log.find(/no context xivo-mapp-leg: .*copy dialplan\/xivo-mapp\.conf/)).toHaveLength(1);
  });
});
