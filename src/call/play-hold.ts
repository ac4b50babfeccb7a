/**
 * What the caller hears while waiting: the message, then music on hold or ringing. Nothing of the story waits for this, and nothing that fails here
 * ends it, except that the caller is gone: as long as the caller waits, it is tried again. It must never leave a caller in silence.
 */

import type { Call } from './call.ts';
import type { CallOwner } from './call-owner.ts';
import { PbxError } from './errors.ts';
import type { Plan } from './plan.ts';
import { beHeard, stillWaits } from './what-is-heard.ts';

/** How long until a hold that failed is ordered again, in ms. Silence is noticed after a second. */
const AGAIN_MS = 300;

export async function playHold(call: Call, plan: Plan, owner: Pick<CallOwner, 'unheard'>): Promise<void> {
  if (plan.answerEarly) await answerEarly(call);
  const message = call.resumed === undefined ? plan.hold.message : undefined;
  call.hold = plan.hold;
  for (;;) {
    if (!stillWaits(call)) return;
    call.note('hold', { message: message ?? '', afterwards: plan.hold.afterwards.kind });
    try {
      return await beHeard(call, plan, { ...plan.hold, message }, owner.unheard);
    } catch (fault) {
      if (!(fault instanceof PbxError)) throw fault;
      call.note('fault', { in: 'hold', detail: fault.message });
    }
    await call.ports.clock.sleep(AGAIN_MS, call.signal);
  }
}

/** A failure here may well have answered the caller all the same, so that the hold must come in any case. */
async function answerEarly(call: Call): Promise<void> {
  const answered = call.caller.answer().then(() => {
    call.note('answered-early');
    // XiVO's own pickup sets it too: its dialplan must know that the caller is answered already.
    call.beside('picked up', call.caller.write({ XIVO_PICKEDUP: '1' }));
  });
  call.beside('answer early', answered);
  await answered.catch(() => undefined);
}
