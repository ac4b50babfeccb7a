/**
 * The end of a story that was interrupted: by the caller who leaves, by the router that stops, or by a fault. Whatever it was, it has exactly one name,
 * and a caller who is still there is handed to the dialplan.
 */

import type { Call } from './call.ts';
import { CallerAnswered, CallerGone, PbxError, Stopping, wordsOf } from './errors.ts';
import { fallBack } from './fall-back.ts';
import type { Ending } from './outcomes.ts';
import type { Ringing } from './ringing/ringing.ts';
import { answeredOn } from './talk.ts';

/**
 * What an interrupted story comes to: somebody has answered meanwhile, the caller has left, we are stopping, or something failed and the dialplan
 * takes over.
 */
export async function endAfter(fault: unknown, call: Call, ringing: Ringing | undefined): Promise<Ending> {
  const answered = talking(call, ringing);
  if (answered !== undefined) return answered;
  if (fault instanceof CallerGone || call.caller.left.aborted) return leftBy(fault, call, ringing);
  const ending: Ending = { outcome: 'failed', reason: failure(fault) };
  if (!(fault instanceof Stopping)) {
    const detail = wordsOf(fault);
    call.note('fault', { in: call.timeline.stage, detail });
    // What Asterisk refuses is said once, by whom it was refused; this call's own line and timeline have the rest.
    const level = fault instanceof PbxError ? 'debug' : 'error';
    call.ports.log[level](`call ${call.callId} failed: ${detail}`, { callId: call.callId, fault });
  }
  try {
    await fallBack(call, ending);
    // Somebody may have answered in that very moment, and was first.
    return talking(call, ringing) ?? ending;
  } catch (again) {
    if (again instanceof CallerGone) return endAfter(again, call, ringing);
    call.ports.log.error(`call ${call.callId} could not be given back`, { callId: call.callId, fault: again });
    // Better cut off than left in silence for ever.
    call.beside('hang up the caller', call.caller.hangUp());
    return ending;
  }
}

/** Where somebody talks to the caller, or has: the others shall not ring on, and what else is left to do goes on without us. */
function talking(call: Call, ringing: Ringing | undefined): Ending | undefined {
  const talkingOn = ringing?.catchUp();
  const on = ringing === undefined ? call.talksOnFound : talkingOn && answeredOn(talkingOn);
  if (on === undefined) return undefined;
  ringing?.dropOthers(talkingOn, 'answered-elsewhere');
  call.note(call.caller.left.aborted ? 'caller-hung-up' : 'left-talking');
  return { outcome: 'answered', reason: on };
}

/** The caller has left before anybody was connected with it, as far as we know. */
function leftBy(fault: unknown, call: Call, ringing: Ringing | undefined): Ending {
  const reason: unknown = call.caller.left.reason ?? fault;
  if (reason instanceof CallerAnswered) {
    call.note('answered-meanwhile', { detail: wordsOf(reason) });
    dropAll(call, ringing);
    return { outcome: 'answered', reason: reason.on };
  }
  call.note('caller-left', { detail: wordsOf(reason) });
  const how = reason instanceof CallerGone ? reason.how : 'hung-up';
  if (how === 'answered-elsewhere') dropAll(call, ringing);
  return { outcome: 'caller-left', reason: how === 'hung-up' ? whenLeft(call) : how };
}

/**
 * The call was answered: by somebody else, or on one of its legs, of which nobody has heard that, and which is not ours to end. Those of an earlier
 * run may not be taken over yet.
 */
function dropAll(call: Call, ringing: Ringing | undefined): void {
  ringing?.dropOthers(undefined, 'answered-elsewhere');
  const found = ringing === undefined ? (call.resumed?.legs ?? []) : [];
  for (const { legId } of found) call.beside(`hang up ${legId}`, call.ports.legs.hangUp(legId, 'answered-elsewhere'));
}

function whenLeft(call: Call): 'before-push' | 'while-waiting' | 'while-ringing' {
  const pushedBefore = (call.resumed?.checkpoint.pushed ?? []).length > 0;
  if (call.timeline.stage === 'learning') return pushedBefore ? 'while-waiting' : 'before-push';
  return call.timeline.stage === 'waiting' ? 'while-waiting' : 'while-ringing';
}

function failure(fault: unknown): 'router-stopping' | 'pbx-error' | 'router-error' {
  if (fault instanceof Stopping) return 'router-stopping';
  return fault instanceof PbxError ? 'pbx-error' : 'router-error';
}
