/**
 * Virtual time for the domain's stories: nothing happens until a story advances the clock, and then every sleeper wakes at its own
 * moment, in order, with everything that it set going settled before the next one wakes. Two runs of a story are the same run.
 * It must never look at real time and never leave a listener on a signal.
 */
import { setImmediate } from 'node:timers';
import type { Clock } from '../../src/call/ports.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
  /** True for what the world has in mind, which is no sleep of anybody's. */
  readonly worlds: boolean;
}

/** How many turns of the event loop settle() allows for; each drains every promise chain, so only chains through I/O need more than one. */
const SETTLE_TURNS = 3;

/** A story that wakes this many sleepers without time going on waits in a loop on sleep(0). */
const mostWakesAtOnce = 10_000;
/** And one in which the clock is read so often waits without any sleep. */
const MOST_READINGS_AT_ONCE = 1_000_000;

export class VirtualClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  #nowMs: number;
  #askedAtMs = Number.NaN;
  #asked = 0;
  #wallOffsetMs: number;
  readonly #settleTurns: number;

  /**
   * @param startMs first monotonic reading
   * @param wallMs wall clock at that moment, ms since 1970
   * @param settleTurns turns of the event loop in which everything settles; 1 is enough where nothing goes through I/O
   */
  constructor(startMs = 0, wallMs = Date.UTC(2024, 0, 1), settleTurns = SETTLE_TURNS) {
    this.#nowMs = startMs;
    this.#wallOffsetMs = wallMs - startMs;
    this.#settleTurns = settleTurns;
  }

  readonly nowMs = (): number => {
    if (this.#askedAtMs !== this.#nowMs) [this.#askedAtMs, this.#asked] = [this.#nowMs, 0];
    this.#asked += 1;
    if (this.#asked <= MOST_READINGS_AT_ONCE) return this.#nowMs;
    this.#asked = 0;
    throw new Error(`the clock was read ${MOST_READINGS_AT_ONCE} times at one moment: somebody waits without sleeping`);
  };

  readonly wallMs = (): number => this.#nowMs + this.#wallOffsetMs;

  readonly sleep = (ms: number, signal: AbortSignal): Promise<void> => {
    if (Number.isNaN(ms)) return Promise.reject(new RangeError('sleep(NaN): a wait must be a number of ms'));
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      };
      const sleeper: Sleeper = {
        dueMs: this.#nowMs + Math.max(0, ms),
        worlds: false,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', abort, { once: true });
    });
  };

  /** What the world does after `ms`: it happens in its turn among the sleepers, and counts for none of them. Returns what strikes it out. */
  later(ms: number, act: () => void): () => void {
    const sleeper: Sleeper = {
      dueMs: this.#nowMs + Math.max(0, ms),
      worlds: true,
      wake: () => {
        this.#sleepers.delete(sleeper);
        act();
      },
    };
    this.#sleepers.add(sleeper);
    return () => {
      this.#sleepers.delete(sleeper);
    };
  }

  /** How many sleeps are under way. A story that has ended leaves 0. */
  get pendingSleeps(): number {
    let sleeps = 0;
    for (const sleeper of this.#sleepers) if (!sleeper.worlds) sleeps += 1;
    return sleeps;
  }

  /** When the next sleeper wakes, as a monotonic reading; undefined where nobody sleeps. */
  get nextWakeMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  /** Lets time pass: each sleeper that is due within `ms` wakes at its own moment, and all that follows from it settles first. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    const untilMs = this.#nowMs + ms;
    for (let next = this.#next(); next !== undefined && next.dueMs <= untilMs; next = this.#next()) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.wake();
      await this.settle();
    }
    this.#nowMs = untilMs;
    await this.settle();
  }

  /** Goes on to the next sleeper's moment and wakes it. False where nobody sleeps or the next sleep is for ever. */
  async advanceToNextWake(): Promise<boolean> {
    await this.settle();
    const next = this.#next();
    if (next === undefined || !Number.isFinite(next.dueMs)) return false;
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    next.wake();
    await this.settle();
    return true;
  }

  /** Lets whatever can happen without time passing happen, sleep(0) included. */
  async settle(): Promise<void> {
    await turns(this.#settleTurns);
    for (let wakes = 0; ; wakes += 1) {
      const next = this.#next();
      if (next === undefined || next.dueMs > this.#nowMs) return;
      if (wakes >= mostWakesAtOnce) throw new Error('the story waits in a loop on sleep(0): time never goes on');
      next.wake();
      await turns(this.#settleTurns);
    }
  }

  /** Moves the wall clock alone, as an administrator or NTP does. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  #next(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (first === undefined || sleeper.dueMs < first.dueMs) first = sleeper;
    }
    return first;
  }
}

VirtualClock satisfies new (
  ...args: never[]
) => Clock;

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
