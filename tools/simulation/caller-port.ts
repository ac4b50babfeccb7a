/**
 * The Caller as the router has it, over a channel in the exchange. It knows of the caller's leaving only by an event, or when Asterisk refuses an order for a channel
 * that is gone, and then finds out where it has gone; and it may be told so late. Must behave as the real one does, down to what is stopped before what.
 */

import type { ChannelOwner } from '../../src/asterisk/app/channel-owner.ts';
import type { Dispatcher } from '../../src/asterisk/app/dispatcher.ts';
import { CallerAnswered, CallerGone, type HowLeft, PbxError } from '../../src/call/errors.ts';
import type { DialplanStatus } from '../../src/call/outcomes.ts';
import { readAnsweredOn } from '../../src/call/outcomes.ts';
import type { Caller, Contact, Hold, Party, Reading } from '../../src/call/ports.ts';
import type { CallerChannel } from './caller-channel.ts';
import type { Orders } from './orders.ts';
import type { PortName } from './world-plan.ts';

/** What a channel can be asked. */
export interface Asked {
  readonly variables: ReadonlyMap<string, string>;
  readonly globals: ReadonlyMap<string, string>;
  readonly contactsOf: (endpoints: readonly string[]) => readonly Contact[];
  readonly messageMs: number;
}

interface CallerWorld {
  readonly orders: Orders;
  readonly asked: Asked;
  readonly nowMs: () => number;
  readonly dispatcher: Dispatcher;
  /** Told where a leg is connected with the caller, and nobody has heard of it. */
  readonly onConnected: (legId: string, on: string, callerId: string) => void;
  readonly subscribe: (channelId: string) => void;
  /** The caller comes out of the application: true where it goes to whoever has answered in this very moment. */
  readonly comesOut: (channel: CallerChannel) => boolean;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Until Asterisk can be asked again where a caller has gone. */
const AGAIN_MS = 1000;

const LEFT_PLAYING: Hold = { message: undefined, afterwards: { kind: 'music', musicClass: undefined } };

/** Asterisk has no such channel, or it is no longer in our application. */
class NotThere extends PbxError {}

export class CallerPort implements Caller, ChannelOwner {
  readonly channelId: string;
  readonly settled = true;
  readonly party: Party = { name: 'Carol', number: '0123456789' };
  readonly answered: boolean;
  readonly left: AbortSignal;
  /** When it was known here that the caller has left. */
  leftAtMs: number | undefined;
  /** When it was first given back, whatever came of that. */
  givenBackAtMs: number | undefined;
  /** Set once the dialplan has sent it to a leg. */
  #connected: CallerGone | undefined;
  #search: Promise<void> | undefined;
  #cause = 0;
  readonly #world: CallerWorld;
  readonly #channel: CallerChannel;
  /** When it was told that the channel has been given back. */
  goneOnAtMs: number | undefined;
  readonly #orders: Orders;
  readonly #asked: Asked;
  readonly #nowMs: () => number;
  readonly #dispatcher: Dispatcher;
  readonly #leaving = new AbortController();
  #ours = true;
  #hold: Hold | undefined;
  /** To be called when the router gives the caller back. */
  onDecision: () => void = () => {};

  /** @param wasHeld an earlier life of the router may have left something playing */
  constructor(channel: CallerChannel, wasHeld: boolean, world: CallerWorld) {
    const { orders, asked, nowMs, dispatcher } = world;
    this.#world = world;
    this.channelId = channel.channelId;
    this.answered = channel.isAnswered;
    this.left = this.#leaving.signal;
    this.#channel = channel;
    this.#orders = orders;
    this.#asked = asked;
    this.#nowMs = nowMs;
    this.#dispatcher = dispatcher;
    if (wasHeld) this.#hold = LEFT_PLAYING;
    dispatcher.own(channel.channelId, this);
  }

  read: Caller['read'] = ({ variables, globals, contactsOf }) =>
    this.#send('caller.read', '', (): Reading => {
      const values = (names: readonly string[], from: ReadonlyMap<string, string>) =>
        new Map(names.map((name) => [name, from.get(name) ?? '']));
      return {
        variables: values(variables, new Map([...this.#asked.variables, ...this.#channel.variables])),
        globals: values(globals, this.#asked.globals),
        contacts: this.#asked.contactsOf(contactsOf),
      };
    });

  write: Caller['write'] = (variables) =>
    this.#send('caller.write', JSON.stringify(variables), () => {
      for (const [name, value] of Object.entries(variables)) this.#channel.variables.set(name, value);
    });

  answer: Caller['answer'] = () => this.#heard(() => this.#send('caller.answer', '', () => this.#channel.answer()));

  startHold: Caller['startHold'] = (hold) => {
    this.#channel.companyIsDue = true;
    if (!this.#channel.waits && this.#connected === undefined) this.#channel.holdsTooLate += 1;
    return this.#heard(async () => {
      await this.stopHold();
      this.#hold = hold;
      for (const [what, act] of this.#holdOrders(hold)) {
        await this.#send('caller.startHold', what, act);
        // Stopped while the order was under way: it may have taken effect after that.
        if (this.#hold !== hold) return this.#stopSound();
      }
    });
  };

  async stopHold(): Promise<void> {
    const hold = this.#hold;
    this.#hold = undefined;
    if (hold !== undefined && this.#ours && !this.left.aborted && this.#connected === undefined)
      await this.#stopSound();
  }

  async giveBack(status: DialplanStatus, reason: string): Promise<void> {
    this.#throwIfGone();
    this.givenBackAtMs ??= this.#nowMs();
    this.waitsNoMore();
    this.onDecision();
    await this.stopHold();
    this.#throwIfGone();
    this.#ours = false;
    try {
      await this.#orders.send('caller.giveBack', `${this.channelId} ${status} ${reason}`, () => {
        if (!this.#channel.isOurs) throw new NotThere('404');
        this.#channel.variables.set('XIVO_MAPP_STATUS', status);
        this.#channel.variables.set('XIVO_MAPP_REASON', reason);
        if (!this.#world.comesOut(this.#channel)) this.#channel.goesOn(status, reason);
      });
      this.goneOnAtMs = this.#nowMs();
    } catch (error) {
      this.#ours = true;
      this.#search = undefined;
      const explained = await this.#explain(error);
      // Refused: the caller waits again.
      if (!this.left.aborted && this.#connected === undefined) this.waits(true);
      throw explained;
    }
  }

  async hangUp(): Promise<void> {
    if (this.left.aborted || !this.#ours || this.#connected !== undefined) return;
    this.waitsNoMore();
    await this.#orders.send('caller.hangUp', this.channelId, () => this.#channel.hangsUp('us'));
  }

  onState(): void {}

  onEnd(): void {
    if (this.#ours) void this.#hasGone();
    else this.#leave();
  }

  onDestroyed(cause: number): void {
    this.#cause = cause;
    this.#leave();
  }

  onConnected(_legId: string, on: string): void {
    const answeredOn = readAnsweredOn(on);
    this.waitsNoMore();
    this.#connected ??= answeredOn === undefined ? new CallerGone('talks') : new CallerAnswered(answeredOn);
  }

  /** From now on somebody else answers for what the caller hears. */
  waitsNoMore(): void {
    this.waits(false);
  }

  waits(does: boolean): void {
    this.#channel.waits = does;
    this.#channel.listen();
  }

  /** It is not in our application any more. */
  #hasGone(): Promise<void> {
    this.#search ??= this.#seek();
    return this.#search;
  }

  /** As whereIs() finds it out: it asks for the channel's events, where it lives, and then looks. */
  async #seek(): Promise<void> {
    const { onConnected, subscribe, sleep } = this.#world;
    const look = () => {
      const channel = this.#channel;
      if (channel.where !== 'gone') subscribe(this.channelId);
      const [status, on = '', legId = ''] = ['STATUS', 'REASON', 'LEG'].map((name) =>
        channel.variables.get(`XIVO_MAPP_${name}`),
      );
      return {
        isGone: channel.where === 'gone',
        isTalking: channel.where === 'talking' && status === 'ANSWERED',
        on,
        legId,
      };
    };
    for (;;) {
      const found = await this.#orders.send('caller.seek', this.channelId, look).catch(() => undefined);
      if (this.left.aborted) return;
      if (found === undefined) {
        await sleep(AGAIN_MS);
        continue;
      }
      if (found.isTalking) {
        if (this.#connected === undefined) onConnected(found.legId, found.on, this.channelId);
        this.onConnected(found.legId, found.on);
      } else if (found.isGone) this.#leave();
      else if (this.#connected === undefined) this.#leave('moved');
      return;
    }
  }

  #leave(how: HowLeft = this.#cause === 26 ? 'answered-elsewhere' : 'hung-up'): void {
    this.#dispatcher.disown(this.channelId, this);
    if (!this.#ours || this.left.aborted) return;
    this.leftAtMs = this.#nowMs();
    this.#leaving.abort(new CallerGone(`the caller has left: ${how}`, how));
  }

  #throwIfGone(): void {
    this.left.throwIfAborted();
    if (this.#connected !== undefined) throw this.#connected;
    if (!this.#ours) throw new CallerGone('the caller has been given back');
  }

  async #send<T>(port: PortName, what: string, act: () => T): Promise<T> {
    this.#throwIfGone();
    try {
      return await this.#orders.send(port, `${this.channelId} ${what}`, () => {
        if (!this.#channel.isOurs) throw new NotThere('404');
        return act();
      });
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  async #explain(error: unknown): Promise<unknown> {
    if (error instanceof NotThere) await this.#hasGone();
    if (this.left.aborted) return this.left.reason;
    return this.#connected ?? error;
  }

  async #heard<T>(order: () => Promise<T>): Promise<T> {
    this.#channel.soundOrders += 1;
    this.#channel.listen();
    try {
      return await order();
    } finally {
      this.#channel.soundOrders -= 1;
      this.#channel.listen();
    }
  }

  #holdOrders({ message, afterwards }: Hold): readonly (readonly [string, () => void])[] {
    const channel = this.#channel;
    const plays = message !== undefined || afterwards.kind === 'tone';
    const forMs = afterwards.kind === 'tone' ? Number.POSITIVE_INFINITY : this.#asked.messageMs;
    return [
      ...(plays ? [[message ?? 'tone', () => channel.play(forMs)] as const] : []),
      ...(afterwards.kind === 'music' ? [['music', () => channel.playMusic()] as const] : []),
      ...(afterwards.kind === 'ringing' ? [['ringing', () => channel.ring()] as const] : []),
    ];
  }

  /** Never rejects: what cannot be stopped has stopped, or is no harm. */
  async #stopSound(): Promise<void> {
    await this.#orders.send('caller.stopHold', this.channelId, () => this.#channel.stopSound()).catch(() => undefined);
  }
}
