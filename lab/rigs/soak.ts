/**
 * Thousands of calls one after another, a few at a time, with every ending there is; and a look at what the router holds before, between and after. It plays in
 * rounds: after each, nothing may remain, and the phones are new ones. It judges nothing but how each call ended; soak-verdict.ts judges the rest.
 */
import type { Lab } from '../lab.ts';
import type { RouterInside } from './router-inside.ts';
import { look, lookAtRest, type RestingState } from './router-state.ts';
import { SOAK_KINDS, type SoakCall, type SoakKind, SoakLane } from './soak-calls.ts';

export interface SoakShape {
  /** Calls that count. Before them come the warm-up's. */
  readonly calls: number;
  readonly warmUp: number;
  /** Calls at the same time. */
  readonly parallel: number;
  /** Calls of a round, after which the heap is measured. */
  readonly round: number;
  /** Asked after each round: whether to go on. */
  readonly onRound?: (told: SoakProgress) => boolean;
}

interface SoakProgress {
  readonly calls: number;
  readonly faults: readonly string[];
  readonly heapBytes: number;
}

export interface SoakResult {
  /** Calls that counted; fewer than asked for where it was stopped. */
  readonly calls: number;
  readonly byKind: ReadonlyMap<SoakKind, number>;
  /** At rest: before any call (its heap is that after the warm-up), in the middle, at the end. */
  readonly began: RestingState;
  readonly middle: RestingState;
  readonly ended: RestingState;
  /** After each round. */
  readonly heaps: readonly { readonly calls: number; readonly heapBytes: number }[];
  /** Calls that did not end as they should, and what remained after a round, in words. */
  readonly faults: readonly string[];
  readonly tookMs: number;
}

const MOST_FAULTS = 50;

export async function playSoak(lab: Lab, inside: RouterInside, shape: SoakShape): Promise<SoakResult> {
  const fresh = await look(lab, inside, 0);
  const startMs = performance.now();
  const faults: string[] = [];
  const byKind = new Map<SoakKind, number>();
  await playRound(lab, shape, shape.warmUp, 0, faults);
  const warm = await look(lab, inside, 0);
  const began: RestingState = { ...fresh, heapBytes: warm.heapBytes, memoryMb: warm.memoryMb, asterisk: warm.asterisk };
  const heaps = [{ calls: 0, heapBytes: warm.heapBytes }];
  let middle = began;
  let calls = 0;
  let goesOn = true;
  while (goesOn && calls < shape.calls && faults.length < MOST_FAULTS) {
    const count = Math.min(shape.round, shape.calls - calls);
    await playRound(lab, shape, count, calls, faults, byKind);
    const isMiddle = calls < shape.calls / 2 && calls + count >= shape.calls / 2;
    calls += count;
    if (isMiddle) middle = await lookAtRest(lab, inside, calls, fresh.sockets);
    heaps.push({ calls, heapBytes: await inside.heapBytes() });
    const heapBytes = heaps.at(-1)?.heapBytes ?? 0;
    goesOn = shape.onRound?.({ calls, faults, heapBytes }) ?? true;
  }
  const ended = await lookAtRest(lab, inside, calls, fresh.sockets);
  return { calls, byKind, began, middle, ended, heaps, faults, tookMs: performance.now() - startMs };
}

/** So many calls, the kinds in turn, over as many lanes as there are calls at a time. */
async function playRound(
  lab: Lab,
  { parallel }: SoakShape,
  count: number,
  from: number,
  faults: string[],
  byKind = new Map<SoakKind, number>(),
): Promise<void> {
  const lanes: SoakLane[] = [];
  for (let lane = 0; lane < parallel; lane += 1) lanes.push(await SoakLane.open(lab, lane));
  const played: (SoakCall & { readonly kind: SoakKind })[] = [];
  let next = 0;
  const work = async (lane: SoakLane): Promise<void> => {
    while (next < count) {
      const kind = SOAK_KINDS[(from + next) % SOAK_KINDS.length];
      next += 1;
      if (kind === undefined) continue;
      try {
        played.push({ kind, ...(await lane.play(kind)) });
      } catch (error) {
        faults.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
        // Its phones may be in the middle of something.
        return;
      }
    }
  };
  await Promise.all(lanes.map(work));
  await lab.nothingRemains().catch((error: unknown) => faults.push(`after call ${from + count}: ${String(error)}`));
  const endings = new Map(
    (await lab.asterisk.endings()).map(({ callId, status, reason }) => [callId, `${status} ${reason}`.trim()]),
  );
  for (const { kind, sipCallId, mustEnd } of played) {
    const ending = endings.get(sipCallId);
    if (ending !== mustEnd) faults.push(`${kind}: ended "${ending}" instead of "${mustEnd}"`);
    byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
  }
  for (const service of [lab.push.fcm, lab.push.apns]) service.requests.length = 0;
}
