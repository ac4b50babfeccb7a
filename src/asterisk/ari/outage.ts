/**
 * Says in the log, once, that Asterisk fails our requests, with the first of them as an example, and once that it takes them again. Single requests
 * and calls say nothing of their own, so that an outage of an hour under load is two lines. It must never change what becomes of a request.
 */
import type { Clock, Log } from '../../call/ports.ts';

/** How long nothing may have failed until the outage counts as over, in ms: where every tenth request fails, it goes on. */
const QUIET_MS = 10_000;

export class Outage {
  private readonly log: Log;
  private readonly clock: Pick<Clock, 'nowMs'>;
  private sinceMs: number | undefined;
  private lastMs = 0;
  private failures = 0;

  constructor(log: Log, clock: Pick<Clock, 'nowMs'>) {
    this.log = log;
    this.clock = clock;
  }

  /** A request has failed, in these words. */
  failed(words: string): void {
    this.lastMs = this.clock.nowMs();
    this.failures += 1;
    if (this.sinceMs !== undefined) return;
    this.sinceMs = this.lastMs;
    this.log.error(`Asterisk fails requests: ${words}; further ones are counted until it takes them again`);
  }

  /** A request has been answered as it should be. */
  answered(): void {
    if (this.sinceMs === undefined || this.clock.nowMs() - this.lastMs < QUIET_MS) return;
    const forMs = Math.round(this.lastMs - this.sinceMs);
    this.log.info(`Asterisk takes requests again: ${this.failures} had failed`, { failed: this.failures, forMs });
    this.sinceMs = undefined;
    this.failures = 0;
  }
}
