/**
 * The story of one call, in the order in which the caller lives it. Read this first; the picture in the README tells the same.
 * It must end each call exactly once, with a reason, and leave nothing behind.
 */

import { type Arrival, Call, type Happening } from './call.ts';
import { endAfter } from './end-after.ts';
import { PbxError, Stopping } from './errors.ts';
import { fallBack } from './fall-back.ts';
import { guardFound } from './guard-found.ts';
import { insist } from './insist.ts';
import { keepCompany } from './keep-company.ts';
import { Keepsake } from './keepsake.ts';
import { learn } from './learn.ts';
import { waitEndsAtMs, waitLeftMs } from './memory.ts';
import type { Ending } from './outcomes.ts';
import type { CallPorts, Device } from './ports.ts';
import { ringUntilDecided } from './ring-until-decided.ts';
import { type Leg, Ringing } from './ringing.ts';
import type { Warning } from './settings.ts';
import { closeDiary, passOn, tellEnding } from './tell-ending.ts';
import { Wake } from './wake.ts';

/** How much later than a refusal word of its cause may come, in ms. */
const WORD_COMES_MS = 300;

/** Called once the call exists, so that its owner can stop it. Warnings about globals go to `warn`, which may have said them before. */
export interface Overseer {
  started(call: Call): void;
  warn(warning: Warning): void;
  /** A mistake of the site's keeps calls from being ours; in words that say what it is. It may have been said before. */
  mistake(detail: string): void;
  /** A caller hears something else than was meant; in words that say what, and what cures it. It may have been said before. */
  unheard(detail: string): void;
}

/** Routes one call from its arrival to its end. Never rejects. */
export async function routeCall(arrival: Arrival, ports: CallPorts, overseer: Overseer): Promise<Ending> {
  const call = new Call(arrival, ports);
  overseer.started(call);
  const how = call.resumed === undefined ? 'arrived' : 'resumed';
  const left = call.resumed && { waitLeftMs: Math.max(0, call.resumed.memory.waitUntilMs - ports.clock.wallMs()) };
  call.note(how, { user: call.userId, channel: call.caller.channelId, ...left });
  const keepsake = new Keepsake(call);
  call.keepsake = keepsake;
  const wake = new Wake(call, (pushed) => keepsake.keep({ pushed }));
  const allIsTakenOver = guardFound(call);
  let talkingOn: Leg | undefined;
  let ending: Ending;
  try {
    const over = call.resumed?.memory.ending;
    const plan = over === undefined ? await learn(call, overseer.warn) : { kind: 'over' as const, ending: over };
    if (plan.kind === 'over') {
      // An earlier run has died while it gave the caller back.
      ending = plan.ending;
    } else if (plan.kind === 'pass') {
      ending = passOn(call, plan, overseer);
    } else {
      const ringing = new Ringing(call, plan, plan.waitMs + plan.ringMs);
      call.signal.throwIfAborted();
      const before = call.resumed?.memory;
      const wallMs = ports.clock.wallMs();
      const waitMs = waitLeftMs(plan.waitMs, before, wallMs);
      const isTooLate = plan.waitMs > 0 && waitMs === 0;
      wake.push(plan.devices, isTooLate ? 0 : waitMs + plan.ringMs, before?.pushed ?? []);
      keepsake.keep({ waitUntilMs: waitEndsAtMs(plan.waitMs, before, wallMs) });
      ringing.openBridge(keepsake.textWith(plan.devices));
      ringing.adopt(call.resumed?.legs ?? []);
      allIsTakenOver();
      call.beside('hold', keepCompany(call, plan, ringing, overseer));
      const decision = await ringUntilDecided(call, plan, waitMs, wake, ringing);
      if (decision.kind === 'answered') {
        talkingOn = decision.leg;
        ending = { outcome: 'answered', reason: talkingOn.on };
        await connect(call, ringing, wake, talkingOn);
        await talk(call, ringing, talkingOn);
      } else {
        ending = decision.ending;
      }
    }
    if (ending.outcome !== 'answered') await fallBack(call, ending);
  } catch (fault) {
    // What is taken and written by then, the next router need not push again.
    if (fault instanceof Stopping) {
      await wake.leaveToNext();
      await keepsake.written();
    }
    ending = await endAfter(fault, call, talkingOn);
  }
  await tidyUp(call, wake, ending, talkingOn);
  return ending;
}

/** The first to answer is connected; the others, and the pushed mobiles, are told. So is the dialplan, beforehand: a caller may hang up as soon as it is answered. */
async function connect(call: Call, ringing: Ringing, wake: Wake, winner: Leg): Promise<void> {
  call.diary.enter('connecting');
  ringing.dropOthers(winner, 'answered-elsewhere');
  const reason = winner.on === 'mobile' ? 'answered' : 'answered-elsewhere';
  call.beside('withdraw', wake.withdraw(reason, answeredDevice(wake, winner)));
  call.beside('status', call.caller.write({ XIVO_MAPP_STATUS: 'ANSWERED', XIVO_MAPP_REASON: winner.on }));
  try {
    await call.ports.bridges.connect(await ringing.readyBridge(), call.caller, winner.legId);
  } catch (fault) {
    // One who answers and hangs up at once has been talked to: the dialplan must not ring the same phone again.
    if (!(fault instanceof PbxError) || !(await hasHungUp(call, ringing, winner))) throw fault;
  }
  call.diary.enter('talking');
}

/** Whether the winner is gone. Word of it may come a little later than the refusal to bridge it. */
async function hasHungUp(call: Call, ringing: Ringing, winner: Leg): Promise<boolean> {
  const untilMs = call.ports.clock.nowMs() + WORD_COMES_MS;
  while (winner.state !== 'ended') {
    const happened = await call.inbox.next(untilMs);
    if (happened === 'time') return false;
    takeWhileTalking(happened, ringing, winner);
  }
  return true;
}

/** Until either side hangs up. The caller's own hang-up arrives as the signal. */
async function talk(call: Call, ringing: Ringing, winner: Leg): Promise<void> {
  while (winner.state !== 'ended') {
    const happened = await call.inbox.next();
    if (happened !== 'time') takeWhileTalking(happened, ringing, winner);
  }
  call.note('callee-hung-up');
  call.diary.enter('ending');
  const { caller } = call;
  try {
    await caller.hangUp();
  } catch (fault) {
    // It stays a conversation. The dialplan, told so, hangs up as well; until either is obeyed, both are tried.
    call.note('fault', { in: 'hang-up', detail: String(fault) });
    const letGo = () => caller.giveBack('ANSWERED', winner.on).catch(() => caller.hangUp());
    call.beside('let go', insist(call.ports.clock, caller.left, letGo));
  }
}

function takeWhileTalking(happened: Happening, ringing: Ringing, winner: Leg): void {
  if (happened.what !== 'leg') return;
  const leg = ringing.take(happened.legId, happened.event);
  // Two answers in the same instant: the second one is hung up like every other loser.
  if (leg !== undefined && leg !== winner) ringing.dropOthers(winner, 'answered-elsewhere');
}

/** Nothing stays behind, and one line and one timeline say what happened and why. */
async function tidyUp(call: Call, wake: Wake, ending: Ending, talkedOn: Leg | undefined): Promise<void> {
  call.diary.enter('ending');
  tellEnding(call, ending);
  const answeredOn = ending.outcome === 'answered' ? answeredDevice(wake, talkedOn) : undefined;
  // A router that stops has left the call, and so its pushes, to the next one.
  const told = ending.reason === 'router-stopping' ? undefined : wake.withdraw(ending.outcome, answeredOn);
  await call.close();
  await told;
  closeDiary(call, ending);
}

/** The device that a leg has reached. Of several mobiles it cannot be told which: then all are told, and the app knows its own call by its id. */
function answeredDevice(wake: Wake, leg: Leg | undefined): Device | undefined {
  return leg?.on === 'mobile' && wake.devices.length === 1 ? wake.devices[0] : undefined;
}
