/** Many of the same: a few at a time where order does not matter, or spread over a time. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Callee } from '../callee.ts';
import type { Lab } from '../lab.ts';
import { nowMs } from '../phone/clock.ts';
import { answersAfter } from '../phone/invite-policies.ts';

/** A phone of a crowd neither sends nor hears: it is the router and Asterisk that are looked at. */
export const UNHEARD = { socket: false } as const;
const TOGETHER = 25;

/** A few at a time, the results in their order. */
export async function inTurns<T, R>(
  all: readonly T[],
  act: (one: T, index: number) => Promise<R>,
  together = TOGETHER,
): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < all.length; from += together) {
    const some = all.slice(from, from + together);
    results.push(...(await Promise.all(some.map((one, index) => act(one, from + index)))));
  }
  return results;
}

/** One after another, by the clock, so that all have begun when so many ms from now are over. */
export function spreadOut<T, R>(
  all: readonly T[],
  withinMs: number,
  act: (one: T, index: number) => Promise<R>,
): Promise<R>[] {
  const startMs = nowMs();
  return all.map(async (one, index) => {
    await delay(Math.max(0, startMs + (index * withinMs) / all.length - nowMs()));
    return await act(one, index);
  });
}

/** Users with one mobile each that wakes only when it is told to, and then answers after so many ms. */
export function seatSleepers(
  lab: Lab,
  count: number,
  answerAfterMs: number,
  specOf: (seat: number) => { readonly inRegistry?: boolean; readonly platform?: 'android' | 'ios' },
): Promise<Callee[]> {
  return inTurns(Array.from({ length: count }), (_, seat) => {
    const { platform = 'android', ...user } = specOf(seat);
    const does = answersAfter(answerAfterMs);
    const mobile = { platform, wakesAfterMs: 'never', audio: UNHEARD, does } as const;
    return lab.user({ ringingDevice: 'MobileApp', ...user, mobile });
  });
}
