/**
 * What happened to one phone, in order, and the means to await it: each wait has a deadline, looks at what has happened
 * already, and fails with the tail of the wire trace. Each event is given to one `waitFor` only, so none is counted twice.
 */
import { nowMs } from './clock.ts';
import type { PhoneCall } from './phone-call.ts';
import { Timers } from './timers.ts';
import type { Trace } from './trace.ts';

export type PhoneEventType =
  | 'registered'
  | 'unregistered'
  | 'invited'
  | 'ringing'
  | 'early-media'
  | 'answered'
  | 'connected-line'
  | 'media-changed'
  | 'dtmf'
  | 'cancelled'
  | 'ended'
  | 'notified'
  | 'gone-silent';

export interface PhoneEvent {
  readonly type: PhoneEventType;
  readonly atMs: number;
  readonly phone: string;
  /** For a narration: what else there is to say. */
  readonly detail: string;
  readonly call?: PhoneCall;
}

export class DeadlineMissed extends Error {
  override readonly name = 'DeadlineMissed';
}

export class PhoneEvents {
  readonly list: PhoneEvent[] = [];
  readonly #owner: string;
  readonly #trace: Trace;
  readonly #given = new Set<PhoneEvent>();
  readonly #listeners = new Set<(event: PhoneEvent) => void>();

  readonly #timers = new Timers();
  readonly #abandon = new Set<() => void>();

  constructor(owner: string, trace: Trace) {
    this.#owner = owner;
    this.#trace = trace;
  }

  emit(type: PhoneEventType, detail: string, call?: PhoneCall, atMs = nowMs()): void {
    const event: PhoneEvent = { type, atMs, phone: this.#owner, detail, ...(call ? { call } : {}) };
    this.list.push(event);
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Calls `listener` at each event from now on; the returned function ends it. */
  on(listener: (event: PhoneEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The next event of that type that no wait was given yet. Throws DeadlineMissed after `withinMs`. */
  async waitFor(
    type: PhoneEventType,
    withinMs: number,
    where: (event: PhoneEvent) => boolean = () => true,
  ): Promise<PhoneEvent> {
    const event = await this.until(
      () => this.list.find((one) => one.type === type && !this.#given.has(one) && where(one)),
      withinMs,
      `'${type}'`,
      (check) => this.on(check),
    );
    this.#given.add(event);
    return event;
  }

  /** Waits until `look` finds something, looking again at each `subscribe`d change. Throws DeadlineMissed. */
  until<T>(
    look: () => T | undefined,
    withinMs: number,
    what: string,
    subscribe: (check: () => void) => () => void,
  ): Promise<T> {
    const found = look();
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const undo: (() => void)[] = [];
      const settle = (act: () => void) => {
        for (const one of undo) one();
        this.#abandon.delete(abandon);
        act();
      };
      const fail = (why: string) => reject(new DeadlineMissed(`${this.#owner}: no ${what} ${why}\n${this.#story()}`));
      const abandon = () => settle(() => fail('before the phone was closed'));
      this.#abandon.add(abandon);
      const lookAgain = () => {
        const later = look();
        if (later === undefined) return false;
        settle(() => resolve(later));
        return true;
      };
      undo.push(this.#timers.after(withinMs, () => lookAgain() || settle(() => fail(`within ${withinMs} ms`))));
      undo.push(subscribe(lookAgain));
    });
  }

  get waiting(): number {
    return this.#timers.pending;
  }

  /** Fails all waits. */
  close(): void {
    for (const abandon of [...this.#abandon]) abandon();
  }

  #story(): string {
    const happened = this.list
      .slice(-10)
      .map((one) => `${one.atMs.toFixed(1).padStart(10)} ms  ${one.type} ${one.detail}`);
    return `it is ${nowMs().toFixed(1)} ms; events:\n${happened.join('\n')}\nmessages:\n${this.#trace.tail()}`;
  }
}
