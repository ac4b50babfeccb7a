/**
 * Looks for registrations that are not urgent, taken together: each waiting call looks again from time to time, and a thousand of them would keep
 * Asterisk busy with a thousand requests where a few dozen say the same. Must never delay the end of a call.
 */
import type { Clock } from '../../call/ports.ts';
import type { ContactWatch } from './contact-watch.ts';

/**
 * How long the first one waits for others, in ms. What they find, events and the looks at expiries have mostly told before: a look that comes later costs
 * nobody anything, and each request that is saved spares both us and Asterisk a millisecond.
 */
const TOGETHER_MS = 500;

export class SharedLooks {
  private readonly clock: Clock;
  private readonly look: (watches: readonly ContactWatch[]) => Promise<void>;
  private due = new Map<ContactWatch, PromiseWithResolvers<void>>();
  private pause = new AbortController();
  private isRunning = false;

  /** @param look looks at what these watches watch, and tells them; it may reject */
  constructor(clock: Clock, look: (watches: readonly ContactWatch[]) => Promise<void>) {
    this.clock = clock;
    this.look = look;
  }

  /** Resolves when the look is done, or nobody waits for it any more. Rejects with PbxError. */
  take(watch: ContactWatch): Promise<void> {
    const due = this.due.get(watch) ?? Promise.withResolvers<void>();
    this.due.set(watch, due);
    if (!this.isRunning) void this.run();
    return due.promise;
  }

  /** The watch is closed. */
  drop(watch: ContactWatch): void {
    this.due.get(watch)?.resolve();
    this.due.delete(watch);
    if (this.due.size === 0) this.pause.abort();
  }

  /** One look after another, however late Asterisk is: what is asked for meanwhile is in the next. */
  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.due.size > 0) {
      this.pause = new AbortController();
      await this.clock.sleep(TOGETHER_MS, this.pause.signal).catch(() => undefined);
      const due = this.due;
      this.due = new Map();
      if (due.size === 0) break;
      const looked = this.look([...due.keys()]);
      for (const { resolve } of due.values()) resolve(looked);
      await looked.catch(() => undefined);
    }
    this.isRunning = false;
  }
}
