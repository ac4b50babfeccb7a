/**
 * Many waiting calls at once: all are pushed, then all mobiles register within a short time, all ring, all answer, all end. It counts what got lost at each
 * step, and looks at the router's memory. Without audio, for it is the router that is under load here and not the phones.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { awaitThat } from '../../test/lab/asterisk/deadline.ts';
import type { Callee } from '../../test/lab/callee.ts';
import type { LabCall } from '../../test/lab/caller.ts';
import { answersAfter } from '../../test/lab/phone/invite-policies.ts';
import { addStep, lastOnWire, type Rig, timesOf, until } from './rig.ts';

export const CROWD = 200;
const COME_WITHIN_MS = 2_000;
const WAKE_WITHIN_MS = 1_000;
const ANSWER_AFTER_MS = 500;
const PATIENCE_MS = 30_000;
const SILENT = { socket: false } as const;

export const CROWD_ROWS = { push: 'crowd push', register: 'crowd register', answer: 'crowd answer' } as const;

export interface CrowdCount {
  readonly calls: number;
  readonly pushed: number;
  readonly invited: number;
  readonly answered: number;
  /** Calls whose story in the router and whose end in the dialplan say ANSWERED. */
  readonly told: number;
  /** What was left behind, '' for nothing. */
  readonly left: string;
  readonly memoryMb: { readonly before: number; readonly during: number; readonly after: number };
}

export async function measureCrowd(rig: Rig): Promise<CrowdCount> {
  const { lab } = rig;
  rig.say(`${CROWD} calls at once: users`);
  const callees: Callee[] = [];
  for (let seat = 0; seat < CROWD; seat += 1) {
    const mobile = { platform: seat % 2 === 0 ? 'android' : 'ios', wakesAfterMs: 'never', audio: SILENT } as const;
    callees.push(
      await lab.user({ ringingDevice: 'MobileApp', mobile: { ...mobile, does: answersAfter(ANSWER_AFTER_MS) } }),
    );
  }
  const before = await lab.router.memoryMb();

  rig.say(`${CROWD} calls at once: they come`);
  const startMs = performance.now();
  const calls = await Promise.all(
    callees.map(async (callee, index) => {
      await until(startMs + (index * COME_WITHIN_MS) / CROWD);
      return await lab.caller({ audio: SILENT }).call(callee);
    }),
  );
  const pushed = await countOf(callees, async ({ mobile }, index) => {
    const push = await mobile.waitForPush('incoming-call', PATIENCE_MS);
    rig.figures.add(CROWD_ROWS.push, push.atMs - (calls[index]?.startedAtMs ?? Number.NaN));
  });

  rig.say(`${CROWD} calls at once: all mobiles register`);
  const wakeMs = performance.now() + 50;
  const invited = await countOf(callees, async (callee, index) => {
    await until(wakeMs + (index * WAKE_WITHIN_MS) / CROWD);
    await callee.mobile.wake();
    await callee.mobile.phone.nextCall(PATIENCE_MS);
    const registerMs = lastOnWire(callee, 'out', /^REGISTER /, wakeMs - 50) ?? Number.NaN;
    rig.figures.add(
      CROWD_ROWS.register,
      (lastOnWire(callee, 'in', /^INVITE /, wakeMs - 50) ?? Number.NaN) - registerMs,
    );
  });
  const answered = await countOf(calls, async (call, index) => {
    await call.waitFor('answered', PATIENCE_MS);
    const answeredMs = callees[index]?.mobile.call.record.answeredAtMs ?? Number.NaN;
    rig.figures.add(CROWD_ROWS.answer, (call.record.answeredAtMs ?? Number.NaN) - answeredMs);
  });
  const during = await lab.router.memoryMb();

  rig.say(`${CROWD} calls at once: all hang up, callers and callees in turn`);
  await delay(500);
  await Promise.all(
    calls.map((call, index) => (index % 2 === 0 ? call.hangUp() : callees[index]?.mobile.call.hangUp())),
  );
  await countOf(calls, (call) => call.waitFor('ended', PATIENCE_MS));
  const told = await countOf(calls, (call, index) => awaitTold(call, callees[index], rig));
  for (const [index, callee] of callees.entries()) await noteSteps(callee, calls[index], wakeMs - 50, rig);
  const left = await lab.nothingRemains(PATIENCE_MS).then(
    () => '',
    (error: unknown) => String(error),
  );
  const after = await lab.router.memoryMb();
  return { calls: CROWD, pushed, invited, answered, told, left, memoryMb: { before, during, after } };
}

async function noteSteps(callee: Callee, call: LabCall | undefined, sinceMs: number, rig: Rig): Promise<void> {
  const { steps } = rig;
  const at = await timesOf(callIdOf(callee), rig);
  const registerMs = lastOnWire(callee, 'out', /^REGISTER /, sinceMs);
  const inviteMs = lastOnWire(callee, 'in', /^INVITE /, sinceMs);
  const answeredMs = callee.mobile.call.record.answeredAtMs;
  const row = `${CROWD} calls`;
  addStep(steps, `${row}: REGISTER to its 200`, registerMs, callee.mobile.phone.registered?.atMs);
  addStep(steps, `${row}: REGISTER to the router's knowing`, registerMs, at('mobile-registered'));
  addStep(steps, `${row}: the router's knowing to its order`, at('mobile-registered'), at('leg-dialled'));
  addStep(steps, `${row}: its order to INVITE`, at('leg-dialled'), inviteMs);
  addStep(steps, `${row}: answer to the router's knowing`, answeredMs, at('leg-answered'));
  addStep(steps, `${row}: the router's knowing to the caller's 200`, at('leg-answered'), call?.record.answeredAtMs);
}

function callIdOf({ mobile }: Callee): string {
  return mobile.pushes.find(({ payload }) => payload.type === 'incoming-call')?.payload.callId ?? '';
}

/** How many of them it came true for. */
async function countOf<T>(all: readonly T[], comesTrue: (one: T, index: number) => Promise<unknown>): Promise<number> {
  const results = await Promise.allSettled(all.map(comesTrue));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) console.error(String(failure.reason));
  return results.filter((result) => result.status === 'fulfilled').length;
}

async function awaitTold(call: LabCall, callee: Callee | undefined, { lab }: Rig): Promise<void> {
  const ending = await lab.ending(call, PATIENCE_MS);
  if (ending.status !== 'ANSWERED') throw new Error(`the dialplan was told ${ending.status} ${ending.reason}`);
  const callId = callee === undefined ? '' : callIdOf(callee);
  const story = await awaitThat(
    async () => {
      const told = await lab.story(callId);
      return told.ended ? told : undefined;
    },
    PATIENCE_MS,
    async () => `the router does not end call ${callId}`,
  );
  if (story.outcome === 'answered') return;
  const timeline = story.timeline.map(({ atMs, what, facts }) => `${atMs} ${what} ${JSON.stringify(facts)}`);
  throw new Error(`call ${callId} ended ${story.outcome} ${story.reason}:\n${timeline.join('\n')}`);
}
