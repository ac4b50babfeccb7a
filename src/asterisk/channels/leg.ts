/**
 * One leg, from its order to its end. Events are held back until Asterisk has taken the order, so that a refused order has none, or somebody has
 * answered, who proves that it has; then each comes once, and `ended` last. From its answer on it is the dialplan's, which connects it or hangs it
 * up.
 */
import type { Forward, LegEndKind, LegEvent } from '../../call/ports.ts';
import type { ChannelOwner, Followed, SentOn } from '../app/channel-owner.ts';
import { readConnectedTo } from '../app/own-dialplan.ts';
import { endDetail, legEndOf } from './hangup-causes.ts';

export interface LegDeps {
  readonly onEvent: (event: LegEvent) => void;
  /** The dialplan has sent this caller to it, which was answered on that. */
  readonly onConnected: (callerId: string, on: string) => void;
  readonly onGone: () => void;
  /** Asterisk has followed by itself where its phone has sent the call on. */
  readonly onFollowed: (followed: Followed) => void;
  /** Where its phone has sent the call on to, or why that is not followed. Never rejects. */
  readonly whereTo: (sent: SentOn) => Promise<Forward | string>;
}

export class Leg implements ChannelOwner {
  private readonly deps: LegDeps;
  private onEvent: (event: LegEvent) => void;
  private readonly order = Promise.withResolvers<void>();
  private held: LegEvent[] | undefined = [];
  private rang = false;
  private answered = false;
  private connected = false;
  private ended = false;
  private isHungUp = false;
  private isRefused = false;
  private sentOn: SentOn | undefined;
  private isFound = false;
  private wasNeverThere = false;
  private readonly callingOff = new AbortController();
  /** The channel of the caller with whom it is to be connected; '' where that is not known. */
  callerId = '';
  /** It goes through the dialplan to where a phone has sent the call on: how that ends is nobody's word about his own phone. */
  isForward = false;

  constructor(deps: LegDeps) {
    this.deps = deps;
    this.onEvent = deps.onEvent;
  }

  get settled(): boolean {
    return this.held === undefined;
  }

  /** Resolves once the order is taken or refused. Never rejects. */
  get ordered(): Promise<void> {
    return this.order.promise;
  }

  /** There is no such channel, and was none. */
  get isUnknownToAsterisk(): boolean {
    return this.wasNeverThere;
  }

  /** Somebody has answered it. */
  get isAnswered(): boolean {
    return this.answered;
  }

  /** Something has happened to it, so that Asterisk has had the order. */
  get isHeardOf(): boolean {
    return this.answered || this.held?.length !== 0;
  }

  /** It talks to the caller, or has. */
  get isConnected(): boolean {
    return this.connected;
  }

  /** Asterisk has taken the order. */
  taken(): void {
    const held = this.held ?? [];
    this.held = undefined;
    this.order.resolve();
    for (const event of held) this.onEvent(event);
  }

  /** An earlier run has ordered it: no order is waited for, and events are held back until somebody takes it over. */
  found(): void {
    this.isFound = true;
    this.order.resolve();
  }

  /** A leg that an earlier run has left is taken over: what was held back since it was found is told now. */
  adopt(onEvent: (event: LegEvent) => void): void {
    this.onEvent = onEvent;
    this.taken();
  }

  /** Asterisk has refused the order, or nobody knows: no event follows. @param isKnown Asterisk has said so, or was never asked */
  refused(isKnown: boolean): void {
    this.ended = true;
    this.wasNeverThere = isKnown;
    this.held = [];
    this.order.resolve();
  }

  /** Aborts when nobody wants it any more: an order that has not been sent yet need not be. */
  get calledOff(): AbortSignal {
    return this.callingOff.signal;
  }

  callOff(): void {
    this.callingOff.abort();
  }

  /** Its end is ordered. */
  hungUp(): void {
    this.isHungUp = true;
  }

  onState(state: string): void {
    if (state === 'Ringing' && !this.rang && !this.answered) {
      this.rang = true;
      this.emit({ kind: 'ringing' });
    }
    if (state === 'Up' && !this.answered) {
      this.answered = true;
      // However late the order's own answer is.
      if (!this.isFound) this.taken();
      this.emit({ kind: 'answered' });
    }
  }

  onForwarded(sent: SentOn): void {
    this.sentOn = sent;
    if (sent.followed !== undefined) this.deps.onFollowed(sent.followed);
  }

  onRefused(): void {
    this.isRefused = true;
  }

  /** The dialplan has said that it connects the leg. '' where it has not. */
  onConnectedTo(value: string): void {
    const to = readConnectedTo(value);
    if (this.connected || to === undefined) return;
    this.onState('Up');
    this.connected = true;
    this.deps.onConnected(to.callerId, to.on);
    this.emit({ kind: 'connected', pickedUp: to.on === 'picked-up' });
  }

  /** Whoever comes to our application with this channel has been transferred, and is a caller. */
  isFor(): boolean {
    return false;
  }

  onComesAgain(): void {
    this.onDestroyed(0, 'it calls somebody by itself now');
  }

  onEnd(): void {}

  onDestroyed(cause: number, words: string, sipStatus?: number): void {
    this.deps.onGone();
    const known = {
      answered: this.answered,
      rang: this.rang,
      hungUpByUs: this.isHungUp,
      refused: this.isRefused,
      isForward: this.isForward,
    };
    const end = legEndOf(cause, known, sipStatus);
    const detail = endDetail(cause, words, sipStatus);
    if (this.sentOn === undefined || this.isHungUp || this.callingOff.signal.aborted) this.end(end, detail);
    else void this.follow(this.sentOn, detail);
  }

  /** It lives, for those who hear of it, until it is known where it goes on: nobody is to take the call for lost in between. */
  private async follow(sent: SentOn, detail: string): Promise<void> {
    const forward = await this.deps.whereTo(sent);
    if (typeof forward !== 'string') this.end('forwarded', detail, forward);
    else this.end('unreachable', `${detail}, sent on to ${sent.target}, which is not followed: ${forward}`);
  }

  private end(end: LegEndKind, detail: string, forward?: Forward): void {
    this.emit({ kind: 'ended', end, detail, ...(forward === undefined ? {} : { forward }) });
    this.ended = true;
  }

  private emit(event: LegEvent): void {
    if (this.ended) return;
    if (this.held !== undefined) this.held.push(event);
    else this.onEvent(event);
  }
}
