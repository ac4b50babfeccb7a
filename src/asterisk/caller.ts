/**
 * The caller's channel in our application. Every method rejects with CallerGone once the channel is gone, however we came to know it. Must never
 * touch the channel again once it is given back.
 */
import { CallerAnswered, CallerGone, type HowLeft, PbxError } from '../call/errors.ts';
import { readAnsweredOn } from '../call/outcomes.ts';
import { partyOf } from '../call/party.ts';
import type { Caller, Clock, DialplanStatus, Hold, HoldNews, Log, Party, Reading } from '../call/ports.ts';
import { subscribeToChannels } from './application.ts';
import { CallerHold } from './caller-hold.ts';
import { readCaller, type WhatToRead } from './caller-reading.ts';
import { ANSWERED_ELSEWHERE } from './causes.ts';
import { channelPath } from './channel-ids.ts';
import { hasLeftUs } from './channel-look.ts';
import type { Channel, PlaybackEvent } from './events.ts';
import type { Lane } from './lanes.ts';
import type { OwnDialplan } from './own-dialplan.ts';
import { ask } from './question.ts';
import { isIll } from './refusal.ts';
import { type AriOrder, type AriRequests, HARMLESS, isGone } from './requests.ts';
import type { ChannelOwner, Switchboard } from './switchboard.ts';
import { variableOrder } from './variable-order.ts';
import { whereIs } from './whereabouts.ts';

export interface CallerPorts {
  readonly requests: AriRequests;
  readonly app: string;
  readonly board: Switchboard;
  readonly ownDialplan: OwnDialplan;
  /** Told where a leg is connected with the caller, and nobody has heard of it. */
  readonly onConnected: (legId: string, on: string) => boolean;
  readonly log: Log;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** How much later than its leaving the cause of a caller's end may be told, in ms. */
const WORD_COMES_MS = 250;
/** For how long an order waits until it is known where the caller has gone, in ms. */
const FOUND_WITHIN_MS = 5_000;

export class CallerChannel implements Caller, ChannelOwner {
  #channelId: string;
  readonly party: Party;
  readonly answered: boolean;
  readonly left: AbortSignal;
  readonly settled = true;
  readonly #requests: AriRequests;
  readonly #ports: CallerPorts;
  readonly #leaving = new AbortController();
  #ours = true;
  /** Somebody has looked at it. */
  #seen = false;
  /** Whether it has left the application, as far as was heard. */
  #away = false;
  readonly #userId: string;
  readonly #hold: CallerHold;
  #look: Promise<boolean> | undefined;
  /** It has left the application, and it is being found out where it has gone. */
  #search: Promise<void> | undefined;
  /** Set once the dialplan has sent it to a leg. */
  #connected: CallerGone | undefined;
  #onReplaced: (channelId: string) => void = () => {};
  /** Why its channel was hung up, as far as was heard: Asterisk's cause. */
  #cause = 0;

  /**
   * @param userId for whom it has come: the first argument of its Stasis()
   * @param held an earlier run of the router has had the channel, and this is what it may have left playing: what heldIn() says
   */
  constructor(channel: Channel, userId: string, ports: CallerPorts, held?: number) {
    this.#channelId = channel.id;
    this.party = partyOf(unescaped(channel.caller.name), channel.caller.number);
    this.answered = channel.state === 'Up';
    this.left = this.#leaving.signal;
    this.#requests = ports.requests;
    this.#ports = ports;
    this.#userId = userId;
    this.#hold = new CallerHold(channel.id, ports.requests, ports.log, held);
    ports.board.own(channel.id, this);
  }

  /** Another one after a transfer. */
  get channelId(): string {
    return this.#channelId;
  }

  whenReplaced(listener: (channelId: string) => void): void {
    this.#onReplaced = listener;
  }

  read(what: WhatToRead): Promise<Reading> {
    const isFirst = !this.#seen;
    this.#seen = true;
    // By themselves its events end as soon as it leaves the application, and its own end, and the cause of that, would go unheard.
    if (isFirst) void subscribeToChannels(this.#requests, this.#ports.app, [this.#channelId]);
    // Until its first look a caller stays with us for three seconds only: it comes before the company of others.
    const lane = isFirst ? 'urgent' : 'usual';
    return readCaller(what, (questions) => this.#ask(questions, lane), this.#ports.ownDialplan, isFirst);
  }

  async write(variables: Readonly<Record<string, string>>): Promise<void> {
    await Promise.all(
      Object.entries(variables).map(([variable, value]) => this.#send(variableOrder(this.#channelId, variable, value))),
    );
  }

  async answer(): Promise<void> {
    await this.#send({ ...this.#order('POST', '/answer'), lane: 'urgent' });
  }

  async startHold(hold: Hold, onNews?: (news: HoldNews) => void): Promise<void> {
    await this.#throwUnlessHere();
    await this.#hold.start(hold, (order) => this.#send(order), onNews);
  }

  async stopHold(): Promise<void> {
    if (this.#ours && !this.left.aborted && this.#connected === undefined) await this.#hold.stop();
  }

  async giveBack(status: DialplanStatus, reason: string): Promise<void> {
    await this.#throwUnlessHere();
    await Promise.all([this.stopHold(), this.#tellEnding({ XIVO_MAPP_STATUS: status, XIVO_MAPP_REASON: reason })]);
    await this.#throwUnlessHere();
    this.#ours = false;
    try {
      await this.#follow({ ...this.#order('POST', '/continue'), once: true });
    } catch (error) {
      this.#ours = true;
      // What was found out meanwhile was of a channel that is not ours, and changed nothing.
      this.#search = undefined;
      // This order alone says by being refused that the channel is not ours to give. Nor may it be given twice where it has gone already.
      if (isGone(error) || this.#away) await this.#isFound();
      throw this.#across(error);
    }
    // From now on whoever comes with this channel is another visitor, also where the end of this visit goes unheard.
    this.#ports.board.letGo(this.#channelId, this, this.#userId);
  }

  /**
   * All is taken before the last order, so that Asterisk works it off before that. A caller who goes on untold is rung anew by the dialplan, whatever its ending was: so what was refused
   * is told once more, as soon as Asterisk takes requests at all. Where it refuses this alone, the caller goes on all the same.
   */
  async #tellEnding(variables: Readonly<Record<string, string>>): Promise<void> {
    const orders = Object.entries(variables).map(([name, value]) => variableOrder(this.#channelId, name, value));
    const tell = () => Promise.allSettled(orders.map((order) => this.#send(order)));
    if ((await tell()).every(({ status }) => status === 'fulfilled')) return;
    // Not asked of the channel, which may be one that Asterisk cannot describe.
    await this.#requests.send(HARMLESS).catch((error: unknown) => {
      if (isIll(error)) throw this.#across(error);
    });
    for (const told of await tell()) {
      if (told.status === 'rejected')
        this.#ports.log.debug('could not tell the dialplan how the call ended', { error: String(told.reason) });
    }
  }

  async hangUp(): Promise<void> {
    // Wherever else it is by now, it is not ours to end.
    if (this.#away || this.#connected !== undefined || !this.#ours) return;
    try {
      await this.#follow(this.#order('DELETE', ''));
    } catch (error) {
      if (!isGone(error) || !(await this.#hasLeft())) throw error;
      await this.#isFound();
    }
  }

  /** Not where it has come for another user: then it was away meanwhile, and that was not heard. */
  isFor([userId = '']: readonly string[]): boolean {
    return userId === this.#userId;
  }

  get givenBack(): boolean {
    return !this.#ours || this.#away;
  }

  /** A transfer: it is another channel now, with all that stood on this one. Its events end with its stay, so that they are asked for. */
  onReplaced(channel: Channel): void {
    const { requests, app, log } = this.#ports;
    log.info('another caller has taken the place of one who waited', {
      channel: channel.id,
      replaces: this.#channelId,
    });
    this.#channelId = channel.id;
    this.#onReplaced(channel.id);
    if (this.#seen) void subscribeToChannels(requests, app, [channel.id]);
    this.#hold
      .moveTo(channel.id)
      .catch((error: unknown) => log.debug('what the caller hears could not go on', { error: String(error) }));
  }

  onStart(): void {}

  onState(): void {}

  onEnd(): void {
    if (this.#ours) void this.#hasGone();
    else this.#leave('the channel has left the application');
  }

  onComesAgain(): void {
    this.#leave('the channel was moved to another place in the dialplan', 'moved');
  }

  onDestroyed(cause: number, words: string): void {
    this.#cause = cause;
    this.#leave(`the caller has left (${cause} ${words})`);
  }

  onConnected(_legId: string, on: string): void {
    const answeredOn = readAnsweredOn(on);
    this.#connected ??=
      answeredOn === undefined
        ? new CallerGone('the caller talks to whoever has answered')
        : new CallerAnswered(answeredOn);
  }

  onPlayback(event: PlaybackEvent): void {
    if (this.#ours && !this.left.aborted) this.#hold.take(event);
  }

  /** It is not in our application any more: it talks to a leg, and is watched until it is gone, or it has left. */
  #hasGone(): Promise<void> {
    this.#away = true;
    this.#search ??= this.#ours ? this.#seek() : Promise.resolve();
    return this.#search;
  }

  /** Until it is known where it has gone, but not for ever. Never rejects. */
  async #isFound(): Promise<void> {
    const enough = new AbortController();
    const late = this.#ports.clock.sleep(FOUND_WITHIN_MS, enough.signal).catch(() => undefined);
    await Promise.race([this.#hasGone(), late]);
    enough.abort();
  }

  /** Never rejects. */
  async #seek(): Promise<void> {
    const channelId = this.#channelId;
    const { requests, app, log, board, onConnected } = this.#ports;
    // Its end was heard while it was being given back, and then it was no longer listened to.
    if (!board.isOwned(channelId)) board.own(channelId, this);
    const isConnected = () => this.#connected !== undefined;
    const found = await whereIs({ requests, app, channelId, log, isConnected, isOver: () => this.left.aborted });
    if (this.left.aborted) return;
    if (found.kind === 'connected') {
      const isKnown = this.#connected !== undefined || onConnected(found.legId, found.on);
      this.onConnected(found.legId, found.on);
      // A colleague's channel, which has taken the leg's place: of that one nothing more is told.
      if (!isKnown) this.#leaving.abort(this.#connected);
      if (found.isOver) this.#leave('the caller has left');
    } else if (found.kind === 'gone') {
      // Its cause is told by another event, which may come later than that it has left.
      await this.#ports.clock.sleep(this.#cause === 0 ? WORD_COMES_MS : 0, this.left).catch(() => undefined);
      this.#leave('the caller has left');
    } else if (found.kind === 'moved' && this.#connected === undefined)
      this.#leave('the channel was moved to another place in the dialplan', 'moved');
  }

  #leave(detail: string, how: HowLeft = this.#cause === ANSWERED_ELSEWHERE ? 'answered-elsewhere' : 'hung-up'): void {
    this.#ports.board.disown(this.#channelId, this);
    this.#away = true;
    if (this.#ours && !this.left.aborted) this.#leaving.abort(new CallerGone(detail, how));
  }

  #throwIfGone(): void {
    this.left.throwIfAborted();
    if (this.#connected !== undefined) throw this.#connected;
    if (!this.#ours) throw new CallerGone('the caller has been given back');
  }

  /** What has left may have come again as another visit, which must not be touched. */
  async #throwUnlessHere(): Promise<void> {
    if (this.#away && this.#ours) await this.#isFound();
    this.#throwIfGone();
    if (this.#away)
      throw new PbxError('the caller is not with us any more, and Asterisk does not say where it has gone');
  }

  #ask(questions: readonly string[], lane: Lane): Promise<string[]> {
    return this.#guard(() => ask(this.#requests, this.#channelId, questions, lane));
  }

  async #send(order: AriOrder): Promise<void> {
    await this.#guard(() => this.#follow(order));
  }

  /** An order to a channel that is replaced meanwhile is given to the one that has taken its place. */
  async #follow(order: AriOrder): Promise<void> {
    const before = this.#channelId;
    try {
      await this.#requests.send(order);
    } catch (error) {
      if (!isGone(error) || before === this.#channelId) throw error;
      await this.#follow({ ...order, path: order.path.replace(channelPath(before), channelPath(this.#channelId)) });
    }
  }

  async #guard<T>(act: () => Promise<T>): Promise<T> {
    await this.#throwUnlessHere();
    try {
      return await act();
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** The error to throw across the port. What is not found may be something else than the channel: then it is looked at. */
  async #explain(error: unknown): Promise<unknown> {
    if (isGone(error) && !this.left.aborted && (await this.#hasLeft())) await this.#isFound();
    return this.#across(error);
  }

  #across(error: unknown): unknown {
    if (this.left.aborted) return this.left.reason;
    if (this.#connected !== undefined) return this.#connected;
    return error instanceof PbxError ? error : new PbxError(String(error));
  }

  /** One look for all that are not found at the same time. */
  #hasLeft(): Promise<boolean> {
    const { requests, app } = this.#ports;
    this.#look ??= hasLeftUs(requests, app, this.#channelId).finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  #order(method: 'POST' | 'DELETE', below: string): AriOrder {
    return { method, path: channelPath(this.#channelId, below) };
  }
}

/** Asterisk keeps a name from SIP as it stood between the quotes, escapes included. */
function unescaped(name: string): string {
  return name.replace(/\\(["\\])/g, '$1');
}
