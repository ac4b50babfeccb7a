/**
 * The story of a call whose dialplan keeps its own Dial: we push, keep the caller company and wait for a mobile; then the dialplan is told whom it
 * can dial, and rings by itself. It must never ring anybody, and must leave word on the channel of whom it has pushed, so that they can be told of
 * the end.
 */

import { type Arrival, Call } from '../call.ts';
import type { CallOwner } from '../call-owner.ts';
import { endAfter } from '../end-after.ts';
import { Stopping } from '../errors.ts';
import { fallBack } from '../fall-back.ts';
import { learn } from '../learn.ts';
import type { Ending } from '../outcomes.ts';
import type { Plan } from '../plan.ts';
import { playHold } from '../play-hold.ts';
import type { CallPorts, Contact, WaitingCaller } from '../ports.ts';
import { waitLeftMs } from '../resume/checkpoint.ts';
import { markOf } from '../resume/marks.ts';
import { KnownContacts } from '../ringing/known-contacts.ts';
import { Wake } from '../ringing/wake.ts';
import { closeTimeline, passOn, tellEnding } from '../tell-ending.ts';
import { registrationMark, WAKE_CHECKPOINT, writeWakeCheckpoint } from './checkpoint.ts';
import { dialString, faultOf, leftOutOf } from './dial-string.ts';
import { waitForMobile } from './wait.ts';

/** A call that comes to us from a dialplan which waits. */
export interface WaitingArrival extends Arrival {
  readonly caller: WaitingCaller;
  /** Of a wait that another run of the router has begun: marks of the registrations that were there before the push, where they are known. */
  readonly before?: readonly string[] | undefined;
}

/** What the dialplan dials. */
export const DIAL = 'XIVO_MAPP_DIAL';

/** Wakes the callee's mobiles for a dialplan that rings by itself. Never rejects. */
export async function wakeForDialplan(arrival: WaitingArrival, ports: CallPorts, owner: CallOwner): Promise<Ending> {
  const { caller } = arrival;
  const call = new Call(arrival, ports);
  owner.started(call);
  const how = call.resumed === undefined ? 'arrived' : 'resumed';
  call.note(how, { user: call.userId, channel: caller.channelId, rings: 'dialplan' });
  const wake = new Wake(call);
  let dialNow = () => '';
  let ending: Ending;
  try {
    const plan = await learn(call, owner);
    if (plan.kind === 'pass') {
      ending = passOn(call, plan, owner);
    } else if (plan.kind === 'over') {
      ending = plan.ending;
    } else {
      call.signal.throwIfAborted();
      const { before = plan.known.map(registrationMark) } = arrival;
      const knownContacts = new KnownContacts(
        plan.known.filter((contact) => before.includes(registrationMark(contact))),
      );
      const endpoints = [...plan.mobileEndpoints, ...plan.webAppEndpoints];
      dialNow = () => dialString(endpoints, knownContacts.of(endpoints));
      const waitMs = waitLeftMs(plan.waitMs, call.resumed?.checkpoint, ports.clock.wallMs());
      wake.push(plan.devices, waitMs + plan.ringMs);
      call.beside('checkpoint', caller.write({ [WAKE_CHECKPOINT]: checkpointOf(call, wake, waitMs, before) }));
      if (waitMs > 0) call.beside('hold', playHold(call, plan, owner));
      const woken = await waitForMobile(call, plan, waitMs, wake, knownContacts);
      ending = endingOf(plan, wake, woken, dialNow());
      noteLeftOut(call, knownContacts.of(endpoints));
    }
    // The wait is over: whoever comes with this checkpoint does not go on with it.
    const checkpoint = ending.outcome === 'ready' ? checkpointOf(call, wake, 0, []) : '';
    call.beside('checkpoint', caller.write({ [WAKE_CHECKPOINT]: checkpoint }));
    await caller.write({ [DIAL]: dialNow() });
    await fallBack(call, ending);
  } catch (fault) {
    // A dialplan that must do without us still gets what we know; the checkpoint stays for the next router.
    if (fault instanceof Stopping) call.beside('dial', caller.write({ [DIAL]: dialNow() }));
    else if (!caller.left.aborted) call.beside('checkpoint', caller.write({ [WAKE_CHECKPOINT]: '' }));
    ending = await endAfter(fault, call, undefined);
  }
  await tidyUp(call, caller, wake, ending, owner);
  return ending;
}

/** Who was pushed, and for how long we wait from now on; '' where nobody was. */
function checkpointOf(call: Call, wake: Wake, waitMs: number, before: readonly string[]): string {
  const { callId, userId } = call;
  const pushed = wake.devices.map(({ deviceId }) => markOf(deviceId));
  const waitUntilMs = call.ports.clock.wallMs() + waitMs;
  return pushed.length === 0 ? '' : writeWakeCheckpoint({ callId, userId, waitUntilMs, pushed, before });
}

/** Contacts that no Dial can be given, for whoever asks why a phone did not ring. */
export function noteLeftOut(call: Call, contacts: readonly Contact[]): void {
  for (const contact of leftOutOf(contacts)) {
    const { endpoint, uri } = contact;
    call.note('contact-left-out', { endpoint, contact: uri });
    call.ports.log.warn(`a phone of ${endpoint} is not rung: ${faultOf(contact)}`, { contact: uri });
  }
}

function endingOf(plan: Plan, wake: Wake, woken: boolean, dial: string): Ending {
  const waitedInVain = wake.devices.length > 0 && !wake.everyTokenDead;
  if (dial !== '') return { outcome: 'ready', reason: woken ? 'mobile' : waitedInVain ? 'wait-over' : 'registered' };
  if (wake.everyTokenDead) return { outcome: 'unreachable', reason: 'every-token-dead' };
  if (waitedInVain) return { outcome: 'no-answer', reason: 'wait-over' };
  return { outcome: 'unreachable', reason: plan.mobileEndpoints.length > 0 ? 'no-device' : 'not-registered' };
}

/** Mobiles that the dialplan may ring are told of the end when it says so; the others now. */
async function tidyUp(call: Call, caller: WaitingCaller, wake: Wake, ending: Ending, owner: CallOwner): Promise<void> {
  call.timeline.enter('ending');
  tellEnding(call, ending);
  // What the dialplan says when its caller is gone shall not be told twice.
  if (ending.outcome === 'caller-left') call.beside('checkpoint', caller.write({ [WAKE_CHECKPOINT]: '' }));
  call.beside('let go', caller.letGo());
  const goesOn = ending.outcome === 'ready' || ending.reason === 'router-stopping';
  // A channel that is gone may have told us by its hangup handler as well.
  const isOurs = ending.outcome !== 'caller-left' || owner.isFirstToTell(call.callId);
  const told = goesOn || !isOurs ? wake.leaveToNext() : wake.withdraw(ending.outcome, undefined);
  await call.close();
  await told;
  closeTimeline(call, ending);
}
