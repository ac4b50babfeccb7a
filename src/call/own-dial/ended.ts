/**
 * The end of a call for mobiles that were pushed while the dialplan rang by itself: it says when the call is over, and the checkpoint on its channel says
 * who was pushed. Told once: the checkpoint goes with it. It must never hold up the dialplan while mobiles are being told.
 */

import { Call } from '../call.ts';
import type { CallOwner } from '../call-owner.ts';
import { isWithheld } from '../plan.ts';
import type { CallPorts, WaitingCaller } from '../ports.ts';
import type { CallCheckpoint } from '../resume/checkpoint.ts';
import { markOf } from '../resume/marks.ts';
import { Wake } from '../ringing/wake.ts';
import { NO_CALL_HISTORY } from '../timeline.ts';
import { readWakeCheckpoint, WAKE_CHECKPOINT } from './checkpoint.ts';

/** What Dial has made of the call, as the app is told; a caller who leaves before any Dial has left. */
const REASON_OF: ReadonlyMap<string, string> = new Map([
  ['', 'caller-left'],
  ['CANCEL', 'caller-left'],
  ['ANSWER', 'answered'],
  ['BUSY', 'busy'],
  ['CHANUNAVAIL', 'unreachable'],
  ['CONGESTION', 'unreachable'],
]);

/** The dialplan says that its call is over. Rejects with CallerGone or PbxError where the channel cannot be asked. */
export async function endedByDialplan(
  caller: WaitingCaller,
  checkpoint: string,
  ports: CallPorts,
  owner: CallOwner,
): Promise<void> {
  const woken = readWakeCheckpoint(checkpoint);
  if (woken === undefined) return caller.letGo();
  const names = ['DIALSTATUS', 'CALLERID(pres)'];
  const { variables } = await caller.read({ variables: names, globals: [], contactsOf: [] });
  await caller.write({ [WAKE_CHECKPOINT]: '' });
  await caller.letGo();
  if (!owner.isFirstToTell(woken.callId)) return;
  const reason = REASON_OF.get(variables.get('DIALSTATUS') ?? '') ?? 'no-answer';
  await tellWoken(woken, caller, reason, ports, owner, isWithheld(variables));
}

/** Tells the mobiles of that checkpoint that there is nothing to answer any more. Rejects where the registry does. */
export async function tellWoken(
  woken: CallCheckpoint,
  caller: WaitingCaller,
  reason: string,
  ports: CallPorts,
  owner: CallOwner,
  withheld = true,
): Promise<void> {
  const { callId, userId } = woken;
  const { devices } = await ports.registry.callee(userId);
  const call = new Call({ callId, userId, caller }, { ...ports, callHistory: NO_CALL_HISTORY });
  owner.started(call);
  call.learnWithheld(withheld);
  const wake = new Wake(call);
  const pushed = devices.filter(({ deviceId }) => woken.pushed.includes(markOf(deviceId)));
  wake.push(pushed, 0, woken.pushed);
  await wake.withdraw(reason, undefined);
  ports.log.info(`call ${callId} is over, as its dialplan says: ${reason}`, {
    callId,
    reason,
    mobilesTold: pushed.length,
  });
  await call.close();
}
