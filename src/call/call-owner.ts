/**
 * What a call asks of whoever owns all the calls: to be taken at all, to have its turn, and that what it has found wrong is told once. It must never
 * reach into another call.
 */

import type { Call } from './call.ts';
import type { Settings, Warning } from './globals.ts';
import type { Turn } from './resume/turns.ts';

export type Admission = 'wholly' | 'without-hold' | 'pbx-slow' | 'too-many-calls';

/** Called once the call exists, so that its owner can stop it. Warnings about globals go to `warn`, which may have said them before. */
export interface CallOwner {
  started(call: Call): void;
  warn(warning: Warning): void;
  /** A mistake of the site's keeps calls from being ours; in words that say what it is. It may have been said before. */
  mistake(detail: string): void;
  /**
   * Whether a new call is taken, and how: as the site wants it; with ringing in place of message and music; or not at all, for this reason. What is
   * taken counts until its story has ended.
   */
  admit(call: Call, settings: Pick<Settings, 'slowMs' | 'mostCalls'>): Admission;
  /** When a call goes on that an earlier run of the router has begun. */
  turnOf(call: Call): Turn | undefined;
  /** Whether nobody has told the mobiles of this call's end yet; from now on somebody has. */
  isFirstToTell(callId: string): boolean;
  /** A caller hears something else than was meant; in words that say what, and what cures it. It may have been said before. */
  unheard(detail: string): void;
}
