/** EDGES 16: the router dies, or is restarted, with callers waiting, ringing and talking; each goes on as if nothing had happened. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.ts';

describe.each([16, 22] as const)('a router that dies on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const dies = async () => {
    await lab.router.kill();
    await lab.router.start();
  };
  const pushesTo = (mobile: { readonly pushes: readonly { readonly payload: { readonly type?: string } }[] }) =>
    mobile.pushes.filter(({ payload }) => payload.type === 'incoming-call').length;

  it('EDGES 16: a caller who waits goes on waiting; the mobile is not pushed twice, and rings when it registers', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);
    await alice.mobile.waitForPush('incoming-call');
    await call.hears('sound');
    await dies();
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect(pushesTo(alice.mobile)).toBe(1);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('EDGES 16: a mobile that rings goes on ringing, and is connected when it answers', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 100 } });
    const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);
    await alice.mobile.waitFor('ringing');
    await dies();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect(alice.mobile.calls).toHaveLength(1);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('EDGES 16: a conversation never notices, and its end is cleaned up', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 100 } });
    const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await lab.router.kill();
    await call.talksWith(alice.mobile);
    await lab.router.start();
    await call.talksWith(alice.mobile);
    await alice.mobile.hangUp();
    await call.waitFor('ended');
  });

  it('EDGES 16: a router that is away for longer than the wait falls the caller back when it returns', async () => {
    await lab.asterisk.reloadGlobals('XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 1');
    try {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
      const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);
      const push = await alice.mobile.waitForPush('incoming-call');
      await lab.router.kill();
      await expect
        .poll(() => Date.now() - Date.parse(push.payload.sentAt ?? ''), { timeout: 5000 })
        .toBeGreaterThan(1100);
      await lab.router.start();
      expect(await lab.ending(call)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over' });
      expect(pushesTo(alice.mobile)).toBe(1);
    } finally {
      // A deleted line would keep its value.
      await lab.asterisk.reloadGlobals('XIVO_MAPP_LOOPS_INTERVAL = 5\nXIVO_MAPP_LOOPS_MOBILEAPP = 3');
    }
  });

  it('a restart by SIGTERM hands the waiting caller to the next run by way of the dialplan', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);
    await alice.mobile.waitForPush('incoming-call');
    await lab.router.restart();
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect(pushesTo(alice.mobile)).toBe(1);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });
});
