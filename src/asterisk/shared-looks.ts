/**
 * Looks for registrations that are not urgent, taken together: each waiting call looks again from time to time, and a thousand of them would keep
 * Asterisk busy with a thousand requests where a few dozen say the same. Must never delay the end of a call.
 */
import type { Clock } from '../call/ports.ts';
import type { ContactWatch } from './watch.ts';

/** How long the first one waits for others, in ms. */
const TOGETHER_MS = 100;

export class SharedLooks {
  readonly #clock: Clock;
  readonly #look: (watches: readonly ContactWatch[]) => Promise<void>;
  #due = new Map<ContactWatch, PromiseWithResolvers<void>>();
  #pause: AbortController | undefined;

  /** @param look looks at what these watches watch, and tells them; it may reject */
  constructor(clock: Clock, look: (watches: readonly ContactWatch[]) => Promise<void>) {
    this.#clock = clock;
    this.#look = look;
  }

  /** Resolves when the look is done, or nobody waits for it any more. Rejects with PbxError. */
  take(watch: ContactWatch): Promise<void> {
    const due = this.#due.get(watch) ?? Promise.withResolvers<void>();
    this.#due.set(watch, due);
    if (this.#pause === undefined) void this.#soon();
    return due.promise;
  }

  /** The watch is closed. */
  drop(watch: ContactWatch): void {
    this.#due.get(watch)?.resolve();
    this.#due.delete(watch);
    if (this.#due.size === 0) this.#pause?.abort();
  }

  async #soon(): Promise<void> {
    const pause = new AbortController();
    this.#pause = pause;
    await this.#clock.sleep(TOGETHER_MS, pause.signal).catch(() => undefined);
    this.#pause = undefined;
    const due = this.#due;
    if (due.size === 0) return;
    this.#due = new Map();
    const looked = this.#look([...due.keys()]);
    for (const { resolve } of due.values()) resolve(looked);
  }
}
