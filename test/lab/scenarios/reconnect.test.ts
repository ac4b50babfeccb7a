/**
 * The way to Asterisk breaks and mends in the middle of calls: calls go on, what happened meanwhile is made good, and nothing is done twice. Asterisk itself goes and comes
 * back in asterisk-dies.test.ts.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SOON_MS } from '../../../lab/handset.ts';
import type { Lab } from '../../../lab/lab.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import { CutLab } from '../../../lab/rigs/cut-lab.ts';
import { stillTalk } from '../../../lab/rigs/live-calls.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 60\nXIVO_MAPP_MSG_SOUND = beep';
/** A mobile that the test itself wakes. */
const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;
const awake = { ringingDevice: 'MobileApp', mobile: { is: 'awake' } } as const;

describe.each([16, 22] as const)('when the way to Asterisk %i breaks', (version) => {
  let rig: CutLab;
  let lab: Lab;

  beforeAll(async () => {
    rig = await CutLab.start(version, GLOBALS);
    lab = rig.lab;
  });
  afterEach(async () => {
    await rig.comeBack();
    await lab.nothingRemains();
  });
  afterAll(() => rig?.stop());

  it('EDGES 15: a call that waits goes on waiting, and a mobile that registers in the gap rings', async () => {
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    const musicAtMs = await rig.waits(call, alice);
    await rig.lose();
    await alice.mobile.wake();
    await rig.comeBack();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    // The caller has not noticed anything.
    expect(call.sip.longestGapMs(musicAtMs, call.record.answeredAtMs ?? 0)).toBeLessThanOrEqual(300);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(await rig.count(call, 'mobile-registered')).toBe(1);
    expect(alice.mobile.calls).toHaveLength(1);
  });

  it('EDGES 15: a mobile that rings goes on ringing, and is connected', async () => {
    const alice = await lab.user(awake);
    const call = await lab.caller().call(alice);
    await rig.rings(call);
    await rig.lose();
    await rig.comeBack();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(alice.mobile.calls).toHaveLength(1);
    expect(await rig.count(call, 'leg-dialled')).toBe(1);
  });

  it('EDGES 15: a refusal in the gap is noticed, and the call falls back', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    const call = await lab.caller().call(alice);
    await rig.rings(call);
    await rig.lose();
    await alice.webApp.refuse(486);
    await alice.webApp.call.waitFor('ended', SOON_MS);
    await rig.comeBack();
    await call.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ scenario: 'NOANSWER', stasisStatus: 'SUCCESS' });
  });

  it.each(['caller', 'callee'] as const)(
    'EDGES 15: a conversation goes on, and when the %s hangs up in the gap, the other side is told after it',
    async (who) => {
      const alice = await lab.user(awake);
      const call = await lab.caller().call(alice);
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      await rig.lose();
      await stillTalk(call, alice.mobile);
      await (who === 'caller' ? call.hangUp() : alice.mobile.hangUp());
      await rig.comeBack();
      await call.waitFor('ended');
      await alice.mobile.call.waitFor('ended', SOON_MS);
      expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
      expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
    },
  );

  it('EDGES 15: a conversation outlives the gap', async () => {
    const alice = await lab.user(awake);
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await rig.lose();
    await rig.comeBack();
    await stillTalk(call, alice.mobile);
    await alice.mobile.hangUp();
    await call.waitFor('ended');
  });

  it('EDGES 15: a caller who gives up in the gap is noticed, and the mobile is told', async () => {
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await rig.waits(call, alice);
    await rig.lose();
    await call.hangUp();
    await rig.comeBack();
    await alice.mobile.waitForPush('call-ended');
    expect(await lab.story(call)).toMatchObject({ outcome: 'caller-left', reason: 'while-waiting' });
    expect(alice.mobile.calls).toEqual([]);
  });

  it("a call that comes in the gap rings the user's devices directly", async () => {
    const alice = await lab.user(awake);
    await rig.lose();
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await rig.comeBack();
    await stillTalk(call, alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ stasisStatus: 'FAILED', reason: 'router-absent' });
  });

  it('EDGES 15: after many breaks there is one dispatcher: one call, one push, one leg', async () => {
    const bob = await lab.user(sleeper);
    const waiting = await lab.caller().call(bob);
    await rig.waits(waiting, bob);
    for (let turn = 0; turn < 5; turn += 1) await rig.flicker();
    const alice = await lab.user(sleeper);
    const before = (await lab.api.calls()).length;
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush();
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect((await lab.api.calls()).length).toBe(before + 1);
    await call.hangUp();
    for (const what of ['push-sent', 'mobile-registered', 'leg-dialled', 'leg-answered']) {
      expect(await rig.count(call, what), what).toBe(1);
    }
    expect(alice.mobile.pushes.filter(({ payload }) => payload.type === 'incoming-call')).toHaveLength(1);
    expect(alice.mobile.calls).toHaveLength(1);
    await bob.mobile.wake();
    await bob.mobile.answer();
    await waiting.talksWith(bob.mobile);
    await waiting.hangUp();
    expect(bob.mobile.calls).toHaveLength(1);
  });

  it('EDGES 15: a connection that is half-open is found, and what was missed is made good', async () => {
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await rig.waits(call, alice);
    const sinceMs = nowMs();
    rig.cable.silence();
    await alice.mobile.wake();
    // Within five seconds, by design: half-open.test.ts.
    await lab.router.log.waitFor(/no connection to Asterisk: .*(answered a ping|sends it no events)/, 10_000, sinceMs);
    await alice.mobile.answer(15_000);
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(alice.mobile.calls).toHaveLength(1);
  });
});
