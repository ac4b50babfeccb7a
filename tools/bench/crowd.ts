/**
 * 200 waiting calls at once, as after a wave of calls to a group: what got lost at each step, and the router's memory.
 */
import { type CrowdCount, type CrowdMember, playCrowd } from '../../lab/rigs/crowd.ts';
import { addStep, type Rig, timesOf } from './rig.ts';

export const CROWD = 200;
const SHAPE = {
  calls: CROWD,
  come: { withinMs: 2_000 },
  wakeWithinMs: 1_000,
  goWithinMs: 0,
  answerAfterMs: 500,
  patienceMs: 30_000,
} as const;

export const CROWD_ROWS = { push: 'crowd push', register: 'crowd register', answer: 'crowd answer' } as const;

export interface CrowdFigures {
  readonly count: CrowdCount;
  readonly memoryMb: { readonly before: number; readonly during: number; readonly after: number };
}

export async function measureCrowd(rig: Rig): Promise<CrowdFigures> {
  const { lab, figures } = rig;
  const before = await lab.router.memoryMb();
  let during = before;
  const { count, members, failures } = await playCrowd(lab, {
    ...SHAPE,
    onStep: async (step) => {
      rig.say(`${CROWD} calls at once: they ${step}`);
      if (step === 'go') during = await lab.router.memoryMb();
    },
  });
  for (const failure of failures) console.error(failure);
  for (const member of members) {
    const { call, callee, pushedAtMs = Number.NaN, registerAtMs = Number.NaN, invitedAtMs = Number.NaN } = member;
    figures.add(CROWD_ROWS.push, pushedAtMs - call.startedAtMs);
    figures.add(CROWD_ROWS.register, invitedAtMs - registerAtMs);
    figures.add(CROWD_ROWS.answer, answerMs(member));
    await noteSteps(callee.mobile.call.record.answeredAtMs, member, rig);
  }
  return { count, memoryMb: { before, during, after: await lab.router.memoryMb() } };
}

/** From the callee's 200 to the caller's; NaN where one of them never came. */
export function answerMs({ call, callee }: CrowdMember): number {
  return (call.record.answeredAtMs ?? Number.NaN) - (callee.mobile.calls.at(-1)?.record.answeredAtMs ?? Number.NaN);
}

async function noteSteps(answeredMs: number | undefined, member: CrowdMember, rig: Rig): Promise<void> {
  const { steps } = rig;
  const { call, callId = '', registerAtMs, invitedAtMs } = member;
  const at = await timesOf(callId, rig);
  const row = `${CROWD} calls`;
  addStep(steps, `${row}: REGISTER to the router's knowing`, registerAtMs, at('mobile-registered'));
  addStep(steps, `${row}: the router's knowing to its order`, at('mobile-registered'), at('leg-dialled'));
  addStep(steps, `${row}: its order to INVITE`, at('leg-dialled'), invitedAtMs);
  addStep(steps, `${row}: answer to the router's knowing`, answeredMs, at('leg-answered'));
  addStep(steps, `${row}: the router's knowing to the caller's 200`, at('leg-answered'), call.record.answeredAtMs);
}
