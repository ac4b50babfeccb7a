/**
 * The table of past calls: written in one go for several calls, read newest first, and never longer than its bound.
 * It must never hand on a row that it cannot believe.
 */
import type { SQLOutputValue } from 'node:sqlite';
import type { CallEntry, CallStory, Log } from '../../call/ports.ts';
import { believe, callRow, callStoryRow, damageTeller } from '../rows.ts';
import type { Database } from './database.ts';

export interface History {
  /** In one transaction: all of them, or none. A call that is there already is replaced. @throws StoreFault */
  write(stories: Iterable<CallStory>): void;
  /** Newest first, from the newest or from behind `after`. @throws StoreFault */
  page(limit: number, after?: Place): Page;
  /** @throws StoreFault */
  story(callId: string): CallStory | undefined;
}

/** Where a call stands among all, and so where the next page begins. */
export interface Place {
  readonly startedAtMs: SQLOutputValue;
  readonly seq: SQLOutputValue;
}

interface Page {
  readonly calls: readonly CallEntry[];
  /** Undefined: there are no more. */
  readonly last: Place | undefined;
}

const newestPlace: Place = { startedAtMs: 2n ** 63n - 1n, seq: 2n ** 63n - 1n };

/** @param mostCalls how many calls are kept; the oldest go */
export function historyIn(database: Database, mostCalls: number, log: Log): History {
  const upsert = database.statement(
    `INSERT INTO calls (call_id, user_id, caller_name, caller_number, started_at_ms, summary, timeline, left_out)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (call_id) DO UPDATE SET summary = excluded.summary, timeline = excluded.timeline, left_out = excluded.left_out,
       caller_name = COALESCE(NULLIF(excluded.caller_name, ''), caller_name),
       caller_number = COALESCE(NULLIF(excluded.caller_number, ''), caller_number)`,
  );
  const prune = database.statement('DELETE FROM calls WHERE seq <= (SELECT max(seq) FROM calls) - ?');
  const columns = 'seq, call_id, user_id, caller_name, caller_number, started_at_ms, summary';
  const newest = database.statement(
    `SELECT ${columns} FROM calls WHERE (started_at_ms, seq) < (?, ?) ORDER BY started_at_ms DESC, seq DESC LIMIT ?`,
  );
  const one = database.statement(`SELECT ${columns}, timeline, left_out FROM calls WHERE call_id = ?`);

  const told = damageTeller(log);
  const damaged = (callId: unknown) => told('calls', { callId });

  return {
    write: (stories) =>
      database.together(() => {
        for (const { callId, userId, caller, startedAtMs, summary, timeline, leftOut } of stories) {
          const told = summary === undefined ? null : JSON.stringify(summary);
          const started = Math.trunc(startedAtMs);
          upsert.run(callId, userId, caller.name, caller.number, started, told, JSON.stringify(timeline), leftOut);
        }
        prune.run(mostCalls);
      }),
    page: (limit, { startedAtMs, seq } = newestPlace) =>
      database.ask(() => {
        const rows = newest.all(startedAtMs, seq, limit);
        const end = rows.length < limit ? undefined : rows.at(-1);
        return {
          calls: rows.flatMap((row) => believe(callRow, row, damaged(row.call_id))),
          last: end && { startedAtMs: end.started_at_ms ?? null, seq: end.seq ?? null },
        };
      }),
    story: (callId) =>
      database.ask(() => {
        const row = one.get(callId);
        return row === undefined ? undefined : believe(callStoryRow, row, damaged(callId))[0];
      }),
  };
}
