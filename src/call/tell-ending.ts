/**
 * How an ending is told to those who look after the router: one log line for each call, and the cure where a call is not ours.
 */

import type { Call } from './call.ts';
import type { Ending } from './outcomes.ts';
import type { PassOn } from './plan.ts';

/** The call is not ours: says why, and gives its ending. */
export function passOn(call: Call, plan: PassOn): Ending {
  call.note('passed', { reason: plan.reason, detail: plan.detail });
  call.ports.log.warn(`call ${call.callId} is passed back to the dialplan: ${plan.detail}`, { callId: call.callId });
  return { outcome: 'passed', reason: plan.reason };
}

/** The one line of a call that has ended, with the ms that it spent in each stage. */
export function tellEnding(call: Call, ending: Ending): void {
  call.ports.log.info(`call ${call.callId} ${ending.outcome}: ${ending.reason}`, {
    callId: call.callId,
    userId: call.userId,
    outcome: ending.outcome,
    reason: ending.reason,
    totalMs: Math.round(call.diary.atMs),
    ...Object.fromEntries(Object.entries(call.diary.stagesMs()).map(([stage, ms]) => [`${stage}Ms`, ms])),
  });
}
