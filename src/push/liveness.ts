/**
 * Whether an HTTP/2 connection lives. A connection can die without a word, as behind a NAT that has forgotten it: whoever waits for an answer then
 * waits in vain. While somebody waits and nothing comes, a ping is sent; where not even that is answered, the connection is ended. It must never
 * take a service that is slow for one that is dead, nor this process for it, which may itself have stood still.
 */
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../call/ports.ts';
import { WireError } from './wire-error.ts';

/** How long nothing may come before a ping is sent, in ms: at first, and at most. */
const quietMs = 300;
const longestQuietMs = 4_000;
/** How long nothing may come after it, in ms, and how many times as long as the latest ping took, for those that are far. */
const patienceMs = 500;
const timesTheWay = 3;
/** Of a connection that has not answered a ping yet, the opening is the measure, which may have waited for something else; in ms. */
const longestUnknownMs = 2_000;
/** A pause that lasted by so much longer than it should, in ms, is one of this whole process: nothing was sent meanwhile, nor read. */
const stoodStillMs = 100;

/** What is needed of an HTTP/2 session. */
interface Session {
  readonly connecting: boolean;
  readonly destroyed: boolean;
  /** It takes leave: what is under way may still be answered, a ping perhaps not. */
  readonly closed: boolean;
  ping(told: (fault: Error | null) => void): boolean;
  destroy(fault: Error): void;
  once(event: 'close' | 'connect', told: () => void): unknown;
}

export class Liveness {
  private readonly http2: Session;
  private readonly socket: Pick<Socket, 'bytesRead'>;
  private readonly clock: Pick<Clock, 'nowMs' | 'sleep'>;
  private readonly over = new AbortController();
  private deadMs: number;
  private waiting = 0;
  private quietForMs = quietMs;
  /** Ends the pause of whoever looks, since somebody new waits. */
  private hurry: AbortController | undefined;
  private isWatched = false;
  private dead = false;

  /** @param openedMs how long the connection took to open, in ms */
  constructor(
    http2: Session,
    socket: Pick<Socket, 'bytesRead'>,
    openedMs: number,
    clock: Pick<Clock, 'nowMs' | 'sleep'>,
  ) {
    this.http2 = http2;
    this.socket = socket;
    this.clock = clock;
    this.deadMs = patienceFor(Math.min(openedMs, longestUnknownMs));
    http2.once('close', () => this.over.abort());
    if (http2.connecting) http2.once('connect', () => void this.ping());
    else void this.ping();
  }

  /** It was ended since nothing came any more. */
  get isDead(): boolean {
    return this.dead;
  }

  /** Somebody waits for an answer until they call what this gives. */
  watch(): () => void {
    this.waiting += 1;
    this.quietForMs = quietMs;
    if (this.isWatched) this.hurry?.abort();
    else void this.look();
    return () => {
      this.waiting -= 1;
    };
  }

  /** Pings, whoever waits. Resolves when something has come, or the connection has ended. Never rejects. */
  async prove(): Promise<void> {
    if (!this.canBeProven) return;
    const { bytesRead } = this.socket;
    const done = new AbortController();
    await Promise.race([this.ping(), this.silence(this.deadMs, bytesRead, done.signal)]);
    done.abort();
    if (!this.canBeProven || this.socket.bytesRead > bytesRead) return;
    this.dead = true;
    this.http2.destroy(new WireError('ESILENT'));
  }

  /** One that opens, or takes leave, takes no ping. */
  private get canBeProven(): boolean {
    const { connecting, closed, destroyed } = this.http2;
    return !connecting && !closed && !destroyed;
  }

  /** Resolves when it is answered, which tells how long the way is. */
  private ping(): Promise<void> {
    const answered = Promise.withResolvers<void>();
    const sentMs = this.clock.nowMs();
    this.http2.ping((fault) => {
      if (fault) return;
      this.deadMs = patienceFor(this.clock.nowMs() - sentMs);
      answered.resolve();
    });
    return answered.promise;
  }

  private async look(): Promise<void> {
    this.isWatched = true;
    while (this.waiting > 0 && !this.http2.destroyed) {
      const { bytesRead } = this.socket;
      this.hurry = new AbortController();
      await this.silence(this.quietForMs, bytesRead, this.hurry.signal);
      if (this.hurry.signal.aborted || this.waiting === 0 || this.socket.bytesRead > bytesRead) continue;
      this.quietForMs = Math.min(longestQuietMs, 2 * this.quietForMs);
      await this.prove();
    }
    this.isWatched = false;
  }

  /** Resolves when nothing has come for so long, while this process ran; or something has; or the signal aborts. */
  private async silence(ms: number, bytesRead: number, signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, this.over.signal]);
    for (;;) {
      const untilMs = this.clock.nowMs() + ms;
      await this.clock.sleep(ms, over).catch(() => undefined);
      if (over.aborted) return;
      // What has come meanwhile is read first.
      await nextTurn();
      await nextTurn();
      if (this.clock.nowMs() - untilMs < stoodStillMs || this.socket.bytesRead > bytesRead) return;
    }
  }
}

function patienceFor(wayMs: number): number {
  return Math.max(patienceMs, timesTheWay * wayMs);
}
