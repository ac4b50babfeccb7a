/**
 * The caller's channel in our application. Every method rejects with CallerGone once the channel is gone, however we came to know it. Must never
 * touch the channel again once it is given back.
 */
import { CallerGone, PbxError } from '../call/errors.ts';
import { partyOf } from '../call/party.ts';
import type { Caller, DialplanStatus, Hold, Log, Party, Reading } from '../call/ports.ts';
import { channelPath } from './channel-ids.ts';
import { contactQuestions, readContacts } from './contacts.ts';
import type { Channel } from './events.ts';
import { HOLD_COUNT, type HoldOrders, holdIdOf, holdOrders, stopWhatever } from './hold.ts';
import { LEG_CONTEXT_QUESTION, type LegContext } from './leg-context.ts';
import { ask, isVariableName, variableQuestion } from './question.ts';
import { type AriOrder, type AriRequests, isGone } from './requests.ts';
import type { ChannelOwner, Switchboard } from './switchboard.ts';
import { variableOrder } from './variable-order.ts';

export interface CallerPorts {
  readonly requests: AriRequests;
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
  #hold: HoldOrders | undefined;
  #holdCount = 0;

  /** @param held an earlier run of the router has had the channel, and this is what it may have left playing: what heldIn() says */
  constructor(channel: Channel, ports: CallerPorts, held?: number) {
    this.channelId = channel.id;
    this.party = partyOf(unescaped(channel.caller.name), channel.caller.number);
    this.answered = channel.state === 'Up';
    this.left = this.#leaving.signal;
    this.#requests = ports.requests;
    this.#ports = ports;
    if (held !== undefined) {
      this.#holdCount = held;
      this.#hold = { start: [], stop: stopWhatever(channel.id, held) };
    }
    ports.board.own(channel.id, this);
  }

  async read(what: {
    readonly variables: readonly string[];
    readonly globals: readonly string[];
    readonly contactsOf: readonly string[];
  }): Promise<Reading> {
    const variables = what.variables.filter(isVariableName);
    const globals = what.globals.filter(isVariableName);
    // Asked here because here it costs no request of its own.
    const [legContext = '', ...values] = await this.#ask([
      LEG_CONTEXT_QUESTION,
      ...variables.map(variableQuestion),
      ...globals.map((name) => `\${GLOBAL(${name})}`),
      ...contactQuestions(what.contactsOf),
    ]);
    this.#ports.legContext.learn(legContext);
    const ofContacts = values.slice(variables.length + globals.length);
    const found = await readContacts(what.contactsOf, ofContacts, (questions) => this.#ask(questions));
    const valueAt = (names: readonly string[], from: number, name: string) =>
      names.includes(name) ? (values[from + names.indexOf(name)] ?? '') : '';
    return {
      variables: new Map(what.variables.map((name) => [name, valueAt(variables, 0, name)])),
      globals: new Map(what.globals.map((name) => [name, valueAt(globals, variables.length, name)])),
      contacts: found.map(({ endpoint, uri, expiresAtSec }) => ({ endpoint, uri, expiresAtSec })),
    };
  }

  async write(variables: Readonly<Record<string, string>>): Promise<void> {
    await Promise.all(
      Object.entries(variables).map(([variable, value]) => this.#send(variableOrder(this.channelId, variable, value))),
    );
  }

  async answer(): Promise<void> {
    await this.#send({ ...this.#order('POST', '/answer'), lane: 'urgent' });
  }

  async startHold(hold: Hold): Promise<void> {
    const stopped = this.stopHold();
    this.#holdCount += 1;
    const orders = holdOrders(this.channelId, hold, holdIdOf(this.channelId, this.#holdCount));
    this.#hold = orders;
    await Promise.all([stopped, this.joining]);
    this.#throwIfGone();
    // Stopped before anything was ordered: someone has answered.
    if (this.#hold !== orders) return;
    // Another run of the router takes it for the first unless it is told.
    const told = this.#holdCount > 1 ? [variableOrder(this.channelId, HOLD_COUNT, String(this.#holdCount))] : [];
    for (const order of [...told, ...orders.start]) {
      await this.#send(order);
      // Stopped while the order was under way, perhaps before it took effect.
      if (this.#hold !== orders) return this.#stop(orders);
    }
  }

  async stopHold(): Promise<void> {
    const orders = this.#hold;
    this.#hold = undefined;
    if (orders !== undefined && this.#ours && !this.left.aborted) await this.#stop(orders);
  }

  async giveBack(status: DialplanStatus, reason: string): Promise<void> {
    this.#throwIfGone();
    // Concurrently, but all taken before the last order, so that Asterisk works them off before it.
    const [, ...writes] = await Promise.allSettled([
      this.stopHold(),
      this.#send(variableOrder(this.channelId, 'XIVO_MAPP_STATUS', status)),
      this.#send(variableOrder(this.channelId, 'XIVO_MAPP_REASON', reason)),
    ]);
    this.#throwIfGone();
    for (const write of writes) {
      if (write.status === 'rejected') {
        this.#ports.log.debug('could not tell the dialplan how the call ended', { error: String(write.reason) });
      }
    }
    this.#ours = false;
    try {
      await this.#requests.send({ ...this.#order('POST', '/continue'), once: true });
    } catch (error) {
      this.#ours = true;
      throw this.#explain(error);
    }
  }

  async hangUp(): Promise<void> {
    if (this.left.aborted || !this.#ours) return;
    try {
      await this.#requests.send(this.#order('DELETE', ''));
    } catch (error) {
      if (!isGone(error)) throw error;
      this.#leave('the caller has left');
    }
  }

  onStart(): void {}

  onState(): void {}

  onEnd(): void {
    this.#leave('the channel has left the application');
  }

  onDestroyed(cause: number, words: string): void {
    this.#leave(`the caller has left (${cause} ${words})`);
  }

  #leave(detail: string): void {
    this.#ports.board.disown(this.channelId, this);
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
      throw this.#explain(error);
    }
  }

  /** The error to throw across the port. A refusal that says that the channel is gone makes it gone. */
  #explain(error: unknown): unknown {
    if (isGone(error)) this.#leave('the caller has left');
    if (this.left.aborted) return this.left.reason;
    return error instanceof PbxError ? error : new PbxError(String(error));
  }

  async #stop(orders: HoldOrders): Promise<void> {
    const results = await Promise.allSettled(
      orders.stop.map((order) => this.#requests.send({ ...order, lane: 'urgent' })),
    );
    for (const result of results) {
      if (result.status === 'rejected' && !isGone(result.reason)) {
        this.#ports.log.debug('could not stop what the caller hears', { error: String(result.reason) });
      }
    }
  }

  #order(method: 'POST' | 'DELETE', below: string): AriOrder {
    return { method, path: channelPath(this.channelId, below) };
  }
}

/** Asterisk keeps a name from SIP as it stood between the quotes, escapes included. */
function unescaped(name: string): string {
  return name.replace(/\\(["\\])/g, '$1');
}
