/**
 * All calls of this router: starts each, counts them, and stops them when the router stops. It knows no rule of any call.
 */

import type { Arrival, Call } from './call.ts';
import { Stopping } from './errors.ts';
import type { Ending } from './outcomes.ts';
import type { CallPorts } from './ports.ts';
import { routeCall } from './route-call.ts';
import type { Warning } from './settings.ts';

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
  async route(arrival: Arrival): Promise<Ending> {
    let call: Call | undefined;
    const ending = routeCall(arrival, this.ports, {
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
