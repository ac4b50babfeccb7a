/**
 * What a dialplan that waits may ask of us: a look-up, a wake, and to tell the woken mobiles of the end. Each is a story of its own; here is told
 * only which, and what an earlier wake on the same channel means for it.
 */

import type { CallOwner } from '../call-owner.ts';
import { wordsOf } from '../errors.ts';
import { isHandedOn } from '../handed-on.ts';
import type { CallPorts, WaitingCaller } from '../ports.ts';
import { keptUser } from '../resume/checkpoint.ts';
import { readWakeCheckpoint } from './checkpoint.ts';
import { endedByDialplan, tellWoken } from './ended.ts';
import { lookUp } from './look-up.ts';
import { type WaitingArrival, wakeForDialplan } from './wake.ts';

export type Asked = 'lookup' | 'wake' | 'ended';

/** A channel whose dialplan waits for us. */
export interface WaitingNewcomer {
  readonly asked: Asked;
  /** Chosen for the call, should it be a new one. */
  readonly callId: string;
  /** '' for `ended`, which goes by the checkpoint. */
  readonly userId: string;
  readonly caller: WaitingCaller;
  /** What an earlier wake has left on the channel; '' where nothing. */
  readonly checkpoint: string;
}

/** Starts a story under an owner, and keeps it in mind until it has ended. */
export type Own = (tell: (owner: CallOwner) => Promise<unknown>) => Promise<unknown>;

/** Does what is asked. Rejects where the channel cannot be asked, which `ended` alone needs before it has a story. */
export async function ownDial(newcomer: WaitingNewcomer, ports: CallPorts, own: Own): Promise<void> {
  const { asked, caller, checkpoint } = newcomer;
  switch (asked) {
    case 'lookup':
      await own((owner) => lookUp(newcomer, ports, owner));
      break;
    case 'wake':
      await own(async (owner) => wakeForDialplan(await arrivalOf(newcomer, ports, own), ports, owner));
      break;
    case 'ended':
      await own((owner) => endedByDialplan(caller, checkpoint, ports, owner));
  }
}

/** A wait that was cut short by the router's own end goes on; mobiles of any other earlier wake are told that it is over. */
async function arrivalOf(
  { callId, userId, caller, checkpoint }: WaitingNewcomer,
  ports: CallPorts,
  own: Own,
): Promise<WaitingArrival> {
  const woken = readWakeCheckpoint(checkpoint);
  if (woken === undefined) return { callId, userId, caller };
  const waitsOn = woken.userId === keptUser(userId) && woken.waitUntilMs > ports.clock.wallMs();
  if (waitsOn && (await isHandedOn(caller))) {
    return { callId: woken.callId, userId, caller, resumed: { checkpoint: woken, legs: [] }, before: woken.before };
  }
  own((owner) => tellWoken(woken, caller, 'no-answer', ports, owner)).catch((fault: unknown) => {
    ports.log.warn(`the mobiles of call ${woken.callId} could not be told of its end: ${wordsOf(fault)}`);
  });
  return { callId, userId, caller };
}
