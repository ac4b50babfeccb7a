/**
 * All calls of this router: starts each, counts them, and stops them when the router stops. It knows no rule of any call.
 */

import type { Arrival, Call } from './call.ts';
import type { Admission, CallOwner } from './call-owner.ts';
import { Stopping } from './errors.ts';
import type { Settings, Warning } from './globals.ts';
import { isHandedOn } from './handed-on.ts';
import { LoadShedding } from './load-shedding.ts';
import type { AnsweredOn, Ending } from './outcomes.ts';
import { ownDial, type WaitingNewcomer } from './own-dial/own-dial.ts';
import type { Caller, CallPorts, FoundLeg } from './ports.ts';
import { keptUser, readCallCheckpoint } from './resume/checkpoint.ts';
import { goneCaller } from './resume/gone-caller.ts';
import { type Turn, Turns } from './resume/turns.ts';
import { urgencyOf } from './resume/urgency.ts';
import { routeCall } from './route-call.ts';

/** A caller's channel that has come to us, with what an earlier run of the router may have left on it. */
export interface Newcomer {
  /** Chosen for the call, should it be a new one. */
  readonly callId: string;
  readonly userId: string;
  readonly caller: Caller;
  readonly checkpoint?: string;
  readonly legs?: readonly FoundLeg[];
  /** `new`: it has just come from the dialplan; `found`: an earlier run may have been in the middle of anything with it. `found` when left out. */
  readonly how?: 'new' | 'found';
}

/** What an earlier run has left of a call that waits no more. */
export interface LostCall {
  readonly checkpoint: string;
  /** Set where somebody has answered: the caller talks, or has. */
  readonly answeredOn?: AnsweredOn | undefined;
}

/** What is remembered, so that it is said once: anybody with a dialplan can make more. */
const MOST_REMEMBERED = 500;

export class Router {
  private readonly ports: CallPorts;
  private readonly live = new Set<Call>();
  private readonly stories = new Set<Promise<unknown>>();
  private stopping = false;
  private readonly shedding: LoadShedding;
  private readonly admitted = new Set<Call>();
  private readonly turns: Turns;
  private readonly warnedOf = new Map<string, string>();
  private readonly mistakes = new Set<string>();
  /** Calls of waiting dialplans whose end the mobiles know: wait and dialplan may both come to tell it. */
  private readonly toldEnds = new Set<string>();

  /** What is the same for all calls. */
  private readonly owner: Omit<CallOwner, 'started'> = {
    warn: (warning) => this.warnOnce(warning),
    mistake: (detail) => this.tellMistakeOnce(`calls are passed back to the dialplan: ${detail}`),
    admit: (call, settings) => this.admit(call, settings),
    turnOf: (call) => this.turnOf(call),
    isFirstToTell: (callId) => {
      if (this.toldEnds.has(callId)) return false;
      keepNewest(this.toldEnds, callId);
      return true;
    },
    unheard: (detail) => this.tellMistakeOnce(`a caller does not hear what was meant: ${detail}`),
  };

  constructor(ports: CallPorts) {
    this.ports = ports;
    this.shedding = new LoadShedding(ports);
    this.turns = new Turns(ports.clock);
  }

  /** What is done without while Asterisk is slow, in words; undefined where nothing is. */
  shed(): string | undefined {
    return this.shedding.trouble();
  }

  /** How many calls are in each stage now. */
  stages(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const call of this.live) counts[call.timeline.stage] = (counts[call.timeline.stage] ?? 0) + 1;
    return counts;
  }

  /** Routes a call to its end. Never rejects. */
  route(newcomer: Newcomer): Promise<Ending> {
    const { caller, checkpoint = '', how = 'found' } = newcomer;
    return this.own((owner) => {
      const begin = (goesOn: boolean) => routeCall(this.recall(newcomer, goesOn), this.ports, owner);
      const known = readCallCheckpoint(checkpoint);
      // Of a call that is over, a caller who comes from the dialplan makes another; and an older copy of it hands any checkpoint on.
      if (how === 'found' || known === undefined || known.ending !== undefined) return begin(how === 'found');
      return isHandedOn(caller).then(begin);
    });
  }

  /** A call of an earlier run that ended, or was answered, while no router was there, by what that run kept of it. Never rejects. */
  async endLost({ checkpoint, answeredOn }: LostCall): Promise<void> {
    const known = readCallCheckpoint(checkpoint);
    if (known === undefined || [...this.live].some(({ callId }) => callId === known.callId)) return;
    await this.route({ ...known, caller: goneCaller(answeredOn), checkpoint });
  }

  /** Does what a dialplan that keeps its own Dial asks for. Rejects where its channel cannot be asked. */
  ownDial(newcomer: WaitingNewcomer): Promise<void> {
    return ownDial(newcomer, this.ports, (tell) => this.own(tell));
  }

  /** Tells a story, and keeps it and its calls in mind until it has ended. */
  private async own<T>(tell: (owner: CallOwner) => Promise<T>): Promise<T> {
    const calls: Call[] = [];
    const story = tell({
      ...this.owner,
      started: (call) => {
        calls.push(call);
        this.live.add(call);
        // One that is under way counts also until its turn comes.
        if (call.resumed !== undefined) this.admitted.add(call);
        if (this.stopping) call.abort(new Stopping());
      },
    });
    this.stories.add(story);
    try {
      return await story;
    } finally {
      this.stories.delete(story);
      for (const call of calls) {
        this.live.delete(call);
        this.admitted.delete(call);
      }
    }
  }

  /** Gives waiting and ringing calls back to the dialplan, and lets go of conversations without touching them. Resolves when all have ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const call of this.live) call.abort(new Stopping());
    // A caller may come while the others are given back.
    while (this.stories.size > 0) await Promise.allSettled(this.stories);
    this.shedding.close();
  }

  private turnOf({ resumed, signal }: Call): Turn | undefined {
    if (resumed === undefined) return undefined;
    return this.turns.take(urgencyOf(resumed.checkpoint, resumed.legs, this.ports.clock.wallMs()), signal);
  }

  private admit(call: Call, { slowMs, mostCalls }: Pick<Settings, 'slowMs' | 'mostCalls'>): Admission {
    // One that is under way goes on as it began.
    if (call.resumed !== undefined) return 'wholly';
    // Those who talk, and those who have gone, cost us nothing.
    const busy = () =>
      [...this.admitted].filter(({ timeline: { stage } }) => stage !== 'talking' && stage !== 'ending').length;
    if (mostCalls > 0 && busy() >= mostCalls) return 'too-many-calls';
    const shed = this.shedding.judge(slowMs);
    if (shed === 'calls') return 'pbx-slow';
    this.admitted.add(call);
    return shed === 'hold' ? 'without-hold' : 'wholly';
  }

  /** A call that an earlier run began goes on; what is left of one that cannot be made out is ended. */
  private recall({ callId, userId, caller, checkpoint = '', legs = [] }: Newcomer, goesOn: boolean): Arrival {
    const known = readCallCheckpoint(checkpoint);
    // The dialplan can write anything: two callers must not live by one checkpoint. Nor does a caller come back to a call that we are just ending,
    // unless we are the one that stops.
    const isTaken = [...this.live].some(
      (call) => call.callId === known?.callId && !(this.stopping && call.caller.channelId === caller.channelId),
    );
    const isAnother = known?.userId !== keptUser(userId) || isTaken;
    if (known !== undefined && goesOn && !isAnother) {
      return { callId: known.callId, userId, caller, resumed: { checkpoint: known, legs } };
    }
    for (const { legId } of legs) {
      this.ports.legs.hangUp(legId, 'not-needed').catch((fault: unknown) => {
        this.ports.log.warn('a leg of an earlier run could not be ended', { legId, fault });
      });
    }
    return { callId, userId, caller };
  }

  /** One warning for each mistake, however many calls meet it. */
  private tellMistakeOnce(detail: string): void {
    if (this.mistakes.has(detail)) return;
    keepNewest(this.mistakes, detail);
    this.ports.log.warn(detail);
  }

  /** One warning for each value of each global, however many calls read it. */
  private warnOnce(warning: Warning): void {
    if (this.warnedOf.get(warning.variable) === warning.value) return;
    this.warnedOf.set(warning.variable, warning.value);
    this.ports.log.warn(
      `${warning.variable} is ${JSON.stringify(warning.value)}, ${warning.why ?? 'which makes no sense there'}; ${warning.used} is used instead`,
      { ...warning },
    );
  }
}

function keepNewest(all: Set<string>, one: string): void {
  all.add(one);
  const [oldest] = all;
  if (all.size > MOST_REMEMBERED && oldest !== undefined) all.delete(oldest);
}
