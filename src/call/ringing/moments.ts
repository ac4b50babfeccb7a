/**
 * The moments of which a rule makes something depend. The rule asks here whether one is over; the earliest that it has asked about and that is not
 * over yet is when it is asked anew, though nothing has happened. So there is no second list of them that could miss one. It must know no rule.
 */

import type { Happening } from '../call.ts';
import type { Inbox } from '../inbox.ts';
import type { Clock } from '../ports.ts';

/** What decides how a wait goes on. */
export interface Rule<T> {
  /** Takes in what has happened. */
  take(happened: Happening): void;
  /** Undefined: go on. It may be asked at any time, and what it has done it does not do again. */
  decide(): T | undefined;
}

/** Two or three times are enough for any rule; one that never settles would stop all calls, and shall end its own. */
const MOST_ASKED = 100;

export class Moments {
  private readonly clock: Clock;
  /** It stands still while something is taken in and decided: one question has one answer. Nobody sees it, who could compare with it unnoticed. */
  private nowMs: number;
  private nextMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.clock = clock;
    this.nowMs = clock.nowMs();
  }

  /** Whether this moment has come; where it has not, the rule is asked anew when it comes. */
  isOver(atMs: number): boolean {
    const isOver = this.nowMs >= atMs;
    if (!isOver) this.nextMs = Math.min(this.nextMs, atMs);
    return isOver;
  }

  /** The moment so many ms from now, as a monotonic reading. */
  in(ms: number): number {
    return this.nowMs + ms;
  }

  /** How long ago it was, in ms, to be told. */
  since(atMs: number): number {
    return this.nowMs - atMs;
  }

  /**
   * Asks the rule after each happening, and at each moment that it has asked about, until it has decided. Rejects with the reason of the inbox's signal.
   */
  async untilDecided<T>(inbox: Inbox<Happening>, rule: Rule<T>): Promise<T> {
    for (;;) {
      const decision = this.ask(rule);
      if (decision !== undefined) return decision;
      const happened = await inbox.next(this.nextMs);
      this.nowMs = this.clock.nowMs();
      if (happened !== 'time') rule.take(happened);
    }
  }

  /** Until it asks about nothing new: what it does may move a moment about which it has asked before. */
  private ask<T>(rule: Rule<T>): T | undefined {
    let before: number | undefined;
    for (let times = 0; times < MOST_ASKED; times += 1) {
      this.nextMs = Number.POSITIVE_INFINITY;
      const decision = rule.decide();
      if (decision !== undefined || this.nextMs === before) return decision;
      before = this.nextMs;
    }
    throw new Error('a rule about time asks about another moment each time, and would do so for ever');
  }
}
