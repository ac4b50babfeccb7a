/** Two calls for one callee at once share the wake and nothing else: each has its own wait, legs and ending, and the end of one is not felt by the other. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import type { IncomingCall } from '../../../lab/phone/incoming-call.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 20\nXIVO_MAPP_PLAY_MSG = False';

describe.each([16, 22] as const)('two calls for one callee on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS });
  });
  afterEach(async () => {
    await lab.nothingRemains();
    await lab.asterisk.reloadGlobals(GLOBALS);
  });
  afterAll(() => lab?.stop());

  const sleepyAlice = (): Promise<Callee> =>
    lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });

  /** A call whose push has reached the mobile, which sleeps on. */
  async function waitingCall(alice: Callee, name: string, number: string): Promise<LabCall> {
    const call = await lab.caller({ name, number }).call(alice);
    const callId = await lab.callId(call);
    await lab.push.fcm.waitForPush(({ payload }) => payload.callId === callId && payload.callerNumber === number);
    return call;
  }
  const carolCalls = (alice: Callee): Promise<LabCall> => waitingCall(alice, 'Carol', '0612345678');
  const daveCalls = (alice: Callee): Promise<LabCall> => waitingCall(alice, 'Dave', '0687654321');

  it('EDGES 10: one wake serves both; one is declined, the other answered', async () => {
    const alice = await sleepyAlice();
    const [carol, dave] = [await carolCalls(alice), await daveCalls(alice)];
    await alice.mobile.wake();
    const [fromCarol, fromDave] = [await legOf(carol, alice), await legOf(dave, alice)];

    fromDave.refuse(603);
    expect(await lab.ending(dave)).toMatchObject({ status: 'DECLINED', reason: 'declined' });
    expect([carol.hasEnded, fromCarol.hasEnded]).toEqual([false, false]);
    fromCarol.answer();
    await talk(carol, fromCarol, alice);
    await carol.hangUp();
    expect(await lab.ending(carol)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(alice.mobile.calls).toHaveLength(2);
  });

  it('EDGES 10: the one gives up while both wait; the mobile is told of that call alone, and rings for the other', async () => {
    const alice = await sleepyAlice();
    const [carol, dave] = [await carolCalls(alice), await daveCalls(alice)];
    await carol.hangUp();
    expect(await lab.story(carol)).toMatchObject({ outcome: 'caller-left', reason: 'while-waiting' });
    expect((await alice.mobile.waitForPush('call-ended')).payload.callId).toBe(await lab.callId(carol));

    await alice.mobile.wake();
    const fromDave = await legOf(dave, alice);
    fromDave.answer();
    await talk(dave, fromDave, alice);
    await dave.hangUp();
    expect(await lab.ending(dave)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    await lab.story(dave);
    expect(alice.mobile.calls).toEqual([fromDave]);
    expect(alice.mobile.pushes.filter(({ payload }) => payload.type === 'call-ended')).toHaveLength(1);
  });

  it('EDGES 10: the one gives up while both ring; the other rings on', async () => {
    const alice = await sleepyAlice();
    const [carol, dave] = [await carolCalls(alice), await daveCalls(alice)];
    await alice.mobile.wake();
    const [fromCarol, fromDave] = [await legOf(carol, alice), await legOf(dave, alice)];
    await Promise.all([fromCarol.waitFor('ringing', SOON_MS), fromDave.waitFor('ringing', SOON_MS)]);

    await carol.hangUp();
    await fromCarol.waitFor('cancelled', SOON_MS);
    expect(fromCarol.answeredElsewhere).toBe(false);
    expect([dave.hasEnded, fromDave.hasEnded]).toEqual([false, false]);
    fromDave.answer();
    await talk(dave, fromDave, alice);
    await fromDave.hangUp();
    await dave.waitFor('ended');
    expect(await lab.ending(dave)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('EDGES 10: each has the wait of its own moment; the one falls back while the other waits on', async () => {
    const alice = await sleepyAlice();
    const carol = await carolCalls(alice);
    await lab.asterisk.reloadGlobals(`${GLOBALS}\nXIVO_MAPP_LOOPS_MOBILEAPP = 1`);
    const dave = await daveCalls(alice);
    expect(await fallsBack(lab, dave)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over' });
    await lab.story(dave);

    expect(carol.hasEnded).toBe(false);
    await alice.mobile.wake();
    const fromCarol = await legOf(carol, alice);
    fromCarol.answer();
    await talk(carol, fromCarol, alice);
    await carol.hangUp();
    expect(await lab.ending(carol)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(alice.mobile.calls).toEqual([fromCarol]);
  });

  it('EDGES 10: a second call while the first talks rings as well, and is told busy without a word to the first', async () => {
    const alice = await sleepyAlice();
    const carol = await carolCalls(alice);
    await alice.mobile.wake();
    const fromCarol = await legOf(carol, alice);
    fromCarol.answer();
    await talk(carol, fromCarol, alice);

    const dave = await daveCalls(alice);
    (await legOf(dave, alice)).refuse(486);
    expect(await lab.ending(dave)).toMatchObject({ status: 'BUSY', reason: 'busy' });
    await lab.story(dave);
    await talk(carol, fromCarol, alice);
    await carol.hangUp();
    expect(await lab.ending(carol)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });
});

/** The leg of that call at the callee's mobile, as soon as it is there. */
async function legOf(call: LabCall, { mobile }: Callee): Promise<IncomingCall> {
  const { events } = mobile.phone;
  const look = () => mobile.calls.find(({ record }) => record.shown.from.number === call.caller.number);
  return await events.until(look, SOON_MS, `call by ${call.caller.name}`, (check) => events.on(check));
}

/** Both hear each other, from now on. */
async function talk(call: LabCall, leg: IncomingCall, { mobile }: Callee): Promise<void> {
  await call.waitFor('answered');
  await Promise.all([call.hears(mobile), leg.waitUntilHears(call.toneHz, SOON_MS)]);
}
