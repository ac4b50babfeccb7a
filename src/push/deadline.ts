/**
 * How long one push is tried: until it expires, is called back, or the service closes. It must never leave a timer or a listener behind, on a
 * signal that lives as long as the process least of all.
 */
import type { Clock } from '../call/ports.ts';

export type Impatience = 'expired' | 'called back' | 'closing';

export class Deadline {
  private readonly controller = new AbortController();
  private readonly caller: AbortSignal;
  private readonly endsAtMs: number;
  private readonly clock: Clock;
  private why: Impatience | undefined;

  /** @param forMs how long, in ms. @param caller the signal that calls the push back */
  constructor(clock: Clock, forMs: number, caller: AbortSignal) {
    this.clock = clock;
    this.caller = caller;
    this.endsAtMs = clock.nowMs() + forMs;
    // Whatever is no time is over.
    if (!(forMs > 0)) this.end('expired');
    else if (caller.aborted) this.end('called back');
    else {
      caller.addEventListener('abort', this.callBack, { once: true });
      // It ends either way, and then nobody waits for it.
      clock.sleep(forMs, this.controller.signal).then(
        () => this.end('expired'),
        () => undefined,
      );
    }
  }

  /** Aborts when the deadline is over. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Why it is over, if it is. */
  get over(): Impatience | undefined {
    return this.why;
  }

  /** In ms, never below 0. */
  readonly leftMs = (): number => Math.max(0, this.endsAtMs - this.clock.nowMs());

  /** What the promise comes to, or undefined as soon as the deadline is over. */
  async within<T>(promise: Promise<T>): Promise<T | undefined> {
    const over = Promise.withResolvers<undefined>();
    const stop = () => over.resolve(undefined);
    this.signal.addEventListener('abort', stop, { once: true });
    try {
      if (this.signal.aborted) stop();
      return await Promise.race([over.promise, promise]);
    } finally {
      this.signal.removeEventListener('abort', stop);
    }
  }

  end(why: Impatience): void {
    if (this.why !== undefined) return;
    this.why = why;
    this.caller.removeEventListener('abort', this.callBack);
    this.controller.abort();
  }

  private readonly callBack = (): void => this.end('called back');
}
