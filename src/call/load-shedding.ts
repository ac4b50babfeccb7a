/**
 * What we do without while the PBX is slow, so that it grows no slower: first the company of new callers, since message, music and tones cost a PBX some
 * twenty-five times what ringing costs; then new calls, which go on in the dialplan at once, as if no router were there. By itself back again. It must
 * never touch a call that is under way.
 */

import type { CallPorts } from './ports.ts';

export type Shed = 'nothing' | 'hold' | 'calls';

/**
 * New calls are shed where answers take so many times as long as where company is. The first costs a caller next to nothing, and comes early: an
 * Asterisk answers quickly until just before it has nothing left. The second costs the wake, and comes late.
 */
const TIMES_FOR_CALLS = 100;
/** It ends where answers take so much of what it began with. */
const ENDS_AT = 0.5;
/** How often it is looked whether it is over, in ms. */
const LOOK_MS = 500;

export class LoadShedding {
  private readonly ports: Pick<CallPorts, 'clock' | 'load' | 'log'>;
  private shed: Shed = 'nothing';
  private slowMs = 0;
  private sinceMs = 0;
  private withoutHold = 0;
  private turnedAway = 0;
  private watching: AbortController | undefined;
  private closed = false;

  constructor(ports: Pick<CallPorts, 'clock' | 'load' | 'log'>) {
    this.ports = ports;
  }

  /** What a new call has to do without. @param slowMs from when on an answer is slow, in ms; 0: never */
  judge(slowMs: number): Shed {
    this.slowMs = slowMs;
    this.look();
    if (this.shed === 'hold') this.withoutHold += 1;
    if (this.shed === 'calls') this.turnedAway += 1;
    return this.shed;
  }

  /** What is shed and why, in words; undefined where nothing is. */
  trouble(): string | undefined {
    if (this.shed === 'nothing') return undefined;
    const instead = this.shed === 'calls' ? 'go to the dialplan at once' : 'hear ringing in place of message and music';
    const how = this.ports.load.isAnswering()
      ? `takes ${this.averageMs()} ms to answer, so new callers`
      : 'has answered nothing lately, so new callers';
    return `Asterisk ${how} ${instead}`;
  }

  /** Looks no more whether it begins or is over. Calls may still come. */
  close(): void {
    this.closed = true;
    this.watching?.abort();
  }

  private averageMs(): number {
    return Math.round(this.ports.load.averageAnswerMs());
  }

  private look(): void {
    if (this.closed) return;
    const { clock, log } = this.ports;
    const before = this.shed;
    this.shed = this.next();
    if (before === this.shed) return;
    if (before === 'nothing') {
      this.sinceMs = clock.nowMs();
      this.withoutHold = 0;
      this.turnedAway = 0;
      void this.watch();
    }
    if (this.shed === 'nothing') {
      this.watching?.abort();
      const { withoutHold, turnedAway } = this;
      const forMs = Math.round(clock.nowMs() - this.sinceMs);
      log.info('Asterisk answers quickly again, and nothing is shed', { withoutHold, turnedAway, forMs });
    } else if (this.shed === 'calls' || before === 'nothing') {
      log.warn(`${this.trouble()}, until it is quicker (XIVO_MAPP_SLOW_MS)`);
    }
  }

  private next(): Shed {
    const { slowMs, shed } = this;
    if (slowMs <= 0) return 'nothing';
    // One that has died answers no more quickly than before.
    if (!this.ports.load.isAnswering()) return shed;
    const averageMs = this.ports.load.averageAnswerMs();
    const slowForCallsMs = slowMs * TIMES_FOR_CALLS;
    if (averageMs >= slowForCallsMs * (shed === 'calls' ? ENDS_AT : 1)) return 'calls';
    return averageMs >= slowMs * (shed === 'nothing' ? 1 : ENDS_AT) ? 'hold' : 'nothing';
  }

  /** While anything is shed: no call may come by which it would be noticed that it is over. */
  private async watch(): Promise<void> {
    const watching = new AbortController();
    this.watching = watching;
    while (!watching.signal.aborted) {
      await this.ports.clock.sleep(LOOK_MS, watching.signal).catch(() => undefined);
      if (!watching.signal.aborted) this.look();
    }
  }
}
