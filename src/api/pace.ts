/**
 * How often something may happen: so many times a second, and a few more at once after a quiet time. It is kept as one moment in time, so that it
 * must never need a timer, nor grow.
 */

export interface Rate {
  readonly perSecond: number;
  /** How many may come at once after a quiet time. */
  readonly atOnce: number;
}

export class Pace {
  private readonly apartMs: number;
  private readonly creditMs: number;
  /** When the next turn comes; up to creditMs in the past. */
  private dueMs = Number.NEGATIVE_INFINITY;

  constructor({ perSecond, atOnce }: Rate) {
    this.apartMs = 1_000 / perSecond;
    this.creditMs = (atOnce - 1) * this.apartMs;
  }

  /**
   * Takes a turn, and says in how many ms it comes: 0 is now. Undefined where it would come later than `patienceMs`; then none is taken.
   * @param nowMs of a clock that never goes back
   */
  turn(nowMs: number, patienceMs = 0): number | undefined {
    const dueMs = Math.max(this.dueMs, nowMs - this.creditMs);
    const waitMs = Math.max(0, dueMs - nowMs);
    if (waitMs > patienceMs) return undefined;
    this.dueMs = dueMs + this.apartMs;
    return waitMs;
  }
}
