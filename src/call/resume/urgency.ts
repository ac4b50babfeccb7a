/**
 * For whom it is latest, of the calls that an earlier run of the router has left: first whoever has been seen to by nobody, or is only to be given
 * back; then whoever has waited long enough, or will have in a moment; then those who ring; then those who wait, the nearest end first. Pure.
 */

import type { FoundLeg } from '../ports.ts';
import { type CallCheckpoint, readLegCheckpoint } from './checkpoint.ts';

/** What comes first sorts first: by the rank, then by the moment. */
export interface Urgency {
  readonly rank: number;
  /** ms since 1970. */
  readonly atMs: number;
}

/** A wait that is over in so many ms is as good as over when its call's turn comes. */
const SOON_MS = 2_000;

/** Something has happened to a call that waits for its turn. */
export const AT_ONCE: Urgency = { rank: 0, atMs: Number.NEGATIVE_INFINITY };

/**
 * @param checkpoint what is remembered of the call; undefined where nothing is
 * @param legs those that an earlier run has ordered for it
 */
export function urgencyOf(
  checkpoint: Pick<CallCheckpoint, 'waitUntilMs' | 'ending'> | undefined,
  legs: readonly FoundLeg[],
  wallMs: number,
): Urgency {
  if (checkpoint === undefined || checkpoint.ending !== undefined) return { rank: 0, atMs: 0 };
  const dialledAtMs = legs.flatMap(({ checkpoint: ofLeg }) => readLegCheckpoint(ofLeg) ?? []).filter(ringsWhole);
  if (dialledAtMs.length > 0) return { rank: 2, atMs: Math.min(...dialledAtMs.map((leg) => leg.dialledAtMs)) };
  return { rank: checkpoint.waitUntilMs <= wallMs + SOON_MS ? 1 : 3, atMs: checkpoint.waitUntilMs };
}

/** One that was dialled on an older registration rings nowhere most of the time, and its call waits. */
function ringsWhole({ fresh, on }: { readonly fresh: boolean; readonly on: string }): boolean {
  return fresh || on === 'webapp';
}

export function compareUrgency(one: Urgency, other: Urgency): number {
  return one.rank - other.rank || (one.atMs === other.atMs ? 0 : one.atMs - other.atMs);
}
