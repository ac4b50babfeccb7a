/**
 * Legs towards contacts. The switchboard knows a leg before its order leaves, and until Asterisk says that it is no more; an order is never sent twice. A leg that goes by way of the
 * dialplan is heard of through its endpoint, whose events are asked for before the order and until the leg is gone: of a leg that leaves our application Asterisk
 * tells nothing more. Must never let a leg live that was to be hung up, whatever became of its order.
 */
import { PbxError } from '../call/errors.ts';
import type { DialRequest, LegEvent, LegHangUpReason, Legs, Log } from '../call/ports.ts';
import { channelPath } from './channel-ids.ts';
import { Leg } from './leg.ts';
import type { LegContext } from './leg-context.ts';
import { catchUpOnLeg } from './leg-look.ts';
import { legOrder } from './leg-order.ts';
import { AriRefusal, type AriRequests, isGone } from './requests.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Switchboard } from './switchboard.ts';

export interface LegsSettings {
  readonly requests: AriRequests;
  readonly board: Switchboard;
  readonly app: string;
  readonly log: Log;
  readonly subscriptions: Subscriptions;
  readonly legContext: LegContext;
  /** Whether nothing is left to be made good after the last connect: until then subscriptions that we count on may be gone. */
  readonly isCaughtUp: () => boolean;
  /** What is wrong with the event connection, in words; undefined while events come. */
  readonly trouble: () => string | undefined;
}

export class AriLegs implements Legs {
  readonly #settings: LegsSettings;
  readonly #legs = new Map<string, Leg>();
  /** Those that were under way when the connection came back: whoever caught up then could not know whether Asterisk had them. */
  readonly #doubted = new Set<Leg>();

  constructor(settings: LegsSettings) {
    this.#settings = settings;
  }

  async dial(request: DialRequest, onEvent: (event: LegEvent) => void): Promise<void> {
    const { requests, board, app, log, trouble, subscriptions, legContext, isCaughtUp } = this.#settings;
    const { legId } = request;
    // Without the event connection nobody would hear of the leg, and it could be dropped when it answers.
    const words = trouble();
    if (words !== undefined) throw new PbxError(`not connected to Asterisk: ${words}`);
    const way = legContext.exists && isCaughtUp() ? 'dialplan' : 'application';
    let order = legOrder(request, app, way);
    const hearing = new Hearing(subscriptions, request.contact.endpoint);
    const forget = () => {
      this.#forget(legId, leg);
      hearing.close();
    };
    const leg = new Leg({
      onEvent,
      onLateAnswer: (reason) => void this.#delete(legId, reason).catch(() => undefined),
      onGone: forget,
    });
    this.#legs.set(legId, leg);
    board.own(legId, leg);
    try {
      if (way === 'dialplan' && !(await hearing.open())) order = legOrder(request, app, 'application');
      await requests.send(order);
    } catch (error) {
      leg.refused();
      forget();
      // Unless Asterisk said no, it may have taken the order all the same.
      if (!(error instanceof AriRefusal)) await this.#delete(legId, 'normal').catch(() => undefined);
      throw error;
    }
    leg.taken();
    if (!this.#doubted.delete(leg)) return;
    void catchUpOnLeg(requests, app, legId, leg).catch((error: unknown) =>
      log.debug('could not look at a leg', { legId, error: String(error) }),
    );
  }

  /** To be said of each new connection before anybody catches up: what was missed of legs that are just being ordered is looked up once they are. */
  connected(): void {
    for (const leg of this.#legs.values()) if (!leg.settled) this.#doubted.add(leg);
  }

  /** Answers for a leg that an earlier run has left, until adopt() says to whom. */
  find(legId: string): Leg {
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
    this.#doubted.delete(leg);
    if (this.#legs.get(legId) === leg) this.#legs.delete(legId);
  }
}

/** One leg's share of its endpoint's events. */
class Hearing {
  readonly #subscriptions: Subscriptions;
  readonly #endpoint: string;
  #isOpen = false;

  constructor(subscriptions: Subscriptions, endpoint: string) {
    this.#subscriptions = subscriptions;
    this.#endpoint = endpoint;
  }

  /** Resolves with whether events come. Never rejects. */
  async open(): Promise<boolean> {
    this.#isOpen = true;
    const comes = this.#subscriptions.add(this.#endpoint).then(
      () => true,
      () => false,
    );
    if (!(await comes)) this.close();
    return this.#isOpen;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    void this.#subscriptions.remove(this.#endpoint);
  }
}
