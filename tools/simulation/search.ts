/**
 * Searches seed after seed for a world that breaks an invariant, and says of one that does all that is needed to understand it: the seed, the smallest
 * plan that still breaks the same, what happened in it, and what was broken.
 */
import { drawWorld } from './draw.ts';
import { type Broken, brokenIn } from './invariants.ts';
import { type Played, play } from './play.ts';
import { shrink } from './shrink.ts';
import type { WorldPlan } from './world-plan.ts';

export interface Failure {
  readonly seed: number;
  /** As the seed draws it. */
  readonly drawn: Played;
  readonly smallest: Played;
  readonly broken: readonly Broken[];
}

/** The first world from `from` on that breaks something, or undefined when `count` of them hold. */
export async function search(from: number, count: number): Promise<Failure | undefined> {
  for (let seed = from; seed < from + count; seed += 1) {
    const failure = await look(seed);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** Plays one seed; a failing one is shrunk. */
export async function look(seed: number): Promise<Failure | undefined> {
  const drawn = await play(drawWorld(seed));
  const [first] = brokenIn(drawn);
  if (first === undefined) return undefined;
  const breaksTheSame = async (plan: WorldPlan) =>
    brokenIn(await play(plan)).some(({ invariant }) => invariant === first.invariant);
  const smallest = await play(await shrink(drawn.plan, breaksTheSame));
  return { seed, drawn, smallest, broken: brokenIn(smallest) };
}

export function describeFailure({ seed, smallest, broken }: Failure): string {
  return [
    `seed ${seed} breaks: ${broken.map(({ invariant, what }) => `${invariant} (${what})`).join('; ')}`,
    `again, with every step: scripts/simulate --seed ${seed}`,
    '',
    'the smallest plan that breaks the same:',
    JSON.stringify(smallest.plan, undefined, 2),
    '',
    describePlayed(smallest),
  ].join('\n');
}

/** What happened, moment by moment, and what each call noted of it. */
export function describePlayed(played: Played): string {
  const steps = played.lines.map(({ atMs, what }) => `${String(atMs).padStart(7)} ms  ${what}`);
  const timelines = played.calls.flatMap(({ callId, run, arrivedAtMs, callHistory }) => [
    `${callId}, which came to run ${run.life.number} at ${arrivedAtMs} ms:`,
    ...(callHistory.calls.get(callId)?.timeline ?? []).map(
      ({ atMs, what, facts }) => `${String(atMs).padStart(9)} ms  ${what} ${JSON.stringify(facts)}`,
    ),
  ]);
  return ['what happened:', ...steps, '', 'what the calls noted:', ...timelines].join('\n');
}
