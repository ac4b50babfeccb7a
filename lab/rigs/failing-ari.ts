/**
 * An ARI that answers HTTP 500 to what a test names, to every request of that kind or to every nth; Asterisk hears nothing of these. Everything else, and the events, passes.
 *
 *     const ari = await FailingAri.before(lab);            // starts the router
 *     ari.fails(/^POST .*\/continue/);                     // a request line without its version
 *     await ari.hasFailed(3);
 *     ari.works();
 */
import { awaitThat } from '../asterisk/deadline.ts';
import { SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';
import { AriFront } from './ari-front.ts';

interface State {
  which: RegExp | undefined;
  every: number;
  times: number;
  matched: number;
  readonly failed: string[];
}

export class FailingAri {
  readonly #front: AriFront;
  readonly #state: State;

  private constructor(front: AriFront, state: State) {
    this.#front = front;
    this.#state = state;
  }

  /** Works until fails(). Starts the lab's router, which must not run yet. */
  static async before(lab: Lab): Promise<FailingAri> {
    const state: State = { which: undefined, every: 1, times: Number.POSITIVE_INFINITY, matched: 0, failed: [] };
    const front = await AriFront.before(lab, async (line) => {
      if (state.which?.test(line) !== true) return undefined;
      state.matched += 1;
      if (state.matched % state.every !== 0 || state.failed.length >= state.times) return undefined;
      state.failed.push(line);
      return 500;
    });
    await lab.router.start();
    return new FailingAri(front, state);
  }

  /** From now on, each `every`th of the requests that fit is answered 500, so many times at most. */
  fails(which: RegExp, every = 1, times = Number.POSITIVE_INFINITY): void {
    Object.assign(this.#state, { which, every, times, matched: 0 });
    this.#state.failed.length = 0;
  }

  works(): void {
    this.#state.which = undefined;
  }

  /** Lines of the requests that were answered 500 since fails(). */
  get failed(): readonly string[] {
    return this.#state.failed;
  }

  /** Waits until so many requests have failed. */
  async hasFailed(times: number, withinMs = SOON_MS): Promise<void> {
    await awaitThat(
      async () => (this.failed.length >= times ? true : undefined),
      withinMs,
      async () => `only ${this.failed.length} requests of ${times} have failed: ${this.failed.join(', ')}`,
    );
  }

  stop(): Promise<void> {
    return this.#front.stop();
  }
}
