/**
 * How late Asterisk is: how long it takes to answer the requests that are made anyway, on average over the last seconds. One that has not been answered
 * yet counts by the time that it has waited, unless one that was sent later has been: then it is stuck by itself, and says nothing of Asterisk. It asks
 * nothing by itself, and must never count the time that a request has waited with us.
 */
import type { Clock } from '../../call/ports.ts';
import type { Stopwatch } from './exchange.ts';

/** The average is that of so many slices, in ms each. */
const SLICE_MS = 500;
const SLICES = 6;

interface Slice {
  readonly beganMs: number;
  tookMs: number;
  count: number;
}

export class Lateness implements Stopwatch {
  private readonly clock: Pick<Clock, 'nowMs'>;
  /** When each of those that are under way was sent. */
  private readonly sentMs = new Map<object, number>();
  private slices: Slice[] = [];
  /** When the latest of those that were answered had been sent. */
  private answeredSentMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.clock = clock;
  }

  sent(request: object): void {
    this.sentMs.set(request, this.clock.nowMs());
  }

  answered(request: object): void {
    const sentMs = this.sentMs.get(request);
    if (sentMs === undefined) return;
    this.sentMs.delete(request);
    this.answeredSentMs = Math.max(this.answeredSentMs, sentMs);
    const nowMs = this.clock.nowMs();
    this.forget(nowMs);
    let slice = this.slices.at(-1);
    if (slice === undefined || nowMs >= slice.beganMs + SLICE_MS) {
      slice = { beganMs: nowMs, tookMs: 0, count: 0 };
      this.slices.push(slice);
    }
    slice.tookMs += nowMs - sentMs;
    slice.count += 1;
  }

  /** It is under way no more, answered or not. */
  over(request: object): void {
    this.sentMs.delete(request);
  }

  /** In ms; 0 where nothing has been asked. */
  averageMs(): number {
    const nowMs = this.clock.nowMs();
    this.forget(nowMs);
    const answered = this.slices.reduce((sum, { count }) => sum + count, 0);
    const averageMs = answered === 0 ? 0 : this.slices.reduce((sum, { tookMs }) => sum + tookMs, 0) / answered;
    // One that has only just been sent says nothing yet.
    const notOvertaken = [...this.sentMs.values()].filter((sentMs) => sentMs >= this.answeredSentMs);
    const waiting = notOvertaken.map((sentMs) => nowMs - sentMs).filter((ms) => ms > averageMs);
    return (averageMs * answered + waiting.reduce((sum, ms) => sum + ms, 0)) / Math.max(1, answered + waiting.length);
  }

  /** Whether anything was answered in that time. */
  get isAnswering(): boolean {
    this.forget(this.clock.nowMs());
    return this.slices.length > 0;
  }

  private forget(nowMs: number): void {
    this.slices = this.slices.filter(({ beganMs }) => nowMs - beganMs < SLICES * SLICE_MS);
  }
}
