/**
 * The line on which Asterisk's events come to us. Events keep their order and take their time; while the line is down they are lost, and when it is back we look
 * what is there; while it stalls they wait and then come all at once. Orders go another way.
 */
import type { VirtualClock } from '../fakes/clock.ts';
import type { Trace } from './orders.ts';
import type { WorldPlan } from './world-plan.ts';

interface LineEvent {
  readonly connection: number;
  readonly deliver: () => void;
}

export class EventLine {
  readonly #clock: VirtualClock;
  readonly #eventMs: number;
  readonly #trace: Trace;
  /** Gaps that are open now, by kind. */
  #down = 0;
  #stalled = 0;
  /** Which connection an event was sent on: what is on its way when the line drops never comes. */
  #connection = 1;
  #waiting: LineEvent[] = [];
  /** The last piece that was sent off. */
  #piece: { readonly dueMs: number; readonly events: LineEvent[] } | undefined;

  /** @param onReconnect called when the line is up again */
  constructor(plan: WorldPlan, clock: VirtualClock, trace: Trace, onReconnect: () => void) {
    this.#clock = clock;
    this.#eventMs = plan.eventMs;
    this.#trace = trace;
    for (const { atMs, forMs, kind } of plan.gaps) {
      clock.later(atMs, () => (kind === 'drop' ? this.#drop() : this.#stall()));
      clock.later(atMs + forMs, () => (kind === 'drop' ? this.#reconnect(onReconnect) : this.#flow()));
    }
  }

  get isUp(): boolean {
    return this.#down === 0;
  }

  /** Events that are under way for the same moment come in one piece, with nothing in between, as frames do that share a packet. */
  emit(deliver: () => void): void {
    if (!this.isUp) return;
    const event = { connection: this.#connection, deliver };
    if (this.#eventMs === 0) {
      this.#take(event);
      return;
    }
    const dueMs = this.#clock.nowMs() + this.#eventMs;
    if (this.#piece?.dueMs === dueMs) {
      this.#piece.events.push(event);
      return;
    }
    const piece = { dueMs, events: [event] };
    this.#piece = piece;
    this.#clock.later(this.#eventMs, () => {
      for (const one of piece.events) this.#take(one);
    });
  }

  #take(event: LineEvent): void {
    if (event.connection !== this.#connection || !this.isUp) return;
    if (this.#stalled > 0) this.#waiting.push(event);
    else event.deliver();
  }

  #drop(): void {
    this.#trace('the event line drops');
    this.#down += 1;
    this.#connection += 1;
    this.#waiting = [];
  }

  #reconnect(onReconnect: () => void): void {
    this.#down -= 1;
    if (!this.isUp) return;
    this.#trace('the event line is back');
    onReconnect();
  }

  #stall(): void {
    this.#trace('the event line stalls');
    this.#stalled += 1;
  }

  #flow(): void {
    this.#stalled -= 1;
    if (this.#stalled > 0) return;
    this.#trace('the event line flows again');
    const events = this.#waiting;
    this.#waiting = [];
    for (const event of events) this.#take(event);
  }
}
