/**
 * What happens to one call, in the order in which it happened. Everything from outside (legs, registrations, pushes) is posted here, and
 * the call takes one happening at a time: so there is nothing to lock and no flag to check again.
 * It must never lose a happening and never outlive the call's signal.
 */

import type { Clock } from './ports.ts';

export class Inbox<T> {
  private readonly waiting: T[] = [];
  private wakeUp: (() => void) | undefined;
  private readonly clock: Clock;
  private readonly signal: AbortSignal;

  constructor(clock: Clock, signal: AbortSignal) {
    this.clock = clock;
    this.signal = signal;
    signal.addEventListener('abort', () => this.wakeUp?.(), { once: true });
  }

  post(happening: T): void {
    this.waiting.push(happening);
    this.wakeUp?.();
  }

  /** What has happened and was not taken yet, oldest first; also when the call is over. */
  takeAll(): readonly T[] {
    return this.waiting.splice(0);
  }

  /**
   * The next happening, or 'time' when the clock reaches `untilMs` (monotonic) first; without `untilMs` it waits as long as it takes.
   * Rejects with the signal's reason when the call is over.
   */
  async next(untilMs?: number): Promise<T | 'time'> {
    this.signal.throwIfAborted();
    const ready = this.waiting.shift();
    if (ready !== undefined) return ready;
    if (untilMs !== undefined && untilMs <= this.clock.nowMs()) return 'time';
    // The clock wakes it as whoever posts does. Thousands may wait so: it is made of little.
    const sleeper = new AbortController();
    const slept =
      untilMs === undefined
        ? undefined
        : this.clock.sleep(untilMs - this.clock.nowMs(), sleeper.signal).then(
            () => this.wakeUp?.(),
            () => undefined,
          );
    await new Promise<void>((resolve) => {
      this.wakeUp = resolve;
    });
    sleeper.abort();
    await slept;
    this.wakeUp = undefined;
    this.signal.throwIfAborted();
    return this.waiting.shift() ?? 'time';
  }
}
