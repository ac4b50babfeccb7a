/**
 * One attempt at a push, in a place of its own: where the first try fails in a way that another connection, token or signature may cure, a second
 * follows at once. It must never try a third time: pauses are delivery.ts's.
 */

import type { ConcurrencyLimit, Urgency } from './concurrency-limit.ts';
import type { Answer, Attempt } from './push-service.ts';

export interface Reading {
  readonly answer: Answer;
  /** What may do better at once. */
  readonly cure: string | undefined;
}

/** @param service as the operator knows it. @param tryOnce must end soon once its signal aborts */
export async function twoTries(
  concurrencyLimit: ConcurrencyLimit,
  service: string,
  urgency: Urgency,
  attempt: Attempt,
  tryOnce: (signal: AbortSignal) => Promise<Reading>,
): Promise<Answer> {
  const answer = await concurrencyLimit.through(urgency, attempt.signal, async (overdue) => {
    const signal = AbortSignal.any([overdue, attempt.signal]);
    const first = await tryOnce(signal);
    if (first.cure === undefined || signal.aborted) return first.answer;
    return (await tryOnce(signal)).answer;
  });
  return answer ?? { kind: 'again', reason: `${service}: the answer has no end`, afterMs: undefined };
}
