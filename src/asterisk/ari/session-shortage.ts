/**
 * Notices that no request of ours gets through any more for lack of HTTP sessions, which is more than one that fails: for a second every one was
 * turned away. What a late Asterisk does never counts.
 */
import type { Clock } from '../../call/ports.ts';

/** How long nothing may have passed, in ms. */
const PATIENCE_MS = 1_000;

export class DeadEnd {
  private readonly clock: Pick<Clock, 'sleep'>;
  private readonly onDeadEnd: () => void;
  private waiting: AbortController | undefined;

  constructor(clock: Pick<Clock, 'sleep'>, onDeadEnd: () => void) {
    this.clock = clock;
    this.onDeadEnd = onDeadEnd;
  }

  /** A request was turned away, and there was no other way for it. */
  refused(): void {
    if (this.waiting !== undefined) return;
    const waiting = new AbortController();
    this.waiting = waiting;
    this.clock.sleep(PATIENCE_MS, waiting.signal).then(
      () => {
        this.waiting = undefined;
        this.onDeadEnd();
      },
      () => undefined,
    );
  }

  /** A request has been answered. */
  passed(): void {
    this.waiting?.abort();
    this.waiting = undefined;
  }

  close(): void {
    this.passed();
  }
}
