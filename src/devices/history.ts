/**
 * The table of past calls: written in one go for several calls, read newest first, and never longer than its bound.
 * It must never hand on a row that it cannot believe.
 */
import type { Log } from '../call/ports.ts';
import type { Database } from './database.ts';
import { believe, type CallEntry, type CallStory, callRow, callStoryRow, damageTeller } from './rows.ts';

export interface History {
  /** In one transaction: all of them, or none. A call that is there already is replaced. @throws StoreFault */
  write(stories: Iterable<CallStory>): void;
  /** Newest first. @throws StoreFault */
  latest(limit: number): CallEntry[];
  /** @throws StoreFault */
  story(callId: string): CallStory | undefined;
}

/** @param mostCalls how many calls are kept; the oldest go */
export function historyIn(database: Database, mostCalls: number, log: Log): History {
  const upsert = database.statement(
    `INSERT INTO calls (call_id, user_id, caller_name, caller_number, started_at_ms, summary, timeline, left_out)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (call_id) DO UPDATE SET summary = excluded.summary, timeline = excluded.timeline, left_out = excluded.left_out`,
  );
  const prune = database.statement('DELETE FROM calls WHERE seq <= (SELECT max(seq) FROM calls) - ?');
  const columns = 'call_id, user_id, caller_name, caller_number, started_at_ms, summary';
  const newest = database.statement(`SELECT ${columns} FROM calls ORDER BY started_at_ms DESC, seq DESC LIMIT ?`);
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
    latest: (limit) =>
      database.ask(() => newest.all(limit).flatMap((row) => believe(callRow, row, damaged(row.call_id)))),
    story: (callId) =>
      database.ask(() => {
        const row = one.get(callId);
        return row === undefined ? undefined : believe(callStoryRow, row, damaged(callId))[0];
      }),
  };
}
