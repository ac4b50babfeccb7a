/**
 * Whether pushes go through a service, told to the operator when they cease to and when they do again, however many calls meet it: the service cannot be
 * talked to, or refuses us for our own set-up. It must never tell of what is one token's alone, nor the same news every few seconds: what comes and goes is
 * told of once a minute.
 */
import type { Clock, Log } from '../call/ports.ts';

/** The same reason is not told anew within this time, in ms. */
const anewMs = 60_000;
/** Faults of our set-up that are told of at a time: a service that makes up words must not fill the log. */
const mostTold = 10;
/** Devices of which it is known that a refusal is theirs alone. */
const mostOdd = 1_000;

interface Trouble {
  readonly sinceMs: number;
  reason: string;
  failures: number;
  readonly told: Set<string>;
  /** Devices that were refused, each perhaps for itself alone. */
  readonly suspects: Set<string>;
}

export class Outage {
  private readonly service: string;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly toldAtMs = new Map<string, number>();
  /** Refused again and again, while others are not. */
  private readonly odd = new Set<string>();
  private workedAtMs = Number.NEGATIVE_INFINITY;
  /** The present trouble. */
  private now: Trouble | undefined;

  /** @param service as the operator knows it: FCM, APNs */
  constructor(service: string, clock: Clock, log: Log) {
    this.service = service;
    this.clock = clock;
    this.log = log;
  }

  /** Why pushes do not go through, as of the last one; undefined: they do. */
  get reason(): string | undefined {
    return this.now?.reason;
  }

  /** @param sinceMs when what has failed began: where another push has gone through since then, it is no outage */
  failed(reason: string, sinceMs = Number.POSITIVE_INFINITY): void {
    if (this.workedAtMs > sinceMs) return;
    // One line for an outage, though it may show in several ways; how it shows now, /healthz says.
    const words = `pushes through ${this.service} fail; calls go on with the phones that register by themselves`;
    this.goesOn(reason, 'outage', words);
  }

  /**
   * The service refuses us for our own set-up.
   * @param device set where this may be the device's fault as well: it is everybody's until another device's push goes through
   */
  refused(reason: string, device?: string): void {
    if (device !== undefined && this.odd.has(device)) return;
    const words = `pushes through ${this.service} are refused for our own set-up; calls go on with the phones that register by themselves`;
    const { suspects } = this.goesOn(reason, reason, words);
    if (device !== undefined) suspects.add(device);
  }

  /** A push to this device has gone through, or was refused for what a device alone can be refused for. */
  works(device: string): void {
    this.workedAtMs = this.clock.nowMs();
    this.odd.delete(device);
    if (this.now === undefined) return;
    const { sinceMs, failures, told, suspects } = this.now;
    this.now = undefined;
    for (const other of suspects) if (other !== device) this.odd.add(other);
    for (const oldest of this.odd) {
      if (this.odd.size <= mostOdd) break;
      this.odd.delete(oldest);
    }
    if (told.size === 0) return;
    const forMs = Math.round(this.clock.nowMs() - sinceMs);
    this.log.info(`pushes through ${this.service} work again`, { forMs, failures });
  }

  /** @param news what of it is told once. @param words how */
  private goesOn(reason: string, news: string, words: string): Trouble {
    const nowMs = this.clock.nowMs();
    this.now ??= { sinceMs: nowMs, reason, failures: 0, told: new Set(), suspects: new Set() };
    const { now } = this;
    now.reason = reason;
    now.failures += 1;
    if (now.told.has(news) || now.told.size >= mostTold) return now;
    const toldMs = this.toldAtMs.get(reason);
    if (toldMs !== undefined && nowMs - toldMs < anewMs) return now;
    this.tell(reason, nowMs);
    now.told.add(news);
    this.log.error(words, { reason });
    return now;
  }

  /** Remembers when it was told; what was told longer ago than matters is forgotten. */
  private tell(reason: string, nowMs: number): void {
    for (const [old, toldMs] of this.toldAtMs) if (nowMs - toldMs >= anewMs) this.toldAtMs.delete(old);
    this.toldAtMs.set(reason, nowMs);
  }
}
