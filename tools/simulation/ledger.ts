/**
 * What one run of the router was given, and what it told of it: its calls, each with a call history of its own, since a run that stops may be given the same call again before it has
 * told the end of it. It judges nothing.
 */

import { type FakeJournal, fakeJournal } from '../../lab/fakes/call-history.ts';
import type { Ending } from '../../src/call/outcomes.ts';
import type { CallHistory, CallRecord, CallSummary, FoundLeg, Party, TimelineEntry } from '../../src/call/ports.ts';
import type { LostCall } from '../../src/call/router.ts';
import type { CallerChannel } from './caller-channel.ts';
import type { CallerPort } from './caller-port.ts';
import type { Run } from './run.ts';
import type { Silence } from './silence.ts';

/** One call as one run of the router has had it. */
export interface PlayedCall {
  readonly callId: string;
  readonly run: Run;
  readonly channel: CallerChannel;
  readonly port: CallerPort;
  readonly silence: Silence;
  /** When its story began: a little after the caller came, where it had to be asked whether an earlier one goes on. */
  arrivedAtMs: number;
  /** What the run was told of an earlier one; '' where nothing. */
  readonly checkpoint: string;
  readonly legs: readonly FoundLeg[];
  readonly callHistory: FakeJournal;
  /** The clock on the wall when it was planned. */
  plannedWallMs: number | undefined;
  readonly endings: Ending[];
  endedAtMs: number | undefined;
}

/** A call of an earlier run that has waited no more while no router was there. */
export interface EndedMeanwhile {
  readonly callId: string;
  readonly lost: LostCall;
  readonly atMs: number;
  readonly callHistory: FakeJournal;
  endedAtMs: number | undefined;
}

export class Ledger {
  readonly calls: PlayedCall[] = [];
  readonly lost: EndedMeanwhile[] = [];
  /** Where the call history of the call goes that is about to begin, if it is a lost one. */
  #opening: FakeJournal | undefined;

  /** @param onNote told of each note of a call before it is taken down */
  callHistory(onNote: (call: PlayedCall, what: string) => void, nowMs: () => number): CallHistory {
    return {
      open: (record: CallRecord) => {
        const call = this.#opening === undefined ? this.#begun(record.callId) : undefined;
        if (call !== undefined) call.arrivedAtMs = nowMs();
        (this.#opening ?? call?.callHistory)?.open(record);
      },
      name: (callId: string, caller: Party) =>
        (this.#told(callId)?.callHistory ?? this.#lost(callId)).name(callId, caller),
      note: (callId: string, entry: TimelineEntry) => {
        const call = this.#told(callId);
        if (call === undefined) return this.#lost(callId).note(callId, entry);
        onNote(call, entry.what);
        call.callHistory.note(callId, entry);
      },
      close: (callId: string, summary: CallSummary) =>
        (this.#told(callId)?.callHistory ?? this.#lost(callId)).close(callId, summary),
    };
  }

  get allAreOver(): boolean {
    return [...this.calls, ...this.lost].every(({ endedAtMs }) => endedAtMs !== undefined);
  }

  /** A call that begins now. */
  enter(call: Omit<PlayedCall, 'callHistory' | 'plannedWallMs' | 'endings' | 'endedAtMs'>): PlayedCall {
    const entered = {
      ...call,
      callHistory: fakeJournal(),
      plannedWallMs: undefined,
      endings: [],
      endedAtMs: undefined,
    };
    this.calls.push(entered);
    return entered;
  }

  /** The latest call of this channel. */
  of(channelId: string): PlayedCall | undefined {
    return this.calls.findLast(({ channel }) => channel.channelId === channelId);
  }

  /** A call of an earlier run that waits no more; `begin` begins it. */
  lose(callId: string, lost: LostCall, begin: () => Promise<void>, nowMs: () => number): void {
    const call: EndedMeanwhile = { callId, lost, atMs: nowMs(), callHistory: fakeJournal(), endedAtMs: undefined };
    this.lost.push(call);
    this.#opening = call.callHistory;
    void begin().then(() => {
      call.endedAtMs = nowMs();
    });
    this.#opening = undefined;
  }

  /** The call that begins: it has told nothing yet. */
  #begun(callId: string): PlayedCall | undefined {
    const called = this.calls.filter((call) => call.callId === callId);
    return called.findLast(({ callHistory }) => !callHistory.calls.has(callId)) ?? called.at(-1);
  }

  /** The call that is told of. One that was given back may have come again before all was told of it. */
  #told(callId: string): PlayedCall | undefined {
    const calls = this.calls.filter((call) => call.callId === callId);
    return calls.find(({ callHistory }) => callHistory.calls.get(callId)?.summary === undefined) ?? calls.at(-1);
  }

  #lost(callId: string): FakeJournal {
    const call = this.lost.find((one) => one.callId === callId);
    if (call === undefined) throw new Error(`something is told of ${callId}, which nobody knows`);
    return call.callHistory;
  }
}
