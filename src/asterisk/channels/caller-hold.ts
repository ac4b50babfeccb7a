/**
 * What one caller hears while waiting: one hold at a time, the one before stopped first. A hold that is stopped while its orders are under way is
 * stopped again after them. It must never judge whether the caller is there; its owner does.
 */
import type { Hold, HoldNews, Log } from '../../call/ports.ts';
import { movedPath } from '../app/ids.ts';
import { variableOrder } from '../app/variable-order.ts';
import { type AriOrder, type AriRequests, isGone } from '../ari/client.ts';
import type { PlaybackEvent } from '../ari/events.ts';
import type { Lane } from '../ari/lanes.ts';
import { HOLD_COUNT, type HoldOrders, holdIdOf, holdOrders, newsOf, stopWhatever } from './hold.ts';

export class CallerHold {
  private channelId: string;
  private readonly requests: AriRequests;
  private readonly log: Log;
  private orders: HoldOrders | undefined;
  private count = 0;
  /** Takes the events of what plays now. */
  private onPlayback: (event: PlaybackEvent) => void = () => {};
  /** Begins anew what is heard now; nothing where nothing is. */
  private again: (() => Promise<void>) | undefined;
  /** An earlier run of the router may have left something playing: until it is known better, the caller hears that. */
  private isFound: boolean;

  /** @param held an earlier run of the router has had the channel, and this is what it may have left playing: what heldIn() says */
  constructor(channelId: string, requests: AriRequests, log: Log, held?: number) {
    this.channelId = channelId;
    this.requests = requests;
    this.log = log;
    this.isFound = held !== undefined;
    if (held === undefined) return;
    this.count = held;
    this.orders = { start: [], stop: stopWhatever(channelId, held) };
  }

  /**
   * Rejects with whatever `send` rejects with.
   * @param send gives an order, and rejects when the caller is gone
   * @param onNews told what becomes of it, until it is stopped
   */
  async start(
    hold: Hold,
    send: (order: AriOrder) => Promise<void>,
    onNews: (news: HoldNews) => void = () => {},
  ): Promise<void> {
    // Where there are very many, what somebody waits for must not stand behind them.
    const lane: Lane | undefined = this.isFound ? 'patient' : undefined;
    this.isFound = false;
    const stopped = this.stop(lane);
    this.again = () => this.start(hold, send, onNews);
    this.count += 1;
    const holdId = holdIdOf(this.channelId, this.count);
    const orders = holdOrders(this.channelId, hold, holdId);
    this.orders = orders;
    this.onPlayback = newsOf(holdId, onNews);
    await stopped;
    // Another run of the router takes it for the first unless it is told.
    const told = this.count > 1 ? [variableOrder(this.channelId, HOLD_COUNT, String(this.count))] : [];
    for (const order of [...told, ...orders.start]) {
      // Stopped before anything was ordered: someone has answered.
      if (this.orders !== orders) return;
      await send(lane === undefined ? order : { ...order, lane });
      // Stopped while the order was under way, perhaps before it took effect.
      if (this.orders !== orders) return this.sendStop(orders);
    }
  }

  /** Of what has been stopped nothing is told: it "fails" by that. */
  take(event: PlaybackEvent): void {
    if (this.orders !== undefined) this.onPlayback(event);
  }

  /** Another channel has taken the caller's place: it hears the same, from its begin. Rejects as start() does. */
  async moveTo(channelId: string): Promise<void> {
    const before = this.channelId;
    this.channelId = channelId;
    // What plays may have moved with the caller, and is stopped by the new id then.
    const stop = this.orders?.stop.flatMap((order) => [
      order,
      { ...order, path: movedPath(order.path, before, channelId) },
    ]);
    if (stop !== undefined) this.orders = { start: [], stop };
    await this.again?.();
  }

  /** Never rejects. */
  async stop(lane: Lane = 'urgent'): Promise<void> {
    const orders = this.orders;
    this.orders = undefined;
    this.again = undefined;
    if (orders !== undefined) await this.sendStop(orders, lane);
  }

  private async sendStop(orders: HoldOrders, lane: Lane = 'urgent'): Promise<void> {
    const results = await Promise.allSettled(orders.stop.map((order) => this.requests.send({ ...order, lane })));
    for (const result of results) {
      if (result.status === 'rejected' && !isGone(result.reason)) {
        this.log.debug('could not stop what the caller hears', { error: String(result.reason) });
      }
    }
  }
}
