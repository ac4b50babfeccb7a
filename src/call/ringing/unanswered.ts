/**
 * How a call ends when nobody rings and nobody may come any more: by what has become of its legs, its pushes and its wait. What a person has said
 * counts before what a machine has. Pure.
 */

import type { Ending } from '../outcomes.ts';
import type { Plan } from '../plan.ts';
import type { Ringing } from './ringing.ts';
import type { Wake } from './wake.ts';

/** @param waitedInVain the wait is over, and no mobile has registered afresh */
export function whyNobody(
  plan: Pick<Plan, 'mobileEndpoints'>,
  wake: Pick<Wake, 'everyTokenDead'>,
  ringing: Pick<Ringing, 'ends'>,
  waitedInVain: boolean,
): Ending {
  const ends = ringing.ends();
  if (ends.includes('declined')) return { outcome: 'declined', reason: 'declined' };
  if (ends.includes('busy')) return { outcome: 'busy', reason: 'busy' };
  if (wake.everyTokenDead) return { outcome: 'unreachable', reason: 'every-token-dead' };
  if (waitedInVain) return { outcome: 'no-answer', reason: 'wait-over' };
  if (ends.length > 0) return { outcome: 'unreachable', reason: 'every-leg-failed' };
  return { outcome: 'unreachable', reason: plan.mobileEndpoints.length > 0 ? 'no-device' : 'not-registered' };
}
