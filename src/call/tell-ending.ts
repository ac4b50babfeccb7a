/**
 * How an ending is told to those who look after the router: one log line for each call, and the cure where a mistake of the site's keeps us from it.
 * A call of a user who has nothing to do with us is told to nobody: on a site where every user's calls come by, it would hide the others.
 */

import type { Call } from './call.ts';
import type { CallOwner } from './call-owner.ts';
import type { Ending } from './outcomes.ts';
import type { PassOn } from './plan.ts';

/** The call is not ours to route: says why, and gives its ending. */
export function passOn(call: Call, plan: PassOn, owner: CallOwner): Ending {
  const { reason, concern, detail } = plan;
  call.note('passed', { reason, detail });
  if (concern === 'mistake') owner.mistake(detail);
  else call.ports.log.debug(`call ${call.callId} is passed back to the dialplan: ${detail}`, { callId: call.callId });
  call.isOurs = concern !== 'none';
  return { outcome: 'passed', reason };
}

/** Whether anything is kept of the call. Of one that is none of ours, only that it failed. */
function isKept(call: Call, ending: Ending): boolean {
  return call.isOurs || ending.outcome === 'failed';
}

/** The one line of a call that has ended, with the ms that it spent in each stage. */
export function tellEnding(call: Call, ending: Ending): void {
  if (!isKept(call, ending)) return;
  call.ports.log.info(`call ${call.callId} ${ending.outcome}: ${ending.reason}`, {
    callId: call.callId,
    userId: call.userId,
    outcome: ending.outcome,
    reason: ending.reason,
    totalMs: Math.round(call.timeline.atMs),
    ...Object.fromEntries(Object.entries(call.timeline.stagesMs()).map(([stage, ms]) => [`${stage}Ms`, ms])),
  });
}

/** The last that is said of a call. */
export function closeTimeline(call: Call, ending: Ending): void {
  call.timeline.close(ending.outcome, ending.reason, isKept(call, ending));
}
