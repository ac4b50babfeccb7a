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
/** How long nothing may come after it, in ms, and how many times as long as the connection took to open, for those that are far. */
const patienceMs = 500;
const timesTheOpening = 3;

/** What is needed of an HTTP/2 session. */
interface Session {
  readonly destroyed: boolean;
  ping(answered: () => void): boolean;
  destroy(fault: Error): void;
  once(event: 'close', told: () => void): unknown;
}

export class Liveness {
  private readonly http2: Session;
  private readonly socket: Pick<Socket, 'bytesRead'>;
  private readonly deadMs: number;
  private readonly clock: Pick<Clock, 'sleep'>;
  private readonly over = new AbortController();
  private waiting = 0;
  private watching = false;
  private dead = false;

  /** @param openedMs how long the connection took to open, in ms */
  constructor(http2: Session, socket: Pick<Socket, 'bytesRead'>, openedMs: number, clock: Pick<Clock, 'sleep'>) {
    this.clock = clock;
    this.http2 = http2;
    this.socket = socket;
    this.deadMs = Math.max(patienceMs, timesTheOpening * openedMs);
    http2.once('close', () => this.over.abort());
  }

  /** It was ended since nothing came any more. */
  get isDead(): boolean {
    return this.dead;
  }

  /** Somebody waits for an answer until they call what this gives. */
  watch(): () => void {
    this.waiting += 1;
    if (!this.watching) void this.look();
    return () => {
      this.waiting -= 1;
    };
  }

  /** Pings, whoever waits. Resolves when something has come, or the connection has ended. Never rejects. */
  async prove(): Promise<void> {
    if (this.http2.destroyed) return;
    const { bytesRead } = this.socket;
    const answered = Promise.withResolvers<void>();
    this.http2.ping(() => answered.resolve());
    const done = new AbortController();
    await Promise.race([answered.promise, this.pause(this.deadMs, done.signal)]);
    done.abort();
    if (this.http2.destroyed || this.socket.bytesRead > bytesRead) return;
    this.dead = true;
    this.http2.destroy(new WireError('ESILENT'));
  }

  private async look(): Promise<void> {
    this.watching = true;
    for (let quietForMs = quietMs; this.waiting > 0 && !this.http2.destroyed; ) {
      const { bytesRead } = this.socket;
      await this.pause(quietForMs, this.over.signal);
      if (this.waiting === 0 || this.socket.bytesRead > bytesRead) continue;
      await this.prove();
      quietForMs = Math.min(longestQuietMs, 2 * quietForMs);
    }
    this.watching = false;
  }

  /** Also what has come while this process stood still is read by then. */
  private async pause(ms: number, signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, this.over.signal]);
    await this.clock.sleep(ms, over).catch(() => undefined);
    if (over.aborted) return;
    await nextTurn();
    await nextTurn();
  }
}
