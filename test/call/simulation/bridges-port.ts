/** Bridges as one router has them, over the exchange: the caller is answered, what it hears is stopped, and both are put in, all at the same time, as the real adapter does. */
import { CallerGone, PbxError } from '../../../src/call/errors.ts';
import type { Bridges, Caller } from '../../../src/call/ports.ts';
import type { CallerChannel } from './caller-channel.ts';
import type { CallerPort } from './caller-port.ts';
import type { Exchange } from './exchange.ts';
import type { Orders } from './orders.ts';

/** One connecting that was ordered. */
export interface Connecting {
  readonly channelId: string;
  readonly legId: string;
  readonly atMs: number;
  /** How many things had happened by then. */
  readonly step: number;
  /** Both have been in the bridge together. */
  talked: boolean;
  /** The router was told so. */
  done: boolean;
}

interface BridgesWorld {
  readonly exchange: Exchange;
  readonly orders: Orders;
  readonly nowMs: () => number;
  readonly step: () => number;
  readonly callerOf: (channelId: string) => { readonly channel: CallerChannel; readonly port: CallerPort } | undefined;
  /** Told when caller and leg are together. */
  readonly onTalk: (channelId: string) => void;
}

export class BridgesPort implements Bridges {
  readonly connects: Connecting[] = [];
  readonly #open = new Set<string>();
  readonly #world: BridgesWorld;

  constructor(world: BridgesWorld) {
    this.#world = world;
  }

  openIds(): ReadonlySet<string> {
    return new Set(this.#open);
  }

  async open(bridgeId: string, caller?: Caller, _video?: boolean, memory = ''): Promise<void> {
    const { orders, exchange, callerOf } = this.#world;
    const { bridges } = exchange;
    this.#open.add(bridgeId);
    try {
      await orders.send('bridges.open', bridgeId, () => bridges.open(bridgeId, memory));
    } catch (error) {
      this.#open.delete(bridgeId);
      throw error;
    }
    const channel = caller && callerOf(caller.channelId)?.channel;
    if (channel === undefined) return;
    const join = () => {
      if (channel.isOurs) bridges.put(bridgeId, channel);
    };
    orders.send('bridges.join', `${bridgeId} ${channel.channelId}`, join).catch(() => undefined);
  }

  async connect(bridgeId: string, caller: Caller, legId: string): Promise<void> {
    const { orders, exchange, callerOf, onTalk, nowMs, step } = this.#world;
    caller.left.throwIfAborted();
    const { channelId } = caller;
    const held = callerOf(channelId);
    if (held === undefined) throw new PbxError(`no channel ${channelId}`);
    const connecting = { channelId, legId, atMs: nowMs(), step: step(), talked: false, done: false };
    this.connects.push(connecting);
    held.port.waitsNoMore();
    const results = await Promise.allSettled([
      caller.stopHold(),
      caller.answered ? undefined : caller.answer(),
      orders.send('bridges.connect', `${bridgeId} ${channelId} ${legId}`, () => {
        const isThere = held.channel.isOurs && exchange.isUp(legId);
        if (!isThere || !exchange.bridges.put(bridgeId, held.channel, legId)) throw new PbxError('404');
        connecting.talked = true;
        onTalk(channelId);
      }),
    ]);
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    const gone = errors.find((error) => error instanceof CallerGone);
    const [, , added] = results;
    if (added.status !== 'fulfilled' || !(caller.left.aborted || gone !== undefined)) {
      if (caller.left.aborted) throw caller.left.reason;
      if (gone !== undefined || errors.length > 0) throw gone ?? errors[0];
    }
    connecting.done = true;
  }

  close(bridgeId: string): Promise<void> {
    const { orders, exchange } = this.#world;
    this.#open.delete(bridgeId);
    return orders.send('bridges.close', bridgeId, () => exchange.bridges.close(bridgeId));
  }
}
