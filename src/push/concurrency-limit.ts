/**
 * Bounds how many pushes are under way to one service at a time: a group call that wakes dozens of mobiles passes over the connections that are
 * there instead of opening dozens. Whoever wakes goes before whoever tells of an end. It must never let through one whose call has given up waiting, and never
 * lose a place: whatever becomes of the work in it, the place is free again after a bound.
 */
import type { Clock } from '../call/ports.ts';
import { Deadline } from './deadline.ts';

/** `wake`: somebody waits for it. `notice`: of a call that is over. */
export type Urgency = 'wake' | 'notice';

/** How long one attempt may keep its place, in ms. A net under what ends by itself much sooner: a library's promise may never settle. */
const longestMs = 30_000;

type Turn = () => void;

export class ConcurrencyLimit {
  private readonly clock: Clock;
  private readonly places: number;
  private readonly taken = { wake: 0, notice: 0 };
  private readonly waiting = { wake: new Set<Turn>(), notice: new Set<Turn>() };
  private readonly underWay = new Set<Deadline>();
  /** Wakes that have gone before a notice that waits. */
  private passedOver = 0;

  constructor(places: number, clock: Clock) {
    this.places = places;
    this.clock = clock;
  }

  /**
   * Does the work in a place of its own. Resolves with undefined where it is overdue: then the place is free, and whoever works is told by `overdue`.
   * Rejects with the signal's reason when it aborts before there is a place, and as the work does.
   */
  async through<T>(
    urgency: Urgency,
    signal: AbortSignal,
    work: (overdue: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    await this.enter(urgency, signal);
    // Not the push's signal: what has left keeps its place until it has been given up, though nobody waits for it.
    const deadline = new Deadline(this.clock, longestMs, new AbortController().signal);
    const overdue = new AbortController();
    this.underWay.add(deadline);
    try {
      return await deadline.within(work(overdue.signal));
    } finally {
      if (deadline.over !== undefined) overdue.abort();
      deadline.end('closing');
      this.underWay.delete(deadline);
      this.taken[urgency] -= 1;
      this.letNext();
    }
  }

  /** Everything that is under way is overdue. */
  close(): void {
    for (const deadline of this.underWay) deadline.end('closing');
  }

  private async enter(urgency: Urgency, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const turn = Promise.withResolvers<void>();
    const giveUp = () => {
      this.waiting[urgency].delete(turn.resolve);
      turn.reject(signal.reason);
    };
    this.waiting[urgency].add(turn.resolve);
    signal.addEventListener('abort', giveUp, { once: true });
    this.letNext();
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  private letNext(): void {
    for (let next = this.next(); next !== undefined; next = this.next()) {
      const [turn] = this.waiting[next];
      if (turn === undefined) return;
      this.waiting[next].delete(turn);
      this.taken[next] += 1;
      turn();
    }
  }

  /** Whose turn it is, if there is a place for anybody. Notices keep to half of the places, and after many wakes in a row one of them may go. */
  private next(): Urgency | undefined {
    const { wake, notice } = this.taken;
    if (wake + notice >= this.places) return undefined;
    const noticeMay = this.waiting.notice.size > 0 && notice < this.places / 2;
    if (this.waiting.wake.size > 0 && !(noticeMay && this.passedOver >= this.places)) {
      this.passedOver = noticeMay ? this.passedOver + 1 : 0;
      return 'wake';
    }
    this.passedOver = 0;
    return noticeMay ? 'notice' : undefined;
  }
}
