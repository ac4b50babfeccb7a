/**
 * The timeline of one call: what happened when, and how long each stage took. The call history keeps it, for "why didn't my phone ring?"
 * and the one log line per call. Entries carry no token, no key and no full number.
 */

import { NOBODY } from './ports/party.ts';
import type { CallHistory, CallRecord, Clock, Party } from './ports.ts';

/** Where a call is. */
export type Stage = 'learning' | 'waiting' | 'ringing' | 'talking' | 'ending';

export type Facts = Readonly<Record<string, string | number | boolean>>;

/** For what is no call of its own. */
export const NO_CALL_HISTORY: CallHistory = { open() {}, name() {}, note() {}, close() {} };

export class Timeline {
  stage: Stage = 'learning';
  private readonly startedMs: number;
  private stageSinceMs: number;
  private readonly spentMs: Partial<Record<Stage, number>> = {};
  private readonly clock: Clock;
  private readonly callHistory: CallHistory;
  private readonly record: CallRecord;

  constructor(clock: Clock, callHistory: CallHistory, call: { callId: string; userId: string }) {
    this.clock = clock;
    this.callHistory = callHistory;
    this.record = { ...call, caller: NOBODY, startedAtMs: clock.wallMs() };
    this.startedMs = clock.nowMs();
    this.stageSinceMs = this.startedMs;
    callHistory.open(this.record);
  }

  /** Milliseconds since the call came to us. */
  get atMs(): number {
    return Math.round((this.clock.nowMs() - this.startedMs) * 10) / 10;
  }

  /** Tells who calls. Never where the caller withholds its number: what is not told is not kept. */
  name(caller: Party): void {
    this.callHistory.name(this.record.callId, caller);
  }

  note(what: string, facts: Facts = {}): void {
    this.callHistory.note(this.record.callId, { atMs: this.atMs, what, facts });
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
    this.callHistory.close(this.record.callId, isKept ? summary : { ...summary, isKept: false });
  }

  private settleStage(): void {
    const nowMs = this.clock.nowMs();
    this.spentMs[this.stage] = (this.spentMs[this.stage] ?? 0) + nowMs - this.stageSinceMs;
    this.stageSinceMs = nowMs;
  }
}
