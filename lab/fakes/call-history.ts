/**
 * A call history that keeps what it is told, call by call, for the stories to look at. It must never throw, but it remembers misuse: a note for
 * a call that is not open, a second close.
 */
import type { CallHistory, CallRecord, CallSummary, Party, TimelineEntry } from '../../src/call/ports.ts';

interface JournalledCall {
  readonly record: CallRecord;
  readonly timeline: readonly TimelineEntry[];
  readonly summary: CallSummary | undefined;
}

export interface FakeJournal extends CallHistory {
  readonly calls: ReadonlyMap<string, JournalledCall>;
  /** What a real call history would have to ignore, in words. A story that is told well leaves none. */
  readonly misuses: readonly string[];
  /** The call's entries by name, in order. */
  told(callId: string): readonly string[];
}

export function fakeJournal(): FakeJournal {
  const calls = new Map<string, { record: CallRecord; timeline: TimelineEntry[]; summary: CallSummary | undefined }>();
  const misuses: string[] = [];

  const port = {
    open(record: CallRecord) {
      if (calls.has(record.callId)) misuses.push(`open of ${record.callId}, which is known`);
      else calls.set(record.callId, { record, timeline: [], summary: undefined });
    },
    name(callId: string, caller: Party) {
      const call = calls.get(callId);
      if (call === undefined) misuses.push(`the caller of ${callId} is named, which was never opened`);
      else call.record = { ...call.record, caller };
    },
    note(callId: string, entry: TimelineEntry) {
      const call = calls.get(callId);
      if (call === undefined) misuses.push(`note '${entry.what}' for ${callId}, which was never opened`);
      else if (call.summary !== undefined) misuses.push(`note '${entry.what}' for ${callId} after its close`);
      else call.timeline.push(entry);
    },
    close(callId: string, summary: CallSummary) {
      const call = calls.get(callId);
      if (call === undefined) misuses.push(`close of ${callId}, which was never opened`);
      else if (call.summary !== undefined) misuses.push(`second close of ${callId}`);
      else call.summary = summary;
    },
  } satisfies CallHistory;

  return {
    ...port,
    calls,
    misuses,
    told: (callId) => calls.get(callId)?.timeline.map(({ what }) => what) ?? [],
  };
}
