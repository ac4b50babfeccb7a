/**
 * Whether a push service can be talked to, told to the operator when it ends and when it begins again, however many calls meet it. It must never
 * tell of one token, nor the same news every few seconds: a service that comes and goes is told of once a minute.
 */
import type { Clock, Log } from '../call/ports.ts';

/** The same reason is not told anew within this time, in ms. */
const anewMs = 60_000;

export class Outage {
  private readonly service: string;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly toldAtMs = new Map<string, number>();
  /** The present outage. */
  private now: { readonly sinceMs: number; reason: string; failures: number; told: boolean } | undefined;

  /** @param service as the operator knows it: FCM, APNs */
  constructor(service: string, clock: Clock, log: Log) {
    this.service = service;
    this.clock = clock;
    this.log = log;
  }

  /** Why the service cannot be talked to, as of the last push; undefined: it can. */
  get reason(): string | undefined {
    return this.now?.reason;
  }

  failed(reason: string): void {
    const nowMs = this.clock.nowMs();
    this.now ??= { sinceMs: nowMs, reason, failures: 0, told: false };
    this.now.reason = reason;
    this.now.failures += 1;
    // One line for an outage, though it may show in several ways; how it shows now, /healthz says.
    if (this.now.told) return;
    const toldMs = this.toldAtMs.get(reason);
    if (toldMs !== undefined && nowMs - toldMs < anewMs) return;
    this.toldAtMs.set(reason, nowMs);
    this.now.told = true;
    this.log.error(`pushes through ${this.service} fail; calls go on with the phones that register by themselves`, {
      reason,
    });
  }

  works(): void {
    if (this.now === undefined) return;
    const { sinceMs, failures, told } = this.now;
    this.now = undefined;
    if (!told) return;
    const forMs = Math.round(this.clock.nowMs() - sinceMs);
    this.log.info(`pushes through ${this.service} work again`, { forMs, failures });
  }
}
