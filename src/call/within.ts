/** Work that gets so much time and no more. Whoever waits for it leaves no timer behind. */

import type { Clock } from './ports.ts';

/** What the promise comes to; undefined as soon as `ms` are over. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  const done = new AbortController();
  const late = clock.sleep(ms, done.signal).then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    done.abort();
    await late;
  }
}

/** What the work comes to, whose signal aborts when `ms` are over: it is waited for until it has taken note of that. */
export async function calledBackAfter<T>(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const done = new AbortController();
  const timer = clock.sleep(ms, done.signal).then(
    () => late.abort(),
    () => undefined,
  );
  try {
    return await work(late.signal);
  } finally {
    done.abort();
    await timer;
  }
}
