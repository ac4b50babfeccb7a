/**
 * Callers as they come to the application, or as an earlier run of the router has left them there: each is given to whoever takes callers, and back to the
 * dialplan where that fails. It knows of whom nobody has had a look yet. It must never take a message for a call.
 */
import type { Caller, FoundLeg } from '../../call/ports.ts';
import type { Channel } from '../ari/events.ts';
import { CallerChannel, type CallerDeps } from '../channels/caller.ts';
import type { LeftBehind } from './resync.ts';
import { isNoCall } from './strangers.ts';

/** A caller's channel that has come to us, or was in the application already when we connected. */
export interface Arrival {
  readonly caller: Caller;
  /** First argument of the dialplan's Stasis(), '' where there is none. */
  readonly userId: string;
  /** What an earlier run of the router has left on the channel; '' where nothing. The dialplan hands it on as the second argument. */
  readonly checkpoint: string;
  readonly legs: readonly FoundLeg[];
  /** `found`: it came while we were away, or an earlier run of the router had it. */
  readonly how: 'new' | 'found';
}

export type CallerHandler = (arrival: Arrival) => void | Promise<void>;

export interface ArrivalDeps extends Omit<CallerDeps, 'onConnected'> {
  /** A caller was found to talk to that leg. */
  readonly onConnected: (legId: string, on: string, callerId: string) => boolean;
  readonly returnNoCall: (channel: Channel) => void;
}

export class Arrivals {
  private readonly deps: ArrivalDeps;
  private readonly found = new Set<CallerChannel>();
  private handler: CallerHandler | undefined;

  constructor(deps: ArrivalDeps) {
    this.deps = deps;
  }

  takenBy(handler: CallerHandler): void {
    this.handler = handler;
  }

  take(channel: Channel, [userId = '', told = '']: readonly string[], left?: LeftBehind): void {
    const { onConnected, returnNoCall, log } = this.deps;
    if (isNoCall(channel)) {
      returnNoCall(channel);
      return;
    }
    const deps = { ...this.deps, onConnected: (legId: string, on: string) => onConnected(legId, on, channel.id) };
    const caller = new CallerChannel(channel, userId, deps, left);
    if (left !== undefined) this.found.add(caller);
    const how = left === undefined ? 'new' : 'found';
    const tell = async () =>
      this.handler?.({ caller, userId, how, checkpoint: left?.checkpoint || told, legs: left?.legs ?? [] });
    tell().catch((error: unknown) => {
      log.error('a caller could not be taken', { channel: channel.id, error: String(error) });
      return caller.giveBack('FAILED', 'router-error').catch(() => undefined);
    });
  }

  /** Whether somebody has looked at every caller of an earlier run who is still there. */
  get isEverybodySeen(): boolean {
    for (const caller of this.found) if (!caller.isUnseen) this.found.delete(caller);
    return this.found.size === 0;
  }
}
