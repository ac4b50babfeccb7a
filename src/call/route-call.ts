/**
 * The story of one call, in the order in which the caller lives it. Read this first; the picture in the README tells the same.
 * It must end each call exactly once, with a reason, and leave nothing behind.
 */

import { type Arrival, Call } from './call.ts';
import type { CallOwner } from './call-owner.ts';
import { endAfter } from './end-after.ts';
import { Stopping } from './errors.ts';
import { fallBack } from './fall-back.ts';
import { learn } from './learn.ts';
import { type Ending, wordOf } from './outcomes.ts';
import { playHold } from './play-hold.ts';
import type { CallPorts } from './ports.ts';
import { Resume } from './resume/resume.ts';
import { Ringing } from './ringing/ringing.ts';
import { ringUntilDecided } from './ringing/rule.ts';
import { Wake } from './ringing/wake.ts';
import { talk } from './talk.ts';
import { closeTimeline, passOn, tellEnding } from './tell-ending.ts';

/** Routes one call from its arrival to its end. Never rejects. */
export async function routeCall(arrival: Arrival, ports: CallPorts, owner: CallOwner): Promise<Ending> {
  const call = new Call(arrival, ports);
  owner.started(call);
  const resume = new Resume(call, owner.turnOf(call));
  const wake = new Wake(call, (pushed) => resume.keepPushed(pushed));
  let ringing: Ringing | undefined;
  let ending: Ending;
  try {
    const plan = (await resume.ending()) ?? (await learn(call, owner));
    if (plan.kind === 'over') {
      ending = plan.ending;
    } else if (plan.kind === 'pass') {
      ending = passOn(call, plan, owner);
    } else {
      // Until then the legs of an earlier run are not known to any ringing.
      call.signal.throwIfAborted();
      ringing = new Ringing(call, plan, plan.waitMs + plan.ringMs);
      const waitMs = resume.waitLeftMs(plan.waitMs);
      const isTooLate = plan.waitMs > 0 && waitMs === 0;
      wake.push(plan.devices, isTooLate ? 0 : waitMs + plan.ringMs);
      resume.takeOver(plan, ringing);
      call.beside('hold', playHold(call, plan, owner));
      const decision = await ringUntilDecided(call, plan, waitMs, wake, ringing);
      ending = decision.kind === 'answered' ? await talk(call, ringing, wake, decision.leg) : decision.ending;
    }
    if (ringing?.connected === undefined) ending = await giveBack(call, ending, ringing, wake);
  } catch (fault) {
    if (fault instanceof Stopping) await resume.leaveToNext(wake);
    ending = await endAfter(fault, call, ringing);
  }
  await tidyUp(call, wake, ending);
  return ending;
}

/** Hands the call back to the dialplan, unless somebody has answered in that very moment: then the call is answered. */
async function giveBack(call: Call, ending: Ending, ringing: Ringing | undefined, wake: Wake): Promise<Ending> {
  const fault = await fallBack(call, ending).then(
    () => undefined,
    (thrown: unknown) => ({ thrown }),
  );
  const leg = ringing?.catchUp();
  if (ringing !== undefined && leg !== undefined) return talk(call, ringing, wake, leg);
  if (fault !== undefined) throw fault.thrown;
  return ending;
}

/** Nothing stays behind, and one line and one timeline say what happened and why. */
async function tidyUp(call: Call, wake: Wake, ending: Ending): Promise<void> {
  call.turn?.end();
  call.timeline.enter('ending');
  tellEnding(call, ending);
  const answeredOn = ending.outcome === 'answered' ? ending.reason : undefined;
  // A router that stops has left the call, and so its pushes, to the next one.
  const told = ending.reason === 'router-stopping' ? undefined : wake.withdraw(wordOf(ending), answeredOn);
  await call.close();
  await told;
  closeTimeline(call, ending);
}
