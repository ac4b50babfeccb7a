/**
 * Whose turn it is, where an earlier run of the router has left very many calls: each is taken on from where it was, a few at a time, and those first
 * for whom it is latest. A new call never comes here. It must never let one turn that takes long hold up the others: it counts for a while only.
 */

import type { Clock } from '../ports.ts';
import { AT_ONCE, compareUrgency, type Urgency } from './urgency.ts';

/** So many are taken on at once: each asks one or two things of the PBX at a time, and whoever comes or answers meanwhile asks as well. */
export const TURNS_AT_ONCE = 8;
/** A turn that takes longer than this is no reason to wait, in ms: it waits for one answer that is late. */
const LONGEST_MS = 1_000;

export interface Turn {
  /** Resolves when it is this call's turn. Rejects with the reason of the call's signal. */
  readonly comes: Promise<void>;
  /** Something has happened to the call: it is the next one. */
  hurry(): void;
  /** The call is taken on, or over. May be said twice. */
  end(): void;
}

/** One in the queue. */
interface Waiting {
  urgency: Urgency;
  readonly begin: () => void;
}

export class Turns {
  private readonly clock: Clock;
  /** In the order of their turns. */
  private readonly waiting: Waiting[] = [];
  private underWay = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** @param signal aborts when the call is over */
  take(urgency: Urgency, signal: AbortSignal): Turn {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Nobody need be waiting for one that is over.
    promise.catch(() => undefined);
    const over = new AbortController();
    let state: 'waits' | 'is on' | 'over' = 'waits';
    const end = () => {
      signal.removeEventListener('abort', giveUp);
      if (state === 'waits') this.leave(one);
      if (state === 'is on') this.underWay -= 1;
      state = 'over';
      over.abort();
      this.goOn();
    };
    const giveUp = () => {
      reject(signal.reason);
      end();
    };
    const one: Waiting = {
      urgency,
      begin: () => {
        state = 'is on';
        this.clock.sleep(LONGEST_MS, over.signal).then(end, () => undefined);
        resolve();
      },
    };
    const hurry = () => {
      if (state !== 'waits' || one.urgency === AT_ONCE) return;
      this.leave(one);
      one.urgency = AT_ONCE;
      this.queue(one);
    };
    if (signal.aborted) giveUp();
    else {
      signal.addEventListener('abort', giveUp, { once: true });
      this.queue(one);
      // Of those that come in the same moment the most urgent one is the first.
      void Promise.resolve().then(() => this.goOn());
    }
    return { comes: promise, hurry, end };
  }

  private goOn(): void {
    while (this.underWay < TURNS_AT_ONCE) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.underWay += 1;
      next.begin();
    }
  }

  /** Behind those that are as urgent. */
  private queue(one: Waiting): void {
    let [from, to] = [0, this.waiting.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      const other = this.waiting[middle];
      if (other !== undefined && compareUrgency(other.urgency, one.urgency) <= 0) from = middle + 1;
      else to = middle;
    }
    this.waiting.splice(from, 0, one);
  }

  private leave(one: Waiting): void {
    const index = this.waiting.indexOf(one);
    if (index >= 0) this.waiting.splice(index, 1);
  }
}
