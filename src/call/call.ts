/**
 * One call and what it owns: its signal, its undo, its inbox, its timeline, and the work that goes on beside it.
 * It holds no rule of the story; that is route-call.ts. It must never end without having put everything back.
 */

import { CallerGone, PbxError, wordsOf } from './errors.ts';
import { Inbox } from './inbox.ts';
import type { AnsweredOn } from './outcomes.ts';
import { NOBODY } from './ports/party.ts';
import type {
  Caller,
  CallPorts,
  Contact,
  ContactAddress,
  Device,
  FoundLeg,
  Hold,
  LegEvent,
  Party,
  PushResult,
} from './ports.ts';
import type { CallCheckpoint } from './resume/checkpoint.ts';
import type { Turn } from './resume/turns.ts';
import { type Facts, Timeline } from './timeline.ts';
import { Undo } from './undo.ts';

/** What is kept of a call for another router to go on from. */
export interface KeptCheckpoint {
  keep(news: Pick<CallCheckpoint, 'ending'>): void;
  noteAnswer(on: AnsweredOn): void;
  /** Another channel has taken the caller's place. */
  writeAnew(): void;
}

/** What comes to us: a caller's channel for a user. */
export interface Arrival {
  /** Chosen by us; legs, notes and pushes carry it. */
  readonly callId: string;
  readonly userId: string;
  readonly caller: Caller;
  /** Set where an earlier run of the router had this call: then it goes on from there. */
  readonly resumed?: Resumed;
}

/** What an earlier run has left of a call. */
export interface Resumed {
  readonly checkpoint: CallCheckpoint;
  readonly legs: readonly FoundLeg[];
}

/** What can happen to a call from outside, one at a time. */
export type Happening =
  | { readonly what: 'contact'; readonly contact: Contact }
  | { readonly what: 'contact-gone'; readonly contact: ContactAddress }
  /** Something of the two is known, and may be told later: when, the registration watch says. */
  | { readonly what: 'held-back' }
  | { readonly what: 'leg'; readonly legId: string; readonly event: LegEvent }
  | { readonly what: 'pushed'; readonly device: Device; readonly result: PushResult };

export class Call {
  readonly callId: string;
  readonly userId: string;
  readonly caller: Caller;
  readonly resumed: Resumed | undefined;
  readonly ports: CallPorts;
  readonly timeline: Timeline;
  readonly undo = new Undo();
  /** False once it turns out that the callee has nothing to do with us. */
  isOurs = true;
  /** What the callee may see of the caller: nothing, where the caller withholds it. */
  shown: Party;
  /** Where the call is one that another router could go on with. */
  checkpoint: KeptCheckpoint | undefined;
  /** Where an earlier run of the router had this call: it goes on when its turn comes, and lets others have theirs once it is taken on. */
  turn: Turn | undefined;
  /** On what a leg of an earlier run was connected before the call has taken it over: it talks, or has, and is not ours to end. */
  talksOnFound: AnsweredOn | undefined;
  /** What the caller hears while waiting, once that has begun. */
  hold: Hold | undefined;
  readonly inbox: Inbox<Happening>;
  private readonly controller = new AbortController();
  private readonly work = new Set<Promise<void>>();
  private readonly onLeft = () => this.abort(this.caller.left.reason);

  constructor(arrival: Arrival, ports: CallPorts) {
    this.callId = arrival.callId;
    this.userId = arrival.userId;
    this.caller = arrival.caller;
    this.resumed = arrival.resumed;
    this.shown = arrival.caller.party;
    this.ports = ports;
    this.timeline = new Timeline(ports.clock, ports.callHistory, {
      callId: this.callId,
      userId: this.userId,
    });
    this.inbox = new Inbox(ports.clock, this.signal);
    this.caller.left.addEventListener('abort', this.onLeft, { once: true });
    this.caller.whenReplaced?.((channel) => {
      this.note('caller-replaced', { channel });
      this.checkpoint?.writeAnew();
    });
    if (this.caller.left.aborted) this.onLeft();
  }

  /** It is known now who the caller is, and whether it withholds its number. One who does is named nowhere: neither to the callee nor in the history. */
  learnWithheld(withheld: boolean): void {
    // By now more may be known of it than when it came.
    this.shown = withheld ? NOBODY : this.caller.party;
    if (!withheld) this.timeline.name(this.shown);
  }

  /** Aborts when the call is over for whatever reason. Everything that waits takes it; nothing that cleans up does. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  abort(reason: unknown): void {
    this.controller.abort(reason);
  }

  note(what: string, facts?: Facts): void {
    this.timeline.note(what, facts);
  }

  /** Lets work go on beside the story. A fault in it is told, and never ends the call: the caller matters more than any part. */
  beside(name: string, work: Promise<unknown>): void {
    const told = work.then(
      () => undefined,
      (fault: unknown) => this.tellFault(name, fault),
    );
    this.work.add(told);
    void told.then(() => this.work.delete(told));
  }

  /** Puts everything back and waits until nothing of this call is under way any more. */
  async close(): Promise<void> {
    this.caller.left.removeEventListener('abort', this.onLeft);
    this.abort(new CallerGone('the call is over'));
    do {
      await this.undo.run((name, fault) => this.tellFault(`undo ${name}`, fault));
      await Promise.all(this.work);
    } while (this.work.size > 0);
    await this.undo.run((name, fault) => this.tellFault(`undo ${name}`, fault));
  }

  private tellFault(name: string, fault: unknown): void {
    if (fault instanceof CallerGone || fault === this.signal.reason) return;
    const detail = wordsOf(fault);
    this.note('fault', { in: name, detail });
    const { log } = this.ports;
    // An ill PBX fails every call in many ways: who speaks to it says so, once, and each call's timeline has the rest.
    const level = fault instanceof PbxError ? 'debug' : 'warn';
    log[level](`call ${this.callId}: ${name} failed: ${detail}`, { callId: this.callId, fault });
  }
}
