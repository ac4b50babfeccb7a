/**
 * One life of the router's process: its clock, and what it has asked of the world. When the process dies, what it waited for never comes to it, and of what was under way
 * some is still done and some has never reached anybody. It must never let anything happen in a process that is dead.
 */

import type { VirtualClock } from '../../lab/fakes/clock.ts';
import type { Clock } from '../../src/call/ports.ts';

/** Something asked of the world that has not been answered yet. */
interface UnderWay {
  /** The process died before it had left. */
  lost: boolean;
}

export class Life {
  readonly number: number;
  overAtMs: number | undefined;
  readonly clock: Clock;
  readonly #world: VirtualClock;
  readonly #underWay = new Set<UnderWay>();
  readonly #sleeps = new Set<() => void>();

  constructor(number: number, world: VirtualClock) {
    this.number = number;
    this.#world = world;
    const bornAtMs = world.nowMs();
    this.clock = {
      // A monotonic clock says nothing to another process.
      nowMs: () => world.nowMs() - bornAtMs,
      wallMs: () => world.wallMs(),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  get isOver(): boolean {
    return this.overAtMs !== undefined;
  }

  /** How many sleeps are under way. */
  get sleeping(): number {
    return this.#sleeps.size;
  }

  /** What the process's own parts do after `ms`, if it lives. */
  later(ms: number, act: () => void): void {
    this.#world.later(ms, () => {
      if (!this.isOver) act();
    });
  }

  /** Notes something that is asked of the world from now on. */
  begin(): UnderWay {
    const one = { lost: false };
    this.#underWay.add(one);
    return one;
  }

  /** It is answered. Resolves at once where there is somebody to answer to, and never where not. */
  async settle(one: UnderWay): Promise<void> {
    this.#underWay.delete(one);
    if (this.isOver) await new Promise<never>(() => {});
  }

  /** The process is no more. @param done whether each thing under way, in order, is done all the same; the last one for all that follow */
  end(atMs: number, done: readonly boolean[]): void {
    if (this.isOver) return;
    this.overAtMs = atMs;
    for (const cancel of this.#sleeps) cancel();
    this.#sleeps.clear();
    for (const [index, one] of [...this.#underWay].entries()) one.lost = !(done[index] ?? done.at(-1) ?? true);
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (Number.isNaN(ms)) return Promise.reject(new RangeError('sleep(NaN): a wait must be a number of ms'));
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const over = () => {
        this.#sleeps.delete(cancel);
        signal.removeEventListener('abort', abort);
      };
      const cancel = this.#world.later(ms, () => {
        over();
        resolve();
      });
      const abort = () => {
        over();
        cancel();
        reject(signal.reason);
      };
      this.#sleeps.add(cancel);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
