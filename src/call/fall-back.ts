/**
 * The fall back: the call goes to the dialplan again, with a status and a reason. It must never leave a caller where it is: there it would sit for ever.
 */

import type { Call } from './call.ts';
import { CallerGone, PbxError } from './errors.ts';
import { CALL_MEMORY } from './memory.ts';
import { type Ending, statusOf } from './outcomes.ts';

/** Hands the call back to the dialplan, which knows the user's scenarios. Rejects with CallerGone, or PbxError when Asterisk refuses twice. */
export async function fallBack(call: Call, ending: Ending): Promise<void> {
  call.diary.enter('ending');
  const status = statusOf(ending);
  if (status === undefined) return;
  call.note('given-back', { status, reason: ending.reason });
  // The channel may come to us again, for another user. A router that stops leaves the memory to the next one.
  if (ending.reason !== 'router-stopping') call.beside('forget', call.caller.write({ [CALL_MEMORY]: '' }));
  try {
    await call.caller.giveBack(status, ending.reason);
  } catch (fault) {
    if (!(fault instanceof PbxError)) throw fault;
    // A caller that is left where it is sits there for ever. One that is gone now has gone on, or has hung up: it is over either way.
    call.note('fault', { in: 'give-back', detail: fault.message });
    await call.caller.giveBack(status, ending.reason).catch((again: unknown) => {
      if (!(again instanceof CallerGone)) throw again;
    });
  }
}
