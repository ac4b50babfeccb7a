/**
 * What is known of a caller's leaving: whether its channel is away from our application, where it has gone, and that it is no more. It must never
 * order anything but that our own time limit be taken off, and never take a channel for gone of which nobody knows.
 */
import { CallerAnswered, CallerGone, type HowLeft } from '../../call/errors.ts';
import { readAnsweredOn } from '../../call/outcomes.ts';
import type { Clock, Log } from '../../call/ports.ts';
import type { ChannelOwner } from '../app/channel-owner.ts';
import type { Dispatcher } from '../app/dispatcher.ts';
import { takeOffGuard } from '../app/own-dialplan.ts';
import type { AriRequests } from '../ari/client.ts';
import { ANSWERED_ELSEWHERE } from './hangup-causes.ts';
import { whereIs } from './whereabouts.ts';

export interface DepartureDeps {
  readonly requests: AriRequests;
  readonly app: string;
  readonly dispatcher: Dispatcher;
  /** Told where a leg is connected with the caller, and nobody has heard of it. */
  readonly onConnected: (legId: string, on: string) => boolean;
  readonly log: Log;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** The channel in question. */
export interface Leaver {
  readonly owner: ChannelOwner;
  /** Another one after a transfer. */
  channelId(): string;
  /** False once it has been given back: then its leaving is nothing that happens to the call. */
  isOurs(): boolean;
}

/** How much later than its leaving the cause of a caller's end may be told, in ms, where it may not be told at all. */
const WORD_COMES_MS = 250;
/** And where it is told for sure, but may be late: within the time that an order waits for it. */
const LATE_WORD_MS = 2_000;
/** For how long an order waits until it is known where the caller has gone, in ms. */
const FOUND_WITHIN_MS = 5_000;

export class Departure {
  private readonly leaver: Leaver;
  private readonly deps: DepartureDeps;
  private readonly leaving = new AbortController();
  /** Aborts when it is heard what has become of the channel. */
  private word = new AbortController();
  private away = false;
  /** It has left the application, and it is being found out where it has gone. */
  private search: Promise<void> | undefined;
  private connection: CallerGone | undefined;
  /** Whether Asterisk tells of the channel's end wherever it is by then; undefined until that was asked for. */
  endIsHeard: Promise<boolean> | undefined;
  /** Why its channel was hung up, as far as was heard: Asterisk's cause. */
  private cause = 0;

  constructor(leaver: Leaver, deps: DepartureDeps) {
    this.leaver = leaver;
    this.deps = deps;
  }

  /** Aborts with CallerGone when the caller has left, and was ours. */
  get left(): AbortSignal {
    return this.leaving.signal;
  }

  /** Whether it has left the application, as far as was heard. */
  get isAway(): boolean {
    return this.away;
  }

  /** What to say to whoever wants something of it; set once the dialplan has sent it to a leg. */
  get connected(): CallerGone | undefined {
    return this.connection;
  }

  /** The dialplan has sent it to a leg, answered on that. */
  wasConnected(on: string): void {
    const answeredOn = readAnsweredOn(on);
    this.connection ??=
      answeredOn === undefined
        ? new CallerGone('the caller talks to whoever has answered')
        : new CallerAnswered(answeredOn);
  }

  /** It is not in our application any more: it talks to a leg, and is watched until it is gone, or it has left. */
  hasGone(): Promise<void> {
    this.away = true;
    this.search ??= this.leaver.isOurs() ? this.seek() : Promise.resolve();
    return this.search;
  }

  /** What was found out was of a channel that was not ours at the time, and changed nothing. */
  seekAnew(): void {
    this.search = undefined;
  }

  /** Another channel has taken its place and is with us, whatever was found out of the one before. */
  replaced(): void {
    this.away = false;
    this.search = undefined;
    this.word.abort();
    this.word = new AbortController();
  }

  /** Until it is known where it has gone, but not for ever. Never rejects. */
  async isFound(): Promise<void> {
    const enough = new AbortController();
    const late = this.deps.clock.sleep(FOUND_WITHIN_MS, enough.signal).catch(() => undefined);
    await Promise.race([this.hasGone(), late]);
    enough.abort();
  }

  destroyed(cause: number, words: string): void {
    this.cause = cause;
    this.leave(`the caller has left (${cause} ${words})`);
  }

  leave(detail: string, how: HowLeft = this.cause === ANSWERED_ELSEWHERE ? 'answered-elsewhere' : 'hung-up'): void {
    this.deps.dispatcher.disown(this.leaver.channelId(), this.leaver.owner);
    this.away = true;
    this.word.abort();
    if (this.leaver.isOurs() && !this.left.aborted) this.leaving.abort(new CallerGone(detail, how));
  }

  /** Never rejects. */
  private async seek(): Promise<void> {
    const channelId = this.leaver.channelId();
    const { requests, app, log, dispatcher, onConnected } = this.deps;
    // Its end was heard while it was being given back, and then it was no longer listened to.
    if (!dispatcher.isOwned(channelId)) dispatcher.own(channelId, this.leaver.owner);
    const isConnected = () => this.connection !== undefined;
    const isOver = () => this.left.aborted;
    // What is found out of a channel means nothing any more once another has taken its place.
    const isMoot = () => this.left.aborted || this.leaver.channelId() !== channelId;
    const isHeard = (await this.endIsHeard) === true;
    const found = await whereIs({ requests, app, channelId, log, isConnected, isOver, isHeard });
    if (isMoot()) return;
    if (found.kind === 'connected') {
      const isKnown = this.connection !== undefined || onConnected(found.legId, found.on);
      this.wasConnected(found.on);
      // A colleague's channel, which has taken the leg's place: of that one nothing more is told.
      if (!isKnown) this.leaving.abort(this.connection);
      if (found.isOver) this.leave('the caller has left');
    } else if (found.kind === 'gone') {
      // Its cause is told by an event, or that another has taken its place: that may come later than that it is not found.
      const comesMs = isHeard ? LATE_WORD_MS : WORD_COMES_MS;
      await this.deps.clock.sleep(this.cause === 0 ? comesMs : 0, this.word.signal).catch(() => undefined);
      if (!isMoot()) this.leave('the caller has left');
    } else if (found.kind === 'moved' && this.connection === undefined) {
      this.moved();
      await takeOffGuard(requests, channelId, log);
    }
  }

  moved(): void {
    this.leave('the channel was moved to another place in the dialplan', 'moved');
  }
}
