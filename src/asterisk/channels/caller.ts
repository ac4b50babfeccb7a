/**
 * The caller's channel in our application. Every method rejects with CallerGone once the channel is gone, however we came to know it. Must never
 * touch the channel again once it is given back.
 */

import type { DialplanStatus } from '../../call/outcomes.ts';
import { partyOf } from '../../call/ports/party.ts';
import type { Caller, Hold, HoldNews, Party, Reading } from '../../call/ports.ts';
import { withoutEscapes } from '../../call/told-text.ts';
import { subscribeToChannels } from '../app/application.ts';
import type { ChannelOwner } from '../app/channel-owner.ts';
import { type OwnDialplan, STAYS } from '../app/own-dialplan.ts';
import { variableOrder } from '../app/variable-order.ts';
import { type AriRequests, HARMLESS, isGone } from '../ari/client.ts';
import { isIll } from '../ari/errors.ts';
import type { Channel, PlaybackEvent } from '../ari/events.ts';
import { CallerHold } from './caller-hold.ts';
import { CallerOrders } from './caller-orders.ts';
import { readCaller, type WhatToRead } from './caller-reading.ts';
import { Departure, type DepartureDeps } from './departure.ts';
import { askingWho } from './who-calls.ts';

export interface CallerDeps extends DepartureDeps {
  readonly ownDialplan: OwnDialplan;
}

/** What an earlier run of the router has left of a caller. */
export interface FoundCaller {
  /** How many holds the channel has had. */
  readonly held: number;
  /** Whether the channel's own end is heard, wherever it is by then. */
  readonly isHeard: boolean;
}

export class CallerChannel implements Caller, ChannelOwner {
  private currentId: string;
  private who: Party;
  readonly answered: boolean;
  readonly settled = true;
  private readonly requests: AriRequests;
  private readonly deps: CallerDeps;
  private ours = true;
  /** Somebody has looked at it. */
  private seen = false;
  /** Its events come beyond its stay in the application: that was asked for before it was known to be a caller. */
  private readonly isHeard: boolean;
  private readonly userId: string;
  private readonly hold: CallerHold;
  private readonly departure: Departure;
  private readonly orders: CallerOrders;
  private tellReplaced: (channelId: string) => void = () => {};

  /**
   * @param userId for whom it has come: the first argument of its Stasis()
   * @param found an earlier run of the router has had the channel
   */
  constructor(channel: Channel, userId: string, deps: CallerDeps, found?: FoundCaller) {
    this.currentId = channel.id;
    this.who = partyOf(withoutEscapes(channel.caller.name), channel.caller.number);
    this.answered = channel.state === 'Up';
    this.requests = deps.requests;
    this.deps = deps;
    this.userId = userId;
    const leaver = { owner: this, channelId: () => this.currentId, isOurs: () => this.ours };
    this.departure = new Departure(leaver, deps);
    this.orders = new CallerOrders(deps.requests, deps.app, leaver, this.departure);
    this.hold = new CallerHold(channel.id, deps.requests, deps.log, found?.held);
    this.isHeard = found?.isHeard === true;
    if (this.isHeard) this.departure.endIsHeard = Promise.resolve(true);
    deps.dispatcher.own(channel.id, this);
  }

  /** As far as Asterisk's events can tell; after the first look, whatever bytes there are in name and number. */
  get party(): Party {
    return this.who;
  }

  /** Another one after a transfer. */
  get channelId(): string {
    return this.currentId;
  }

  /** Whether nobody has looked at it yet, and it is still there. */
  get isUnseen(): boolean {
    return !this.seen && !this.left.aborted && this.ours;
  }

  get left(): AbortSignal {
    return this.departure.left;
  }

  whenReplaced(listener: (channelId: string) => void): void {
    this.tellReplaced = listener;
  }

  read(what: WhatToRead): Promise<Reading> {
    const isFirst = !this.seen;
    this.seen = true;
    // By themselves its events end as soon as it leaves the application, and its own end, and the cause of that, would go unheard.
    if (isFirst && !this.isHeard) this.listen();
    // Until its first look a caller stays with us for three seconds only: it comes before the company of others.
    const lane = isFirst ? 'urgent' : what.isPassing === true ? 'looks' : 'usual';
    const ask = (questions: readonly string[]) => this.orders.ask(questions, lane);
    const learn = (party: Party) => {
      this.who = party;
    };
    const askAlso = isFirst ? askingWho(this.who, ask, learn) : ask;
    return readCaller(what, askAlso, this.deps.ownDialplan, isFirst);
  }

  /** Asks for the channel's events beyond its stay in the application. */
  private listen(): void {
    const { requests, app } = this.deps;
    const channelId = this.currentId;
    this.departure.endIsHeard = subscribeToChannels(requests, app, [channelId]).then((heard) => heard.has(channelId));
  }

  /** A first look that was under way may have let the channel stay that has left, and not this one. */
  private letStay(): void {
    const { log } = this.deps;
    this.orders
      .ask([STAYS], 'urgent')
      .catch((error: unknown) => log.debug('could not let the newcomer stay', { error: String(error) }));
  }

  async write(variables: Readonly<Record<string, string>>): Promise<void> {
    await Promise.all(
      Object.entries(variables).map(([variable, value]) =>
        this.orders.send(variableOrder(this.currentId, variable, value)),
      ),
    );
  }

  async answer(): Promise<void> {
    await this.orders.send({ ...this.orders.order('POST', '/answer'), lane: 'urgent' });
  }

  async startHold(hold: Hold, onNews?: (news: HoldNews) => void): Promise<void> {
    await this.orders.throwUnlessHere();
    await this.hold.start(hold, (order) => this.orders.send(order), onNews);
  }

  async stopHold(): Promise<void> {
    if (this.ours && !this.left.aborted && this.departure.connected === undefined) await this.hold.stop();
  }

  async giveBack(status: DialplanStatus, reason: string): Promise<void> {
    await this.orders.throwUnlessHere();
    const told = this.currentId;
    await Promise.all([this.stopHold(), this.tellEnding({ XIVO_MAPP_STATUS: status, XIVO_MAPP_REASON: reason })]);
    await this.orders.throwUnlessHere();
    if (this.currentId !== told) return await this.giveBack(status, reason);
    this.ours = false;
    try {
      await this.orders.sendHere({ ...this.orders.order('POST', '/continue'), once: true, lane: 'urgent' });
    } catch (error) {
      this.ours = true;
      this.departure.seekAnew();
      if (isGone(error) && this.currentId !== told) return await this.giveBack(status, reason);
      // This order alone says by being refused that the channel is not ours to give. Nor may it be given twice where it has gone already.
      if (isGone(error) || this.departure.isAway) await this.departure.isFound();
      throw this.orders.across(error);
    }
    // From now on whoever comes with this channel is another visitor, also where the end of this visit goes unheard.
    this.deps.dispatcher.letGo(this.currentId, this, this.userId);
  }

  /**
   * All is taken before the last order, so that Asterisk works it off before that. A caller who goes on untold is rung anew by the dialplan, whatever
   * its ending was: so what was refused is told once more, as soon as Asterisk takes requests at all. Where it refuses this alone, the caller goes on
   * all the same.
   */
  private async tellEnding(variables: Readonly<Record<string, string>>): Promise<void> {
    const orders = Object.entries(variables).map(([name, value]) => variableOrder(this.currentId, name, value));
    const tell = () => Promise.allSettled(orders.map((order) => this.orders.send(order)));
    if ((await tell()).every(({ status }) => status === 'fulfilled')) return;
    // Not asked of the channel, which may be one that Asterisk cannot describe.
    await this.requests.send(HARMLESS).catch((error: unknown) => {
      if (isIll(error)) throw this.orders.across(error);
    });
    for (const told of await tell()) {
      if (told.status === 'rejected')
        this.deps.log.debug('could not tell the dialplan how the call ended', { error: String(told.reason) });
    }
  }

  async hangUp(): Promise<void> {
    // Wherever else it is by now, it is not ours to end.
    if (this.departure.isAway || this.departure.connected !== undefined || !this.ours) return;
    try {
      await this.orders.follow(this.orders.order('DELETE', ''));
    } catch (error) {
      if (!isGone(error) || !(await this.orders.hasLeft())) throw error;
      await this.departure.isFound();
    }
  }

  /** Not where it has come for another user: then it was away meanwhile, and that was not heard. */
  isFor([userId = '']: readonly string[]): boolean {
    return userId === this.userId;
  }

  get givenBack(): boolean {
    return !this.ours || this.departure.isAway;
  }

  /** A transfer: it is another channel now, with all that stood on this one. Its events end with its stay, so that they are asked for. */
  onReplaced(channel: Channel): void {
    const { log } = this.deps;
    log.info('another caller has taken the place of one who waited', {
      channel: channel.id,
      replaces: this.currentId,
    });
    this.currentId = channel.id;
    this.departure.replaced();
    this.tellReplaced(channel.id);
    if (this.seen || this.isHeard) this.listen();
    if (this.seen) this.letStay();
    this.hold
      .moveTo(channel.id)
      .catch((error: unknown) => log.debug('what the caller hears could not go on', { error: String(error) }));
  }

  onState(): void {}

  onEnd(): void {
    if (this.ours) void this.departure.hasGone();
    else this.departure.leave('the channel has left the application');
  }

  onComesAgain(): void {
    this.departure.moved();
  }

  onDestroyed(cause: number, words: string): void {
    this.departure.destroyed(cause, words);
  }

  onConnected(_legId: string, on: string): void {
    this.departure.wasConnected(on);
  }

  onPlayback(event: PlaybackEvent): void {
    if (this.ours && !this.left.aborted) this.hold.take(event);
  }
}
