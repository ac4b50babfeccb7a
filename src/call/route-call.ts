/**
 * The story of one call, in the order in which the caller lives it. Read this first; the picture in the README tells the same.
 * It must end each call exactly once, with a reason, and leave nothing behind.
 */

import { type Arrival, Call, type Happening } from './call.ts';
import { endAfter } from './end-after.ts';
import { PbxError } from './errors.ts';
import { fallBack } from './fall-back.ts';
import { keepCompany } from './keep-company.ts';
import { learn } from './learn.ts';
import { CALL_MEMORY, writeCallMemory } from './memory.ts';
import type { Ending } from './outcomes.ts';
import type { PassOn, Plan } from './plan.ts';
import type { CallPorts, Device } from './ports.ts';
import { ringUntilDecided } from './ring-until-decided.ts';
import { type Leg, Ringing } from './ringing.ts';
import type { Warning } from './settings.ts';
import { Wake } from './wake.ts';

/** How much later than a refusal word of its cause may come, in ms. */
const WORD_COMES_MS = 300;

/** Called once the call exists, so that its owner can stop it. Warnings about globals go to `warn`, which may have said them before. */
export interface Overseer {
  started(call: Call): void;
  warn(warning: Warning): void;
}

/** Routes one call from its arrival to its end. Never rejects. */
export async function routeCall(arrival: Arrival, ports: CallPorts, overseer: Overseer): Promise<Ending> {
  const call = new Call(arrival, ports);
  overseer.started(call);
  const how = call.resumed === undefined ? 'arrived' : 'resumed';
  call.note(how, { user: call.userId, channel: call.caller.channelId });
  const wake = new Wake(call);
  let talkingOn: Leg | undefined;
  let ending: Ending;
  try {
    const plan = await learn(call, overseer.warn);
    if (plan.kind === 'pass') {
      ending = passOn(call, plan);
    } else {
      const ringing = new Ringing(call, plan, plan.waitMs + plan.ringMs);
      call.signal.throwIfAborted();
      const waitMs = waitLeftMs(call, plan);
      wake.push(plan.devices, waitMs + plan.ringMs, call.resumed?.memory.pushed ?? []);
      call.beside('memory', remember(call, plan, waitMs));
      ringing.openBridge();
      ringing.adopt(call.resumed?.legs ?? []);
      call.beside('hold', keepCompany(call, plan, ringing));
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
    ending = await endAfter(fault, call, talkingOn);
  }
  await tidyUp(call, wake, ending, talkingOn);
  return ending;
}

/** The plan's wait; less where an earlier run of the router has begun it. */
function waitLeftMs(call: Call, plan: Plan): number {
  if (call.resumed === undefined) return plan.waitMs;
  const leftMs = call.resumed.memory.waitUntilMs - call.ports.clock.wallMs();
  return Math.min(plan.waitMs, Math.max(0, leftMs));
}

/** Keeps on the caller's channel what another router must know to go on. Asterisk does what is ordered first, first: so this comes before anything plays. */
async function remember(call: Call, plan: Plan, waitMs: number): Promise<void> {
  const memory = writeCallMemory({
    callId: call.callId,
    userId: call.userId,
    waitUntilMs: call.ports.clock.wallMs() + waitMs,
    pushed: plan.devices.map((device) => device.deviceId),
  });
  await call.caller.write({ [CALL_MEMORY]: memory });
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
  try {
    await call.caller.hangUp();
  } catch (fault) {
    // It stays a conversation. The dialplan, told so, hangs up.
    call.note('fault', { in: 'hang-up', detail: String(fault) });
    call.beside('give back', call.caller.giveBack('ANSWERED', winner.on));
  }
}

function takeWhileTalking(happened: Happening, ringing: Ringing, winner: Leg): void {
  if (happened.what !== 'leg') return;
  const leg = ringing.take(happened.legId, happened.event);
  // Two answers in the same instant: the second one is hung up like every other loser.
  if (leg !== undefined && leg !== winner) ringing.dropOthers(winner, 'answered-elsewhere');
}

function passOn(call: Call, plan: PassOn): Ending {
  call.note('passed', { reason: plan.reason, detail: plan.detail });
  call.ports.log.warn(`call ${call.callId} is passed back to the dialplan: ${plan.detail}`, { callId: call.callId });
  return { outcome: 'passed', reason: plan.reason };
}

/** Nothing stays behind, and one line and one timeline say what happened and why. */
async function tidyUp(call: Call, wake: Wake, ending: Ending, talkedOn: Leg | undefined): Promise<void> {
  call.diary.enter('ending');
  const { log } = call.ports;
  log.info(`call ${call.callId} ${ending.outcome}: ${ending.reason}`, {
    callId: call.callId,
    userId: call.userId,
    outcome: ending.outcome,
    reason: ending.reason,
    totalMs: Math.round(call.diary.atMs),
    ...Object.fromEntries(Object.entries(call.diary.stagesMs()).map(([stage, ms]) => [`${stage}Ms`, ms])),
  });
  const answeredOn = ending.outcome === 'answered' ? answeredDevice(wake, talkedOn) : undefined;
  // A router that stops leaves the call, and so its pushes, to the next one.
  const told = ending.reason === 'router-stopping' ? wake.leaveToNext() : wake.withdraw(ending.outcome, answeredOn);
  await call.close();
  await told;
  call.diary.close(ending.outcome, ending.reason);
}

/** The device that a leg has reached. Of several mobiles it cannot be told which: then all are told, and the app knows its own call by its id. */
function answeredDevice(wake: Wake, leg: Leg | undefined): Device | undefined {
  return leg?.on === 'mobile' && wake.devices.length === 1 ? wake.devices[0] : undefined;
}
