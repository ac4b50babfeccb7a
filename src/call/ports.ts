/**
 * What the call needs from the world, in telephony's words. The domain is written against these interfaces alone; adapters implement
 * them, fakes implement them for the stories, and one contract suite each holds both to the same promises.
 * It is in parts, by whom the call speaks to: the PBX, the callee's devices, and its own record; and what is asked of users and past calls beside any call. Whoever needs any of it imports it from here.
 * These files must never name a protocol, a library or an Asterisk request.
 */

import type { Push, Registry } from './ports/callee.ts';
import type { Clock } from './ports/clock.ts';
import type { Legs, Load, Notes } from './ports/pbx.ts';
import type { CallHistory, Log } from './ports/records.ts';
import type { Registrations } from './ports/registrations.ts';

export type * from './ports/callee.ts';
export type * from './ports/clock.ts';
export type * from './ports/directory.ts';
export type { Party } from './ports/party.ts';
export type * from './ports/pbx.ts';
export type * from './ports/records.ts';
export type * from './ports/registrations.ts';

/** Everything a call needs. */
export interface CallPorts {
  readonly clock: Clock;
  readonly load: Load;
  readonly legs: Legs;
  readonly notes: Notes;
  readonly registrations: Registrations;
  readonly registry: Registry;
  readonly push: Push;
  readonly callHistory: CallHistory;
  readonly log: Log;
}
