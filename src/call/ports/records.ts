/**
 * Where the call says what happens to it: timelines and the log. Imported by way of ports.ts. Nothing that is said here may hold a token, a key or a
 * full number, and the call never waits for any of it.
 */

import type { Party } from './party.ts';

/** One entry of a call's timeline: what happened, when (ms since the call came to us), and the facts that matter, as short strings without tokens or keys. */
export interface TimelineEntry {
  readonly atMs: number;
  readonly what: string;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

export interface CallRecord {
  readonly callId: string;
  readonly userId: string;
  /** Nobody, until it is told that the caller may be named. */
  readonly caller: Party;
  /** ms since 1970. */
  readonly startedAtMs: number;
}

export interface CallSummary {
  readonly outcome: string;
  readonly reason: string;
  readonly durationMs: number;
  /** Milliseconds spent in each stage that the call went through. */
  readonly stagesMs: Readonly<Record<string, number>>;
  /** Set for a call of a user who has nothing to do with us: it is counted, and no history keeps it. */
  readonly isKept?: false;
}

/** Where timelines go. None of these ever throws or makes the call wait. */
export interface CallHistory {
  open(record: CallRecord): void;
  /** The caller does not withhold its number: it may be named. */
  name(callId: string, caller: Party): void;
  note(callId: string, entry: TimelineEntry): void;
  close(callId: string, summary: CallSummary): void;
}

/** The log. Fields carry no token, key or full number. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
