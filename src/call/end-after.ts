/**
 * The end of a story that was interrupted: by the caller who leaves, by the router that stops, or by a fault. Whatever it was, it has exactly one name,
 * and a caller who is still there is handed to the dialplan.
 */

import type { Call } from './call.ts';
import { CallerGone, PbxError, Stopping, wordsOf } from './errors.ts';
import { fallBack } from './fall-back.ts';
import type { Ending } from './outcomes.ts';
import type { Leg } from './ringing.ts';

/** What an interrupted story comes to: the caller has left, we are stopping, or something failed and the dialplan takes over. */
export async function endAfter(fault: unknown, call: Call, talkingOn: Leg | undefined): Promise<Ending> {
  const talking = call.diary.stage === 'talking' && talkingOn !== undefined;
  const ending: Ending = talking
    ? { outcome: 'answered', reason: talkingOn.on }
    : fault instanceof CallerGone || call.caller.left.aborted
      ? { outcome: 'caller-left', reason: whenLeft(call) }
      : { outcome: 'failed', reason: failure(fault) };
  if (talking && fault instanceof Stopping) {
    // A conversation outlives the router: its channels and bridge stay as they are.
    call.note('left-talking');
    call.undo.forget();
    return ending;
  }
  if (ending.outcome === 'caller-left') call.note('caller-left', { detail: wordsOf(call.caller.left.reason ?? fault) });
  if (ending.outcome === 'answered') call.note('caller-hung-up');
  if (ending.outcome !== 'failed') return ending;
  if (!(fault instanceof Stopping)) {
    const detail = wordsOf(fault);
    call.note('fault', { in: call.diary.stage, detail });
    // What Asterisk refuses is said once, by whom it was refused; this call's own line and timeline have the rest.
    const level = fault instanceof PbxError ? 'debug' : 'error';
    call.ports.log[level](`call ${call.callId} failed: ${detail}`, { callId: call.callId, fault });
  }
  try {
    await fallBack(call, ending);
    return ending;
  } catch (again) {
    if (again instanceof CallerGone) return { outcome: 'caller-left', reason: whenLeft(call) };
    call.ports.log.error(`call ${call.callId} could not be given back`, { callId: call.callId, fault: again });
    // Better cut off than left in silence for ever.
    call.beside('hang up the caller', call.caller.hangUp());
    return ending;
  }
}

function whenLeft(call: Call): 'before-push' | 'while-waiting' | 'while-ringing' {
  const pushedBefore = (call.resumed?.memory.pushed ?? []).length > 0;
  if (call.diary.stage === 'learning') return pushedBefore ? 'while-waiting' : 'before-push';
  return call.diary.stage === 'waiting' ? 'while-waiting' : 'while-ringing';
}

function failure(fault: unknown): 'router-stopping' | 'pbx-error' | 'router-error' {
  if (fault instanceof Stopping) return 'router-stopping';
  return fault instanceof PbxError ? 'pbx-error' : 'router-error';
}
