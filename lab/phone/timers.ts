/**
 * The pending timers of one phone. Everything in the phone that waits for time to pass does so here, so that `close()`
 * can end it all and `leftovers()` can prove it. It must never keep a timer for an idle phone.
 */

export type Undo = () => void;

export class Timers {
  readonly #pending = new Set<NodeJS.Timeout>();

  /** Runs `act` once after `delayMs`, unless undone before. */
  after(delayMs: number, act: () => void): Undo {
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      act();
    }, delayMs);
    this.#pending.add(timer);
    return () => {
      clearTimeout(timer);
      this.#pending.delete(timer);
    };
  }

  get pending(): number {
    return this.#pending.size;
  }

  clear(): void {
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
  }
}
