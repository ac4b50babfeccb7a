/**
 * The fall back: the call goes to the dialplan again, with a status and a reason. It must never leave a caller where it is: there it would sit for
 * ever. So it is tried until it is done or the caller is gone, however long Asterisk refuses; meanwhile the caller hears what it heard before.
 */

import type { Call } from './call.ts';
import { CallerGone, PbxError, PbxLate } from './errors.ts';
import { type Ending, statusOf } from './outcomes.ts';
import { retry } from './retry.ts';

/**
 * From when on a caller who cannot be given back is rather cut off, in ms: by then Asterisk refuses this alone, or everything. One that is late refuses
 * nothing.
 */
const PATIENCE_MS = 60_000;

/** Hands the call back to the dialplan, which knows the user's scenarios. Rejects with CallerGone when the caller had left before. */
export async function fallBack(call: Call, ending: Ending): Promise<void> {
  call.timeline.enter('ending');
  const status = statusOf(ending);
  if (status === undefined) return;
  call.note('given-back', { status, reason: ending.reason });
  // Should we die before the caller is given back, the next router does it. A router that stops leaves it the whole call.
  if (ending.reason !== 'router-stopping') call.checkpoint?.keep({ ending });
  const { caller } = call;
  const { clock, log } = call.ports;
  let patientUntilMs = clock.nowMs() + PATIENCE_MS;
  let refused = 0;
  const tryIt = async () => {
    try {
      await caller.giveBack(status, ending.reason);
    } catch (fault) {
      if (!(fault instanceof PbxError)) throw fault;
      refused += 1;
      if (fault instanceof PbxLate) patientUntilMs = clock.nowMs() + PATIENCE_MS;
      if (refused === 1) call.note('fault', { in: 'give-back', detail: fault.message });
      if (clock.nowMs() < patientUntilMs) {
        if (refused > 1) keepWaiting(call);
        throw fault;
      }
      // Better cut off than kept for ever. Where Asterisk refuses this as well, both are tried again.
      await caller.hangUp();
      log.error(`call ${call.callId} could not be given back and is hung up`, { callId: call.callId, fault });
    }
  };
  try {
    await retry(clock, caller.left, tryIt);
  } catch (fault) {
    // Of one that is gone after a refusal nobody knows: it has gone on after all, or has hung up. It is over either way.
    if (!(fault instanceof CallerGone) || refused === 0) throw fault;
    call.note('gone-meanwhile', { detail: fault.message });
  }
}

/** Each try stops what the caller hears. */
function keepWaiting(call: Call): void {
  if (call.hold !== undefined) call.beside('hold', call.caller.startHold({ ...call.hold, message: undefined }));
}
