/**
 * One call of the cost measurement, from its arrival to its leave, by one way, for a caller who hears one thing; and what it makes Asterisk's processor do. Nobody listens here, for it
 * is Asterisk that is looked at.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Callee } from '../../lab/callee.ts';
import type { LabCall } from '../../lab/caller.ts';
import type { Lab } from '../../lab/lab.ts';
import { nowMs } from '../../lab/phone/clock.ts';
import { seatSleepers, UNHEARD } from '../../lab/rigs/many.ts';
import { musicPollNumber, ringingPollNumber } from './competitors.ts';
import type { Sheet } from './figures.ts';
import type { Heard } from './load.ts';
import { processorMs } from './processor.ts';
import { lastOnWire } from './rig.ts';

export const COST_WAYS = { router: 'router', plain: 'dialplan that looks each second' } as const;
export type CostWay = keyof typeof COST_WAYS;
/** How many at once, and how many one after another. */
export const COST_CALLS = { together: 50, alone: 15 } as const;
export type Company = keyof typeof COST_CALLS;

/** What is done behind an answer is done by then. */
export const AFTER_MS = 500;
export const PATIENCE_MS = 60_000;

export interface CostRig {
  readonly lab: Lab;
  /** A fifth of the calls. */
  readonly quick: boolean;
  readonly figures: Sheet;
  say(text: string): void;
}

export interface Round extends CostRig {
  readonly heard: Heard;
  readonly way: CostWay;
  /** Where what the callers hear is sent to. */
  readonly soundPort: number;
  /** What Asterisk's processor does without a call, as a part of one core. */
  readonly idle: number;
}

export interface Member {
  readonly callee: Callee;
  readonly call: LabCall;
}

export function costRow(heard: Heard, way: CostWay, company: Company): string {
  return `cost ${heard} ${way} ${company}`;
}

export function callsOf(company: Company, { quick }: CostRig): number {
  return quick ? COST_CALLS[company] / 5 : COST_CALLS[company];
}

/** Users whose mobiles answer at once. */
export function seat(calls: number, { lab }: CostRig): Promise<Callee[]> {
  return seatSleepers(lab, calls, 0, () => ({}));
}

/** Calls, and waits until the caller hears what it shall. */
export async function arrive(callee: Callee, { lab, heard, way, soundPort }: Round): Promise<Member> {
  const plainNumber = heard === 'music' ? musicPollNumber : ringingPollNumber;
  const audio = { ...UNHEARD, deafPort: soundPort };
  const call = await lab.caller({ audio }).call(way === 'router' ? callee.number : plainNumber(callee));
  await call.waitFor(heard === 'music' ? 'early-media' : 'ringing', PATIENCE_MS);
  return { callee, call };
}

/** @param company for whose row it is timed; undefined: for none */
export async function wakeAndTalk(
  { callee, call }: Member,
  { heard, way, figures }: Round,
  company: Company | undefined,
): Promise<void> {
  const sinceMs = nowMs();
  await callee.mobile.wake();
  await call.waitFor('answered', PATIENCE_MS);
  if (company === undefined) return;
  const registerMs = lastOnWire(callee, 'out', /^REGISTER /, sinceMs) ?? Number.NaN;
  figures.add(costRow(heard, way, company), (call.record.answeredAtMs ?? Number.NaN) - registerMs);
}

export async function leave({ callee, call }: Member): Promise<void> {
  await call.hangUp();
  await callee.mobile.call.waitFor('ended', PATIENCE_MS);
  await callee.mobile.phone.unregister();
}

interface Spent {
  /** Asterisk's processor time, ms. */
  readonly processorMs: number;
  readonly lastedMs: number;
}

/** While that is done. */
export async function spentOn({ lab }: CostRig, act: () => Promise<unknown>): Promise<Spent> {
  const pid = lab.asterisk.pid();
  const fromMs = nowMs();
  const before = await processorMs(pid);
  await act();
  return { processorMs: (await processorMs(pid)) - before, lastedMs: nowMs() - fromMs };
}

/** Asterisk's processor time, ms, while that is done and for half a second on; what it spends without a call left out. */
export async function spentForCalls(round: Round, act: () => Promise<unknown>): Promise<number> {
  const spent = await spentOn(round, async () => {
    await act();
    await delay(AFTER_MS);
  });
  return spent.processorMs - round.idle * spent.lastedMs;
}
