/**
 * Legs towards contacts. The dispatcher knows a leg before its order leaves, and until Asterisk says that it is no more; an order is never sent
 * twice. A leg never comes to our application: it is heard of through its endpoint, whose events are asked for before the order and until the leg is
 * gone. Must never let a leg live that was to be hung up, whatever became of its order, unless somebody has answered it: then the dialplan decides.
 */
import { PbxError } from '../../call/errors.ts';
import type { Clock, DialRequest, LegEvent, LegHangUpReason, Legs, Log } from '../../call/ports.ts';
import type { Dispatcher } from '../app/dispatcher.ts';
import type { Subscriptions } from '../app/subscriptions.ts';
import { variableOrder } from '../app/variable-order.ts';
import { type AriRequests, isGone } from '../ari/client.ts';
import { CalledOff } from '../ari/exchange.ts';
import { endFollowed } from './followed.ts';
import { whereTo } from './forward.ts';
import { Leg } from './leg.ts';
import { catchUpOnLeg } from './leg-look.ts';
import { LEG_CALLER, mustBeEndpoint } from './leg-order.ts';
import { destinationOf, endLeg, OrderLost, orderLeg } from './order-leg.ts';

/** So long an order waits for an event connection to come back, in ms: most are found dead, and replaced, within that. */
const COMES_BACK_MS = 5_000;

export interface LegsSettings {
  readonly requests: AriRequests;
  readonly dispatcher: Dispatcher;
  readonly app: string;
  readonly log: Log;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly subscriptions: Subscriptions;
  /** Whether nothing is left to be made good after the last connect: until then subscriptions that we count on may be gone. */
  readonly isCaughtUp: () => boolean;
  /** What is wrong with the event connection, in words; undefined while events come. */
  readonly trouble: () => string | undefined;
}

interface Owned {
  readonly onEvent: (event: LegEvent) => void;
  readonly onGone: () => void;
  /** The endpoints that have sent on what it is. */
  readonly forwardedBy: readonly string[];
}

export class AriLegs implements Legs {
  private readonly settings: LegsSettings;
  private readonly legs = new Map<string, Leg>();
  /** Those that were under way when the connection came back: whoever caught up then could not know whether Asterisk had them. */
  private readonly doubted = new Set<Leg>();
  /** Aborts when the next event connection stands. */
  private back = new AbortController();

  constructor(settings: LegsSettings) {
    this.settings = settings;
  }

  async dial(request: DialRequest, onEvent: (event: LegEvent) => void): Promise<void> {
    const { requests, subscriptions, isCaughtUp } = this.settings;
    const { legId } = request;
    mustBeEndpoint(request);
    const hearing = new Hearing(subscriptions, request.contact.endpoint);
    const forget = () => {
      this.forget(legId, leg);
      hearing.close();
    };
    const leg = this.own(legId, { onEvent, onGone: forget, forwardedBy: request.forward?.by ?? [] });
    leg.callerId = request.forChannelId;
    leg.isForward = request.forward !== undefined;
    let orderedFor: string | undefined;
    try {
      await this.untilHeard(leg.calledOff);
      await hearing.open();
      const destination = await destinationOf(leg, request, requests);
      if (leg.calledOff.aborted) throw new CalledOff('called off before it was sent');
      orderedFor = leg.callerId;
      const ordered = await orderLeg(leg, { ...request, forChannelId: orderedFor }, destination, requests);
      if (ordered === 'unheard') this.doubted.add(leg);
    } catch (error) {
      // What was refused or called off at once, or never sent, Asterisk knows nothing of.
      leg.refused(!(error instanceof OrderLost));
      forget();
      throw error;
    }
    leg.taken();
    if (leg.callerId !== orderedFor) this.tellCaller(legId, leg.callerId);
    // One that goes through the dialplan is no endpoint's.
    if (this.doubted.delete(leg) || !isCaughtUp() || leg.isForward) this.catchUp(legId, leg);
  }

  private own(legId: string, { onEvent, onGone, forwardedBy }: Owned): Leg {
    const { dispatcher, requests } = this.settings;
    const leg = new Leg({
      onEvent,
      onGone,
      onConnected: (callerId, on) => dispatcher.connected(callerId, legId, on),
      onFollowed: (followed) => endFollowed(followed, this.settings),
      whereTo: (sent) => whereTo(sent, leg.callerId, forwardedBy, requests),
    });
    this.legs.set(legId, leg);
    dispatcher.own(legId, leg);
    return leg;
  }

  /** Resolves once events come. Rejects with PbxError where they do not come back, or nobody wants the leg any more. */
  private async untilHeard(calledOff: AbortSignal): Promise<void> {
    const { clock, trouble } = this.settings;
    if (trouble() === undefined) return;
    const over = AbortSignal.any([calledOff, this.back.signal]);
    await clock.sleep(COMES_BACK_MS, over).catch(() => undefined);
    if (calledOff.aborted) throw new CalledOff('called off while there was no connection to Asterisk');
    const words = trouble();
    if (words !== undefined) throw new PbxError(`not connected to Asterisk: ${words}`);
  }

  /** Beside whatever goes on. */
  private catchUp(legId: string, leg: Leg): void {
    const { requests, app, log } = this.settings;
    void catchUpOnLeg(requests, app, legId, leg).catch((error: unknown) =>
      log.debug('could not look at a leg', { legId, error: String(error) }),
    );
  }

  /** To be said of each new connection before anybody catches up: what was missed of legs that are just being ordered is looked up once they are. */
  reconnected(): void {
    for (const leg of this.legs.values()) if (!leg.settled) this.doubted.add(leg);
    this.back.abort();
    this.back = new AbortController();
  }

  /** No connection comes any more, and no leg waits for one. */
  close(): void {
    this.back.abort();
  }

  /** Answers for a leg that an earlier run has left, until adopt() says to whom. */
  find(legId: string): Leg {
    const onGone = () => this.forget(legId, leg);
    const leg = this.own(legId, { onEvent: () => {}, onGone, forwardedBy: [] });
    leg.found();
    return leg;
  }

  /** Another channel has taken a caller's place: whoever answers is to be connected with that one. An order that is under way is told once it is taken. */
  callerReplaced(replacedId: string, channelId: string): void {
    for (const [legId, leg] of this.legs) {
      if (leg.callerId !== replacedId) continue;
      leg.callerId = channelId;
      this.tellCaller(legId, channelId);
    }
  }

  /** To the dialplan of the leg, which looks for its caller again as long as it does not find it. */
  private tellCaller(legId: string, channelId: string): void {
    const { requests, log } = this.settings;
    requests.send(variableOrder(legId, LEG_CALLER, channelId)).catch((error: unknown) => {
      if (!isGone(error)) log.warn('a leg could not be told of the new caller', { legId, error: String(error) });
    });
  }

  adopt(legId: string, onEvent: (event: LegEvent) => void): void {
    const leg = this.legs.get(legId);
    if (leg === undefined) onEvent({ kind: 'ended', end: 'unreachable', detail: 'gone before it was taken over' });
    else leg.adopt(onEvent);
  }

  /** A caller was found to talk to it. False where it is none that we know. */
  connected(legId: string, on: string, callerId: string): boolean {
    const leg = this.legs.get(legId);
    leg?.onConnectedTo(`${on} ${callerId}`);
    return leg !== undefined;
  }

  async hangUp(legId: string, reason: LegHangUpReason): Promise<void> {
    const leg = this.legs.get(legId);
    leg?.callOff();
    // Bounded by the deadline of the order's request.
    await leg?.ordered;
    if (leg?.isUnknownToAsterisk === true) return;
    // Whoever has answered is connected by the dialplan, or hung up by it, as the caller is there or not; unless another was faster.
    if (leg?.isConnected === true || (leg?.isAnswered === true && reason !== 'answered-elsewhere')) return;
    leg?.hungUp();
    await endLeg(this.settings.requests, legId, reason);
  }

  private forget(legId: string, leg: Leg): void {
    this.settings.dispatcher.disown(legId, leg);
    this.doubted.delete(leg);
    if (this.legs.get(legId) === leg) this.legs.delete(legId);
  }
}

/** One leg's share of its endpoint's events. */
class Hearing {
  private readonly subscriptions: Subscriptions;
  private readonly endpoint: string;
  private isOpen = false;

  constructor(subscriptions: Subscriptions, endpoint: string) {
    this.subscriptions = subscriptions;
    this.endpoint = endpoint;
  }

  /** Resolves once events come. Rejects with PbxError. */
  async open(): Promise<void> {
    this.isOpen = true;
    await this.subscriptions.add(this.endpoint);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    void this.subscriptions.remove(this.endpoint);
  }
}
