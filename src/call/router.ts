/**
 * All calls of this router: starts each, counts them, and stops them when the router stops. It knows no rule of any call.
 */

import type { Arrival, Call } from './call.ts';
import { Stopping } from './errors.ts';
import { readCallMemory } from './memory.ts';
import type { Ending } from './outcomes.ts';
import type { Caller, CallPorts, FoundLeg } from './ports.ts';
import { routeCall } from './route-call.ts';
import type { Warning } from './settings.ts';

/** A caller's channel that has come to us, with what an earlier run of the router may have left on it. */
export interface Newcomer {
  /** Chosen for the call, should it be a new one. */
  readonly callId: string;
  readonly userId: string;
  readonly caller: Caller;
  readonly memory?: string;
  readonly legs?: readonly FoundLeg[];
}

export class Router {
  private readonly ports: CallPorts;
  private readonly live = new Map<Call, Promise<Ending>>();
  private stopping = false;
  private readonly warnedOf = new Map<string, string>();

  constructor(ports: CallPorts) {
    this.ports = ports;
  }

  /** How many calls are in each stage now. */
  stages(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const call of this.live.keys()) counts[call.diary.stage] = (counts[call.diary.stage] ?? 0) + 1;
    return counts;
  }

  /** Routes a call to its end. Never rejects. */
  async route(newcomer: Newcomer): Promise<Ending> {
    let call: Call | undefined;
    const ending = routeCall(this.recall(newcomer), this.ports, {
      started: (started) => {
        call = started;
      },
      warn: (warning) => this.warnOnce(warning),
    });
    if (call === undefined) return ending;
    this.live.set(call, ending);
    if (this.stopping) call.abort(new Stopping());
    try {
      return await ending;
    } finally {
      this.live.delete(call);
    }
  }

  /** Gives waiting and ringing calls back to the dialplan, and lets go of conversations without touching them. Resolves when all have ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const call of this.live.keys()) call.abort(new Stopping());
    await Promise.all(this.live.values());
  }

  /** A call that an earlier run began goes on; what is left of one that cannot be made out is ended. */
  private recall({ callId, userId, caller, memory = '', legs = [] }: Newcomer): Arrival {
    const known = readCallMemory(memory);
    if (known !== undefined && known.userId === userId) {
      return { callId: known.callId, userId, caller, resumed: { memory: known, legs } };
    }
    for (const { legId } of legs) {
      this.ports.legs.hangUp(legId, 'not-needed').catch((fault: unknown) => {
        this.ports.log.warn('a leg of an earlier run could not be ended', { legId, fault });
      });
    }
    return { callId, userId, caller };
  }

  /** One warning for each value of each global, however many calls read it. */
  private warnOnce(warning: Warning): void {
    if (this.warnedOf.get(warning.variable) === warning.value) return;
    this.warnedOf.set(warning.variable, warning.value);
    this.ports.log.warn(
      `${warning.variable} is ${JSON.stringify(warning.value)}, which makes no sense there; ${warning.used} is used instead`,
      { ...warning },
    );
  }
}
