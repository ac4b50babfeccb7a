/**
 * One leg, from its order to its end. Events are held back until Asterisk has taken the order, so that a refused order has none; then each comes once,
 * and `ended` last. A leg that is to be hung up is hung up again whenever it shows that it is still there.
 */
import type { LegEvent, LegHangUpReason } from '../call/ports.ts';
import { legEndOf } from './causes.ts';
import type { ChannelOwner } from './switchboard.ts';

export interface LegPorts {
  readonly onEvent: (event: LegEvent) => void;
  /** The leg has answered although it was to be hung up. */
  readonly onLateAnswer: (reason: LegHangUpReason) => void;
  readonly onGone: () => void;
}

export class Leg implements ChannelOwner {
  readonly #ports: LegPorts;
  #onEvent: (event: LegEvent) => void;
  readonly #order = Promise.withResolvers<void>();
  readonly #landing = Promise.withResolvers<void>();
  #held: LegEvent[] | undefined = [];
  #rang = false;
  #answered = false;
  #ended = false;
  #condemned: LegHangUpReason | undefined;

  constructor(ports: LegPorts) {
    this.#ports = ports;
    this.#onEvent = ports.onEvent;
  }

  get settled(): boolean {
    return this.#held === undefined;
  }

  /** Resolves once the order is taken or refused. Never rejects. */
  get ordered(): Promise<void> {
    return this.#order.promise;
  }

  /** Resolves once it is in our application, or is no more. Never rejects. */
  get landed(): Promise<void> {
    return this.#landing.promise;
  }

  /** Asterisk has taken the order. */
  taken(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#order.resolve();
    for (const event of held) this.#onEvent(event);
  }

  /** An earlier run has ordered it: no order is waited for, and events are held back until somebody takes it over. */
  found(): void {
    this.#order.resolve();
  }

  /** A leg that an earlier run has left is taken over: what was held back since it was found is told now. */
  adopt(onEvent: (event: LegEvent) => void): void {
    this.#onEvent = onEvent;
    this.taken();
  }

  /** Asterisk has refused the order, or nobody knows: no event follows. */
  refused(): void {
    this.#ended = true;
    this.#order.resolve();
    this.#landing.resolve();
  }

  /** From now on an answer is not wanted. */
  condemn(reason: LegHangUpReason): void {
    this.#condemned = reason;
  }

  onState(state: string): void {
    if (state === 'Ringing' && !this.#rang && !this.#answered) {
      this.#rang = true;
      this.#emit({ kind: 'ringing' });
    }
  }

  onStart(): void {
    this.#landing.resolve();
    if (this.#condemned !== undefined) {
      this.#ports.onLateAnswer(this.#condemned);
      return;
    }
    if (this.#answered) return;
    this.#answered = true;
    this.#emit({ kind: 'answered' });
  }

  onEnd(): void {}

  onDestroyed(cause: number, words: string, sipStatus?: number): void {
    this.#ports.onGone();
    this.#landing.resolve();
    const end = legEndOf(cause, this.#answered, this.#condemned !== undefined, sipStatus);
    this.#emit({ kind: 'ended', end, detail: `${cause} ${words}` });
    this.#ended = true;
  }

  #emit(event: LegEvent): void {
    if (this.#ended) return;
    if (this.#held !== undefined) this.#held.push(event);
    else this.#onEvent(event);
  }
}
