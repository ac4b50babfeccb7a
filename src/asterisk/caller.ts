/**
 * The caller's channel in our application. Every method rejects with CallerGone once the channel is gone, however we came to know it. Must never
 * touch the channel again once it is given back.
 */
import { CallerGone, PbxError } from '../call/errors.ts';
import { partyOf } from '../call/party.ts';
import type { Caller, DialplanStatus, Hold, HoldNews, Log, Party, Reading } from '../call/ports.ts';
import { CallerHold } from './caller-hold.ts';
import { readCaller, type WhatToRead } from './caller-reading.ts';
import { channelPath } from './channel-ids.ts';
import { hasLeftUs } from './channel-look.ts';
import type { Channel, PlaybackEvent } from './events.ts';
import type { LegContext } from './leg-context.ts';
import { ask } from './question.ts';
import { isIll } from './refusal.ts';
import { type AriOrder, type AriRequests, HARMLESS, isGone } from './requests.ts';
import type { ChannelOwner, Switchboard } from './switchboard.ts';
import { variableOrder } from './variable-order.ts';

export interface CallerPorts {
  readonly requests: AriRequests;
  readonly app: string;
  readonly board: Switchboard;
  readonly legContext: LegContext;
  readonly log: Log;
}

export class CallerChannel implements Caller, ChannelOwner {
  readonly channelId: string;
  readonly party: Party;
  readonly answered: boolean;
  readonly left: AbortSignal;
  readonly settled = true;
  readonly #requests: AriRequests;
  readonly #ports: CallerPorts;
  readonly #leaving = new AbortController();
  /** The way into the call's bridge; what it shall hear is ordered after it. Never rejects. */
  joining: Promise<void> = Promise.resolve();
  #ours = true;
  /** Whether it has left the application, as far as was heard. */
  #away = false;
  readonly #userId: string;
  readonly #hold: CallerHold;
  #look: Promise<boolean> | undefined;

  /**
   * @param userId for whom it has come: the first argument of its Stasis()
   * @param held an earlier run of the router has had the channel, and this is what it may have left playing: what heldIn() says
   */
  constructor(channel: Channel, userId: string, ports: CallerPorts, held?: number) {
    this.channelId = channel.id;
    this.party = partyOf(unescaped(channel.caller.name), channel.caller.number);
    this.answered = channel.state === 'Up';
    this.left = this.#leaving.signal;
    this.#requests = ports.requests;
    this.#ports = ports;
    this.#userId = userId;
    this.#hold = new CallerHold(channel.id, ports.requests, ports.log, held);
    ports.board.own(channel.id, this);
  }

  read(what: WhatToRead): Promise<Reading> {
    return readCaller(what, (questions) => this.#ask(questions), this.#ports.legContext);
  }

  async write(variables: Readonly<Record<string, string>>): Promise<void> {
    await Promise.all(
      Object.entries(variables).map(([variable, value]) => this.#send(variableOrder(this.channelId, variable, value))),
    );
  }

  async answer(): Promise<void> {
    await this.#send({ ...this.#order('POST', '/answer'), lane: 'urgent' });
  }

  async startHold(hold: Hold, onNews?: (news: HoldNews) => void): Promise<void> {
    this.#throwIfGone();
    await this.#hold.start(hold, this.joining, (order) => this.#send(order), onNews);
  }

  async stopHold(): Promise<void> {
    if (this.#ours && !this.left.aborted) await this.#hold.stop();
  }

  async giveBack(status: DialplanStatus, reason: string): Promise<void> {
    this.#throwIfGone();
    await Promise.all([this.stopHold(), this.#tellEnding({ XIVO_MAPP_STATUS: status, XIVO_MAPP_REASON: reason })]);
    this.#throwIfGone();
    this.#ours = false;
    try {
      await this.#requests.send({ ...this.#order('POST', '/continue'), once: true });
    } catch (error) {
      this.#ours = true;
      // This order alone says by being refused that the channel is not ours to give. Nor may it be given twice where it has gone already.
      if (isGone(error) || this.#away) this.#leave('the caller has left');
      throw this.#across(error);
    }
    // From now on whoever comes with this channel is another visitor, also where the end of this visit goes unheard.
    this.#ports.board.letGo(this.channelId, this, this.#userId);
  }

  /**
   * All is taken before the last order, so that Asterisk works it off before that. A caller who goes on untold is rung anew by the dialplan, whatever its ending was: so what was refused
   * is told once more, as soon as Asterisk takes requests at all. Where it refuses this alone, the caller goes on all the same.
   */
  async #tellEnding(variables: Readonly<Record<string, string>>): Promise<void> {
    const orders = Object.entries(variables).map(([name, value]) => variableOrder(this.channelId, name, value));
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
    if (this.left.aborted || !this.#ours) return;
    try {
      await this.#requests.send(this.#order('DELETE', ''));
    } catch (error) {
      if (!isGone(error) || !(await this.#hasLeft())) throw error;
      this.#leave('the caller has left');
    }
  }

  /** Not where it has come for another user: then it was away meanwhile, and that was not heard. */
  isFor([userId = '']: readonly string[]): boolean {
    return userId === this.#userId;
  }

  get givenBack(): boolean {
    return !this.#ours;
  }

  onStart(): void {}

  onState(): void {}

  onEnd(): void {
    this.#leave('the channel has left the application');
  }

  onDestroyed(cause: number, words: string): void {
    this.#leave(`the caller has left (${cause} ${words})`);
  }

  onPlayback(event: PlaybackEvent): void {
    if (this.#ours && !this.left.aborted) this.#hold.take(event);
  }

  #leave(detail: string): void {
    this.#ports.board.disown(this.channelId, this);
    this.#away = true;
    if (this.#ours && !this.left.aborted) this.#leaving.abort(new CallerGone(detail));
  }

  #throwIfGone(): void {
    this.left.throwIfAborted();
    if (!this.#ours) throw new CallerGone('the caller has been given back');
  }

  #ask(questions: readonly string[]): Promise<string[]> {
    return this.#guard(() => ask(this.#requests, this.channelId, questions));
  }

  async #send(order: AriOrder): Promise<void> {
    await this.#guard(() => this.#requests.send(order));
  }

  async #guard<T>(act: () => Promise<T>): Promise<T> {
    this.#throwIfGone();
    try {
      return await act();
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** The error to throw across the port. What is not found may be something else than the channel: then it is looked at. */
  async #explain(error: unknown): Promise<unknown> {
    if (isGone(error) && !this.left.aborted && (await this.#hasLeft())) this.#leave('the caller has left');
    return this.#across(error);
  }

  #across(error: unknown): unknown {
    if (this.left.aborted) return this.left.reason;
    return error instanceof PbxError ? error : new PbxError(String(error));
  }

  /** One look for all that are not found at the same time. */
  #hasLeft(): Promise<boolean> {
    const { requests, app } = this.#ports;
    this.#look ??= hasLeftUs(requests, app, this.channelId).finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  #order(method: 'POST' | 'DELETE', below: string): AriOrder {
    return { method, path: channelPath(this.channelId, below) };
  }
}

/** Asterisk keeps a name from SIP as it stood between the quotes, escapes included. */
function unescaped(name: string): string {
  return name.replace(/\\(["\\])/g, '$1');
}
