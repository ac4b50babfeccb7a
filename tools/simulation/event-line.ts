/**
 * The line on which Asterisk's events come to us. Events keep their order and take their time; while the line is down they are lost, and when it is back we look
 * what is there; while it stalls they wait and then come all at once. Where nobody holds it, Asterisk has no application to give channels to. Orders go another way.
 */
import type { VirtualClock } from '../../lab/fakes/clock.ts';
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
  #closed = 0;
  #stalled = 0;
  /** A router is there to hold the line. */
  #held = false;
  /** Which connection an event was sent on: what is on its way when the line drops never comes. */
  #connection = 1;
  #waiting: LineEvent[] = [];
  /** The last piece that was sent off. */
  #piece: { readonly dueMs: number; readonly events: LineEvent[] } | undefined;

  readonly #onDown: () => void;
  readonly #onUp: () => void;

  /** @param onUp called each time that the line comes up, but for the world's beginning */
  constructor(plan: WorldPlan, clock: VirtualClock, trace: Trace, onUp: () => void, onDown: () => void) {
    this.#clock = clock;
    this.#eventMs = plan.eventMs;
    this.#trace = trace;
    this.#onUp = onUp;
    this.#onDown = onDown;
    for (const { atMs, forMs, kind } of plan.gaps) {
      clock.later(atMs, () => (kind === 'stall' ? this.#stall() : this.#drop(kind)));
      clock.later(atMs + forMs, () => (kind === 'stall' ? this.#flow() : this.#comeBack(kind)));
    }
  }

  get isUp(): boolean {
    return this.#held && this.#down === 0;
  }

  /** Whether Asterisk believes that somebody is at the other end: one that is dead without being closed is not known to be. */
  get hasApplication(): boolean {
    return this.#held && this.#closed === 0;
  }

  /** A router is there from now on. */
  hold(atBeginning: boolean): void {
    this.#held = true;
    if (this.isUp && !atBeginning) this.#onUp();
  }

  /** The router that held the line is no more. */
  letGo(): void {
    this.#held = false;
    this.#lose();
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

  #drop(kind: 'drop' | 'closed'): void {
    this.#trace(kind === 'drop' ? 'the event line drops' : 'the event line is closed');
    this.#down += 1;
    if (kind === 'closed') this.#closed += 1;
    this.#lose();
  }

  #lose(): void {
    this.#connection += 1;
    this.#waiting = [];
    this.#onDown();
  }

  #comeBack(kind: 'drop' | 'closed'): void {
    this.#down -= 1;
    if (kind === 'closed') this.#closed -= 1;
    if (!this.isUp) return;
    this.#trace('the event line is back');
    this.#onUp();
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
