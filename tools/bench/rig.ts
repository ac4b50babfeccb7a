/**
 * What each part of the bench is given: the lab, how much to do, where figures go, and how to say what is going on. A part must leave the lab as it
 * found it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Callee } from '../../lab/callee.ts';
import type { Lab } from '../../lab/lab.ts';
import type { TraceEntry } from '../../lab/phone/trace.ts';
import type { Sheet } from './figures.ts';

export interface Rig {
  readonly lab: Lab;
  /** 1, or less for a quick run. */
  readonly share: number;
  /** What is told in the table. */
  readonly figures: Sheet;
  /** Where the time goes, for --steps. */
  readonly steps: Sheet;
  say(text: string): void;
}

/** So many of `count`, and two at least. */
export function shareOf(count: number, { share }: Rig): number {
  return Math.max(2, Math.round(count * share));
}

/** Waits until `atMs` of performance.now(). */
export async function until(atMs: number): Promise<void> {
  await delay(Math.max(0, atMs - performance.now()));
}

/** When the last message that fits went that way over the phone's wire, at `sinceMs` or later. */
export function lastOnWire(
  { mobile }: Callee,
  direction: TraceEntry['direction'],
  what: RegExp,
  sinceMs: number,
): number | undefined {
  return mobile.phone.trace.entries.findLast(
    (entry) => entry.direction === direction && entry.atMs >= sinceMs && what.test(entry.text),
  )?.atMs;
}

/** Times of a call's timeline on the clock of the phones; its start is known to the millisecond. */
export async function timesOf(callId: string, { lab }: Rig): Promise<(what: string) => number | undefined> {
  const { startedAt, timeline } = await lab.story(callId);
  const startedMs = Date.parse(startedAt) + 0.5 - performance.timeOrigin;
  return (what) => {
    const entry = timeline.find((one) => one.what === what);
    return entry === undefined ? undefined : startedMs + entry.atMs;
  };
}

/** Adds the time between two moments where both are known. */
export function addStep(sheet: Sheet, name: string, fromMs: number | undefined, toMs: number | undefined): void {
  if (fromMs !== undefined && toMs !== undefined) sheet.add(name, toMs - fromMs);
}
