/**
 * Legs towards contacts. The switchboard knows a leg before its order leaves, and until Asterisk says that it is no more; an order is never sent twice. Must
 * never let a leg live that was to be hung up, whatever became of its order.
 */
import { PbxError } from '../call/errors.ts';
import type { DialRequest, LegEvent, LegHangUpReason, Legs, Log } from '../call/ports.ts';
import { channelPath } from './channel-ids.ts';
import { Leg } from './leg.ts';
import { legOrder } from './leg-order.ts';
import { AriRefusal, type AriRequests, isGone } from './requests.ts';
import type { ChannelOwner, Switchboard } from './switchboard.ts';

export interface LegsSettings {
  readonly requests: AriRequests;
  readonly board: Switchboard;
  readonly app: string;
  readonly log: Log;
  /** What is wrong with the event connection, in words; undefined while events come. */
  readonly trouble: () => string | undefined;
}

export class AriLegs implements Legs {
  readonly #settings: LegsSettings;
  readonly #legs = new Map<string, Leg>();

  constructor(settings: LegsSettings) {
    this.#settings = settings;
  }

  async dial(request: DialRequest, onEvent: (event: LegEvent) => void): Promise<void> {
    const { requests, board, app, trouble } = this.#settings;
    const { legId } = request;
    // Without the event connection a leg could answer unheard, and Asterisk would drop it.
    const words = trouble();
    if (words !== undefined) throw new PbxError(`not connected to Asterisk: ${words}`);
    const order = legOrder(request, app);
    const leg = new Leg({
      onEvent,
      onLateAnswer: (reason) => void this.#delete(legId, reason).catch(() => undefined),
      onGone: () => this.#forget(legId, leg),
    });
    this.#legs.set(legId, leg);
    board.own(legId, leg);
    try {
      await requests.send(order);
    } catch (error) {
      leg.refused();
      this.#forget(legId, leg);
      // Unless Asterisk said no, it may have taken the order all the same.
      if (!(error instanceof AriRefusal)) await this.#delete(legId, 'normal').catch(() => undefined);
      throw error;
    }
    leg.taken();
  }

  /** Answers for a leg that an earlier run has left, until adopt() says to whom. */
  find(legId: string): ChannelOwner {
    const leg = new Leg({
      onEvent: () => {},
      onLateAnswer: (reason) => void this.#delete(legId, reason).catch(() => undefined),
      onGone: () => this.#forget(legId, leg),
    });
    leg.found();
    this.#legs.set(legId, leg);
    this.#settings.board.own(legId, leg);
    return leg;
  }

  adopt(legId: string, onEvent: (event: LegEvent) => void): void {
    const leg = this.#legs.get(legId);
    if (leg === undefined) onEvent({ kind: 'ended', end: 'unreachable', detail: 'gone before it was taken over' });
    else leg.adopt(onEvent);
  }

  async hangUp(legId: string, reason: LegHangUpReason): Promise<void> {
    const leg = this.#legs.get(legId);
    leg?.condemn(reason);
    // Bounded by the deadline of the order's request.
    await leg?.ordered;
    await this.#delete(legId, reason);
  }

  async #delete(legId: string, reason: LegHangUpReason): Promise<void> {
    try {
      await this.#settings.requests.send({
        method: 'DELETE',
        path: channelPath(legId),
        // Both versions obey the word; only 22 obeys a `reason_code`.
        query: { reason: reason === 'answered-elsewhere' ? 'answered_elsewhere' : 'normal' },
      });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  #forget(legId: string, leg: Leg): void {
    this.#settings.board.disown(legId, leg);
    if (this.#legs.get(legId) === leg) this.#legs.delete(legId);
  }
}
