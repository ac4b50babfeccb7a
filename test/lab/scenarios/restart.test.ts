/** EDGES 16: the router dies (kill -9) while a caller waits, in every step of the waiting. The next run goes on with the time that is left, and nobody is pushed twice. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { hang } from '../../../lab/push/answers.ts';
import {
  channelOf,
  checkpointOn,
  dies,
  hearsNow,
  letStay,
  noted,
  toldEndsOf,
  waits,
  wakesOf,
} from '../../../lab/rigs/death.ts';
import { RequestGate } from '../../../lab/rigs/request-gate.ts';

const USUAL = `XIVO_MAPP_LOOPS_INTERVAL = 30
XIVO_MAPP_LOOPS_MOBILEAPP = 3
XIVO_MAPP_WAIT_WITH_MUSIC = True
XIVO_MAPP_MSG_SOUND = beep`;
const SHORT_WAIT = 'XIVO_MAPP_LOOPS_INTERVAL = 8\nXIVO_MAPP_LOOPS_MOBILEAPP = 1';
/** Music after it begins only when a scenario is long over. */
const LONG_MESSAGE = 'XIVO_MAPP_MSG_SOUND = demo-congrats';
const RINGBACK_AFTER_IT = `${LONG_MESSAGE}\nXIVO_MAPP_WAIT_WITH_MUSIC = False`;
/** Longer than this without any sound is silence. */
const SILENCE_MS = 1000;
/** A mobile that the test itself wakes. */
const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;

describe.each([16, 22] as const)('a router that dies while a caller waits on Asterisk %i', (version) => {
  let lab: Lab;
  let gate: RequestGate;
  beforeAll(async () => {
    lab = await startLab({ version, globals: USUAL, startRouter: false, asterisk: { mohDefault: 'tone' } });
    gate = await RequestGate.before(lab);
  });
  afterEach(async () => {
    await lab.router.start();
    // A deleted line would keep its value.
    await lab.asterisk.reloadGlobals(USUAL);
    await lab.nothingRemains();
  });
  afterAll(async () => {
    await lab?.stop();
    await gate?.stop();
  });

  it('EDGES 16: before it knows whom to push: the next run pushes, and the mobile rings', async () => {
    const alice = await lab.user(sleeper);
    const look = gate.hold(/^GET .*\/variable\?variable=EVAL/);
    const call = await lab.caller().call(alice);
    await look.arrived();
    // That look would have let the caller stay for longer than three seconds, in which a next run need not be there yet.
    await letStay(lab);
    await dies(lab, async () => look.lose());
    await alice.mobile.waitForPush('incoming-call');
    await call.hears(TONES.mohDefault);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(alice.mobile.requests).toHaveLength(1);
  });

  it('EDGES 16: before the push service has taken the push: the next run pushes, and the mobile rings', async () => {
    const alice = await lab.user(sleeper);
    lab.push.fcm.answers.forToken(alice.mobile.token, hang, 1);
    const call = await lab.caller().call(alice);
    const { checkpoint } = await waits(lab, call, 0);
    await lab.push.fcm.waitFor(({ token }) => token === alice.mobile.token);
    await dies(lab);
    const push = await alice.mobile.waitForPush('incoming-call');
    // The app knows it for the same call, should the first have reached it after all.
    expect(push.payload.callId).toBe(checkpoint.callId);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(wakesOf(alice.mobile)).toBe(1);
  });

  it('EDGES 16: pushed and waiting: waits on until the same moment, and the mobile rings when it registers', async () => {
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    const { callId, channelId, checkpoint } = await waits(lab, call);
    await dies(lab);
    const [resumed] = await noted(lab, callId, 'resumed');
    expect(resumed?.facts.waitLeftMs).toBeLessThan(90_000);
    expect(await checkpointOn(lab, channelId)).toEqual(checkpoint);
    await hearsNow(call, TONES.mohDefault);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(wakesOf(alice.mobile)).toBe(1);
  });

  it('EDGES 16: while the message plays: it is not begun anew, and music follows without a silence', async () => {
    await lab.asterisk.reloadGlobals(LONG_MESSAGE);
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await call.hears('sound');
    const callId = await lab.callId(call);
    // Asterisk lets variables wait behind what plays; this one must not.
    await checkpointOn(lab, await channelOf(lab, callId));
    await dies(lab, () => hearsNow(call, 'sound'));
    await hearsNow(call, TONES.mohDefault);
    expect((await noted(lab, callId, 'hold')).map(({ facts }) => facts.message)).toEqual(['']);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    const { earlyMediaAtMs = 0, answeredAtMs = 0 } = call.record;
    expect(call.sip.longestGapMs(earlyMediaAtMs, answeredAtMs)).toBeLessThanOrEqual(SILENCE_MS);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(wakesOf(alice.mobile)).toBe(1);
  });

  it('EDGES 16: twice, under a message and endless ringback: nothing of it plays on in the conversation', async () => {
    await lab.asterisk.reloadGlobals(RINGBACK_AFTER_IT);
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await call.hears('sound');
    const callId = await lab.callId(call);
    await checkpointOn(lab, await channelOf(lab, callId));
    for (const _ of ['first', 'second']) {
      await dies(lab);
      await noted(lab, callId, 'hold');
      await hearsNow(call, 'ringback');
    }
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(wakesOf(alice.mobile)).toBe(1);
  });

  it('EDGES 16: for longer than the wait: the caller falls back when it returns', async () => {
    await lab.asterisk.reloadGlobals(SHORT_WAIT);
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    const { checkpoint } = await waits(lab, call);
    await dies(lab, () => expect.poll(() => Date.now()).toBeGreaterThan(checkpoint.waitUntilMs));
    expect(await fallsBack(lab, call)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over' });
    await alice.mobile.waitForPush('call-ended');
    expect(wakesOf(alice.mobile)).toBe(1);
  });

  it('EDGES 16: falling back: the caller is given back with the same words, and the mobile is told once', async () => {
    await lab.asterisk.reloadGlobals(SHORT_WAIT);
    const alice = await lab.user(sleeper);
    const giveBack = gate.hold(/^POST .*\/continue/);
    const call = await lab.caller().call(alice);
    const callId = await lab.callId(call);
    await giveBack.arrived();
    await dies(lab, async () => giveBack.lose());
    expect(await fallsBack(lab, call)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over' });
    await alice.mobile.waitForPush('call-ended');
    await expect.poll(() => lab.api.story(callId)).toMatchObject({ outcome: 'no-answer', reason: 'wait-over' });
    expect(wakesOf(alice.mobile)).toBe(1);
    expect(toldEndsOf(alice.mobile)).toEqual(['no-answer']);
  });

  it('EDGES 16: the caller hangs up meanwhile: nothing is left, and the mobiles are told', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles: [sleeper.mobile, sleeper.mobile] });
    const call = await lab.caller().call(alice);
    const { callId } = await waits(lab, call, 2);
    await dies(lab, () => call.hangUp());
    await Promise.all(alice.mobiles.map((mobile) => mobile.waitForPush('call-ended')));
    await expect.poll(() => lab.api.story(callId)).toMatchObject({ outcome: 'caller-left', reason: 'while-waiting' });
    for (const mobile of alice.mobiles) {
      expect(wakesOf(mobile)).toBe(1);
      expect(toldEndsOf(mobile)).toEqual(['caller-left']);
    }
    // One that wakes late is not called.
    await alice.mobile.wake();
    expect(alice.mobile.calls).toEqual([]);
  });
});
