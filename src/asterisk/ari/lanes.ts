/**
 * The HTTP connections to Asterisk. It allows `sessionlimit` of them in all (100 unless set), shared with browsers and whoever else; what comes
 * beyond it accepts and closes at once. So a few are kept: each is used often enough that Asterisk never lets go of it (15 s), and they carry
 * everything where no other connection is to be had. Those of the other lanes come and go with the load, and are let go when idle, before Asterisk
 * does it. Many calls at once make requests queue for a connection; so those that somebody waits for have a lane of their own. Looks have few: where
 * Asterisk is late, they must neither stand before orders nor make it later.
 */
import type { Agent } from 'node:http';
import { makeAgent } from './paced-agent.ts';

const MAX_SOCKETS = 16;
const IDLE_MS = 10_000;
/** Enough for the requests of some hundred calls one after another, and little of what others want. */
const KEPT = 4;

const LOOKS = 4;
/** Each may take Asterisk 200 ms; what somebody waits for shall find it free. */
const PATIENT = 8;

/**
 * `urgent`: a person hears or sees it at once. `looks`: it is asked again anyway, and its answer is of no use when it comes late. `patient`: nobody waits
 * for it. `kept`: a late answer would mean something else.
 */
export type Lane = 'urgent' | 'usual' | 'looks' | 'patient' | 'kept';

export class Lanes {
  static readonly kept = KEPT;
  private readonly agents: Readonly<Record<Lane, Agent>>;

  constructor(secure: boolean) {
    const settings = { keepAlive: true, timeout: IDLE_MS, noDelay: true };
    const coming = { ...settings, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS, scheduling: 'lifo' as const };
    // Each in its turn, so that none stays unused for long.
    const kept = { ...settings, maxSockets: KEPT, maxFreeSockets: KEPT, scheduling: 'fifo' as const };
    const agent = (maxSockets = MAX_SOCKETS) => makeAgent(secure, { ...coming, maxSockets });
    this.agents = {
      urgent: agent(),
      usual: agent(),
      looks: agent(LOOKS),
      patient: agent(PATIENT),
      kept: makeAgent(secure, kept),
    };
  }

  agentOf(lane: Lane): Agent {
    return this.agents[lane];
  }

  /** How many of the kept connections stand. */
  get standing(): number {
    const { sockets, freeSockets } = this.agents.kept;
    const open = [sockets, freeSockets].flatMap((map) => Object.values(map).flatMap((some) => some ?? []));
    return open.filter((socket) => !socket.destroyed).length;
  }

  /** How many of the kept connections are missing. */
  get missing(): number {
    return KEPT - this.standing;
  }

  /** @param isAll whether others can be opened; else requests wait for one of those that stand */
  openKept(isAll: boolean): void {
    this.agents.kept.maxSockets = isAll ? KEPT : Math.max(1, this.standing);
  }

  /** Lets go of idle connections, which may be as dead as one that has just been found dead. @param all the kept ones as well */
  dropIdle(all: boolean): void {
    for (const [lane, { freeSockets }] of Object.entries(this.agents)) {
      if (lane === 'kept' && !all) continue;
      for (const sockets of Object.values(freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    }
  }

  close(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }
}
