/**
 * Orders and questions to a caller's channel, and what it means when one is refused: that the caller is gone, that it talks to somebody, or that Asterisk
 * is ill. It must never touch a channel that is not ours any more.
 */
import { CallerGone, PbxError, wordsOf } from '../../call/errors.ts';
import { hasLeftUs } from '../app/channel-look.ts';
import { ask } from '../app/expressions.ts';
import { channelPath, movedPath } from '../app/ids.ts';
import { type AriOrder, type AriRequests, isGone } from '../ari/client.ts';
import type { Lane } from '../ari/lanes.ts';
import type { Departure, Leaver } from './departure.ts';

/** For a moment within a replacement Asterisk finds neither channel, nor what has been told of it. */
const MOST_AGAIN = 5;

function isOfChannel(error: unknown): boolean {
  return /channel( was)? not found/i.test(wordsOf(error));
}

export class CallerOrders {
  private readonly requests: AriRequests;
  private readonly app: string;
  private readonly leaver: Pick<Leaver, 'channelId' | 'isOurs'>;
  private readonly departure: Departure;
  private look: Promise<boolean> | undefined;

  constructor(requests: AriRequests, app: string, leaver: Pick<Leaver, 'channelId' | 'isOurs'>, departure: Departure) {
    this.requests = requests;
    this.app = app;
    this.leaver = leaver;
    this.departure = departure;
  }

  /** An order to the channel as it is called now. */
  order(method: 'POST' | 'DELETE', below: string): AriOrder {
    return { method, path: channelPath(this.leaver.channelId(), below) };
  }

  ask(questions: readonly string[], lane: Lane): Promise<string[]> {
    return this.guard(() => ask(this.requests, this.leaver.channelId(), questions, lane));
  }

  async send(order: AriOrder): Promise<void> {
    const before = this.leaver.channelId();
    const path = () => movedPath(order.path, before, this.leaver.channelId());
    await this.guard(() => this.follow({ ...order, path: path() }));
  }

  /** To this channel alone, whether it may be touched or not; nothing once the caller has left. */
  sendHere(order: AriOrder): Promise<unknown> {
    return this.requests.send({ ...order, calledOff: this.departure.left });
  }

  /**
   * Whether it may be touched is not asked. To one who has left nothing more is sent. An order to a channel that is replaced meanwhile is given to the
   * one that has taken its place.
   */
  async follow(order: AriOrder): Promise<void> {
    const before = this.leaver.channelId();
    try {
      await this.sendHere(order);
    } catch (error) {
      const now = this.leaver.channelId();
      if (!isGone(error) || before === now) throw error;
      await this.follow({ ...order, path: movedPath(order.path, before, now) });
    }
  }

  /** What has left may have come again as another visit, which must not be touched. */
  async throwUnlessHere(): Promise<void> {
    if (this.departure.isAway && this.leaver.isOurs()) await this.departure.isFound();
    this.departure.left.throwIfAborted();
    if (this.departure.connected !== undefined) throw this.departure.connected;
    if (!this.leaver.isOurs()) throw new CallerGone('the caller has been given back');
    if (this.departure.isAway)
      throw new PbxError('the caller is not with us any more, and Asterisk does not say where it has gone');
  }

  /** The error to throw across the port. */
  across(error: unknown): unknown {
    if (this.departure.left.aborted) return this.departure.left.reason;
    if (this.departure.connected !== undefined) return this.departure.connected;
    return error instanceof PbxError ? error : new PbxError(String(error));
  }

  /** One look for all that are not found at the same time. */
  hasLeft(): Promise<boolean> {
    this.look ??= this.lookForIt().finally(() => {
      this.look = undefined;
    });
    return this.look;
  }

  /** What is seen of a channel that is replaced meanwhile says nothing of the one that has taken its place. */
  private async lookForIt(): Promise<boolean> {
    const channelId = this.leaver.channelId();
    return (await hasLeftUs(this.requests, this.app, channelId)) && this.leaver.channelId() === channelId;
  }

  /** @param again how often Asterisk has not found the channel by now that it then has found */
  private async guard<T>(act: () => Promise<T>, again = 0): Promise<T> {
    await this.throwUnlessHere();
    const channelId = this.leaver.channelId();
    try {
      return await act();
    } catch (error) {
      // What is not found may be something else than the channel: then it is looked at.
      const mayBeGone = isGone(error) && !this.departure.left.aborted;
      if (mayBeGone && (await this.hasLeft())) await this.departure.isFound();
      // It was replaced, and the word of that came later than the refusal.
      if (mayBeGone && this.leaver.channelId() !== channelId) return await this.guard(act);
      if (mayBeGone && isOfChannel(error) && again < MOST_AGAIN) return await this.guard(act, again + 1);
      throw this.across(error);
    }
  }
}
