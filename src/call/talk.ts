/**
 * The conversation, which is Asterisk's: whoever was first to answer has been connected with the caller, without us. What is left to do is to end the
 * other legs, to tell the pushed mobiles, and to note who hangs up. Nothing here may touch the caller or the leg that talks; the router may die at
 * any moment of it.
 */

import type { Call } from './call.ts';
import { type AnsweredOn, type Ending, wordOf } from './outcomes.ts';
import type { Leg } from './ringing/leg.ts';
import type { Ringing } from './ringing/ringing.ts';
import type { Wake } from './ringing/wake.ts';

/** On what the call was answered. */
export function answeredOn({ on, pickedUp }: Pick<Leg, 'on' | 'pickedUp'>): AnsweredOn {
  return pickedUp ? 'picked-up' : on;
}

/** Until the leg has ended. The caller's own hang-up, and the router's end, arrive as the signal. */
export async function talk(call: Call, ringing: Ringing, wake: Wake, winner: Leg): Promise<Ending> {
  call.timeline.enter('talking');
  ringing.dropOthers(winner, 'answered-elsewhere');
  const reason = answeredOn(winner);
  const ending: Ending = { outcome: 'answered', reason };
  call.checkpoint?.noteAnswer(reason);
  call.beside('withdraw', wake.withdraw(wordOf(ending), reason));
  while (winner.state !== 'ended') {
    const happened = await call.inbox.next();
    if (happened === 'time' || happened.what !== 'leg') continue;
    const leg = ringing.take(happened.legId, happened.event);
    // Ordered in the same instant, and rings now.
    if (leg !== undefined && leg !== winner) ringing.dropOthers(winner, 'answered-elsewhere');
  }
  call.note('callee-hung-up');
  return ending;
}
