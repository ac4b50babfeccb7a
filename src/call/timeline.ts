/**
 * The diary of one call: what happened when, and how long each stage took. It feeds the timeline that answers "why didn't my phone ring?"
 * and the one log line per call. Entries carry no token, no key and no full number.
 */

import { NOBODY } from './ports/party.ts';
import type { CallRecord, Clock, Journal, Party } from './ports.ts';

/** Where a call is. */
export type Stage = 'learning' | 'waiting' | 'ringing' | 'talking' | 'ending';

export type Facts = Readonly<Record<string, string | number | boolean>>;

/** For what is no call of its own. */
export const NO_JOURNAL: Journal = { open() {}, name() {}, note() {}, close() {} };

export class Diary {
  stage: Stage = 'learning';
  private readonly startedMs: number;
  private stageSinceMs: number;
  private readonly spentMs: Partial<Record<Stage, number>> = {};
  private readonly clock: Clock;
  private readonly journal: Journal;
  private readonly record: CallRecord;

  constructor(clock: Clock, journal: Journal, call: { callId: string; userId: string }) {
    this.clock = clock;
    this.journal = journal;
    this.record = { ...call, caller: NOBODY, startedAtMs: clock.wallMs() };
    this.startedMs = clock.nowMs();
    this.stageSinceMs = this.startedMs;
    journal.open(this.record);
  }

  /** Milliseconds since the call came to us. */
  get atMs(): number {
    return Math.round((this.clock.nowMs() - this.startedMs) * 10) / 10;
  }

  /** Tells who calls. Never where the caller withholds its number: what is not told is not kept. */
  name(caller: Party): void {
    this.journal.name(this.record.callId, caller);
  }

  note(what: string, facts: Facts = {}): void {
    this.journal.note(this.record.callId, { atMs: this.atMs, what, facts });
  }

  /** Goes on to another stage. */
  enter(stage: Stage): void {
    if (stage === this.stage) return;
    this.settleStage();
    this.stage = stage;
    this.note(`stage:${stage}`);
  }

  /** Milliseconds per stage that the call went through so far. */
  stagesMs(): Readonly<Record<string, number>> {
    this.settleStage();
    return Object.fromEntries(Object.entries(this.spentMs).map(([stage, ms]) => [stage, Math.round(ms)]));
  }

  /** @param isKept false: it is counted, and nobody needs to read it */
  close(outcome: string, reason: string, isKept: boolean): void {
    const summary = { outcome, reason, durationMs: this.atMs, stagesMs: this.stagesMs() };
    this.journal.close(this.record.callId, isKept ? summary : { ...summary, isKept: false });
  }

  private settleStage(): void {
    const nowMs = this.clock.nowMs();
    this.spentMs[this.stage] = (this.spentMs[this.stage] ?? 0) + nowMs - this.stageSinceMs;
    this.stageSinceMs = nowMs;
  }
}
