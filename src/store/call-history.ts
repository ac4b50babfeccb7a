/**
 * The history of calls: live ones in memory, ended ones in the database, so that "why didn't my phone ring?" can be asked during the call and
 * long after it. It must never throw at a call or make it wait: what the database does not take is kept for a while, and told of where it is lost.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  CallBook,
  CallEntry,
  CallHistory,
  CallRecord,
  CallStory,
  CallSummary,
  Log,
  Party,
  TimelineEntry,
} from '../call/ports.ts';
import { historyIn, type Place } from './sqlite/call-table.ts';
import type { Database } from './sqlite/database.ts';
import { StoreFault } from './sqlite/fault.ts';

export interface StoredCallHistory extends CallHistory, CallBook {
  /** Writes what is left, live calls as they stand, and takes nothing more. Before the database is closed. */
  shut(): void;
}

export interface CallHistoryBounds {
  /** Calls that are kept. */
  readonly mostCalls: number;
  /** Entries that are kept of one call. */
  readonly mostEntries: number;
  /** Ended calls that wait in memory for a database that does not take them. */
  readonly mostWaiting: number;
  /** Pause before a database that failed is tried again, ms. */
  readonly retryMs: number;
}

const usualBounds: CallHistoryBounds = { mostCalls: 10_000, mostEntries: 500, mostWaiting: 1_000, retryMs: 5_000 };

/** Writing stops all calls: 30 calls take about 1 ms, and others have their turn in between. */
const mostPerWrite = 30;
/** Reading does as well. */
const mostPerRead = 50;
/** Pause before a write that met another program's lock is tried again, ms. */
const soonMs = 100;

interface OpenCall extends CallStory {
  caller: Party;
  readonly timeline: TimelineEntry[];
  leftOut: number;
  summary: CallSummary | undefined;
}

export function callHistoryIn(
  database: Database,
  log: Log,
  bounds: Partial<CallHistoryBounds> = {},
): StoredCallHistory {
  const { mostCalls, mostEntries, mostWaiting, retryMs } = { ...usualBounds, ...bounds };
  const history = historyIn(database, mostCalls, log);
  const live = new Map<string, OpenCall>();
  const waiting = new Map<string, OpenCall>();
  /** The last write failed. Why, the database itself tells. */
  let failing = false;
  let lost = 0;
  let shut = false;
  let cancelNextWrite: (() => void) | undefined;

  const writeSoon = (): void => {
    const soon = setImmediate(write);
    cancelNextWrite = () => clearImmediate(soon);
  };

  const write = (): void => {
    cancelNextWrite = undefined;
    if (waiting.size === 0) return;
    try {
      const some = [...waiting.values()].slice(0, mostPerWrite);
      history.write(some);
      for (const { callId } of some) waiting.delete(callId);
      if (lost > 0) log.info('the history of calls is written again', { lostCalls: lost });
      failing = false;
      lost = 0;
      if (waiting.size > 0) writeSoon();
    } catch (error) {
      // Of its own trouble the database tells itself; a lock that lasts a moment is none.
      const isOurs = error instanceof StoreFault && error.kind === 'refused';
      if (isOurs && !failing) log.error('the history of calls cannot be written; calls go on without it', { error });
      failing = true;
      const timer = setTimeout(write, isOurs || database.fault() !== undefined ? retryMs : soonMs).unref();
      cancelNextWrite = () => clearTimeout(timer);
    }
  };

  database.onWorking(() => {
    if (!failing || shut) return;
    cancelNextWrite?.();
    writeSoon();
  });

  const pastCalls = async (limit: number): Promise<readonly CallEntry[]> => {
    const calls: CallEntry[] = [];
    let after: Place | undefined;
    try {
      do {
        if (after !== undefined) await nextTurn();
        const page = history.page(Math.min(mostPerRead, limit - calls.length), after);
        calls.push(...page.calls);
        after = page.last;
      } while (after !== undefined && calls.length < limit);
    } catch (error) {
      if (database.fault() === undefined) throw error;
    }
    return calls;
  };

  /** The call is over, or must make room. It is written a moment later, together with others that end now. */
  const file = (call: OpenCall): void => {
    live.delete(call.callId);
    waiting.set(call.callId, call);
    for (const oldest of waiting.keys()) {
      if (!failing || waiting.size <= mostWaiting) break;
      waiting.delete(oldest);
      if (lost === 0)
        log.error('the history of calls has no room left in memory: from now on the oldest calls are lost');
      lost += 1;
    }
    if (cancelNextWrite === undefined) writeSoon();
  };

  return {
    open(record) {
      if (shut || live.has(record.callId)) return;
      live.set(record.callId, { ...bounded(record), timeline: [], leftOut: 0, summary: undefined });
      const [oldest] = live.values();
      if (live.size > mostCalls && oldest !== undefined) file(oldest);
    },
    name(callId, caller) {
      const call = live.get(callId);
      if (call !== undefined) call.caller = boundedParty(caller);
    },
    note(callId, entry) {
      const call = live.get(callId);
      if (call === undefined) {
        log.debug('a note for a call that is not open is dropped', { callId, what: entry.what });
        return;
      }
      // The beginning and the end of a call say most; a flood is cut out of the middle.
      if (call.timeline.length >= mostEntries) {
        call.timeline.splice(Math.floor(mostEntries / 2), 1);
        call.leftOut += 1;
      }
      call.timeline.push(cleaned(entry));
    },
    close(callId, summary) {
      const call = live.get(callId);
      if (call === undefined) return;
      if (summary.isKept === false) {
        live.delete(callId);
        return;
      }
      call.summary = { ...summary, durationMs: finite(summary.durationMs), stagesMs: finiteStages(summary.stagesMs) };
      file(call);
    },
    async latest(limit) {
      const inMemory = () => [...live.values(), ...waiting.values()].map(withoutTimeline);
      // A call may be written while others are read; of each, what was told last counts.
      const told = [...inMemory(), ...(await pastCalls(limit)), ...inMemory()];
      const calls = [...new Map(told.map((call) => [call.callId, call])).values()];
      return calls.sort((a, b) => b.startedAtMs - a.startedAtMs).slice(0, limit);
    },
    async story(callId) {
      const known = live.get(callId) ?? waiting.get(callId);
      return known === undefined ? history.story(callId) : { ...known, timeline: [...known.timeline] };
    },
    shut() {
      if (shut) return;
      shut = true;
      for (const call of [...live.values()]) file(call);
      do {
        cancelNextWrite?.();
        write();
      } while (waiting.size > 0 && !failing);
      cancelNextWrite?.();
      if (waiting.size > 0) log.error('calls are lost to the history', { lostCalls: waiting.size + lost });
    },
  };
}

const longestText = 300;
const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
const finiteStages = (stages: CallSummary['stagesMs']): CallSummary['stagesMs'] =>
  Object.fromEntries(Object.entries(stages).map(([stage, ms]) => [stage, finite(ms)]));

/** Names come from outside and may have any length. */
function bounded({ callId, userId, caller, startedAtMs }: CallRecord): CallRecord {
  return {
    callId,
    userId: userId.slice(0, longestText),
    caller: boundedParty(caller),
    startedAtMs: finite(startedAtMs),
  };
}

function boundedParty({ name, number }: Party): Party {
  return { name: name.slice(0, longestText), number: number.slice(0, longestText) };
}

/** What JSON would not give back as it was is made text. */
function cleaned({ atMs, what, facts }: TimelineEntry): TimelineEntry {
  const kept = Object.entries(facts).map(([name, fact]) => {
    if (typeof fact === 'boolean' || Number.isFinite(fact)) return [name, fact];
    return [name, String(fact).slice(0, longestText)];
  });
  return { atMs: finite(atMs), what: what.slice(0, longestText), facts: Object.fromEntries(kept) };
}

function withoutTimeline({ callId, userId, caller, startedAtMs, summary }: CallStory): CallEntry {
  return { callId, userId, caller, startedAtMs, summary };
}
