/** What must hold although the router dies or is restarted: a caller goes on where it was, nobody is pushed twice or asked twice, conversations never notice, and nothing is forgotten. */

import { readCallCheckpoint } from '../../src/call/resume/checkpoint.ts';
import { markOf } from '../../src/call/resume/marks.ts';
import { channelOf } from './about-lost.ts';
import { type Facts, NEVER } from './facts.ts';
import type { Played } from './play.ts';

/** What legs and callers may take to be found by a new run, ms, beside what the world is slow in: an answered leg comes within a second. */
const FOUND_MS = 3000;
/** How soon the router hears that a leg which it has taken over has the caller, ms. */
const HEARD_MS = 200;

/** Over all runs: the caller has come to one end, with one phone at most. */
export function* oneEndOverAllRuns(played: Played, all: readonly Facts[]): Iterable<string> {
  const { plan, pbx, runs } = played;
  const isAlive = runs.some(({ life }) => !life.isOver);
  for (const channel of pbx.callers.values()) {
    const own = all.filter(({ call }) => call.channel === channel);
    // Word that it has come may be so late that it has left by then; and a router that stops ends nothing.
    const ends = own.filter(
      ({ ending }) => ending !== undefined && !['router-stopping', 'before-push'].includes(ending.reason),
    );
    // What an order has done whose answer was lost, or what was to be kept and was lost itself, a router that goes cannot tell the next one.
    const isLost = plan.restarts.some(({ done }) => done.includes(false));
    const untold = isLost || (all[0]?.failures('caller.write') ?? 0) > 0;
    // Where the line stalls over a reconnect, word that it has come may be later than its end.
    const isTangled = plan.gaps.length > 1;
    if (ends.length > 1 && !untold && !isTangled) yield `${channel.channelId} has ${ends.length} ends`;
    const talked = pbx.exchange.talks.all.filter(({ channelId }) => channelId === channel.channelId);
    if (talked.length > 1) yield `${channel.channelId} talked with ${talked.map(({ legId }) => legId).join(', ')}`;
    const forgiven = (all[0]?.failures('caller.giveBack', 'caller.hangUp') ?? 0) > 1;
    if (isAlive && channel.isOurs && !forgiven) yield `${channel.channelId} is forgotten in the application`;
  }
}

/** Legs that a router has left when it died end with their caller, as soon as another one is there. */
export function* noLegIsForgotten(played: Played, all: readonly Facts[]): Iterable<string> {
  const { pbx, runs } = played;
  const last = runs.at(-1);
  if (last === undefined || last.life.isOver || runs.length === 1) return;
  const untilMs = (last.begunAtMs ?? 0) + FOUND_MS + 2 * (all[0]?.patienceMs ?? 0);
  for (const [legId, { request, upAtMs, goneAtMs }] of pbx.exchange.legs) {
    // The dialplan looks after whoever has answered.
    if (upAtMs !== undefined) continue;
    const caller = pbx.callers.get(request.forChannelId);
    const callerGoneMs = caller?.goneAtMs ?? NEVER;
    const dueMs = Math.max(untilMs, callerGoneMs + FOUND_MS + 2 * (all[0]?.patienceMs ?? 0));
    const orderedBefore = runs.slice(0, -1).some(({ legs }) => legs.files.has(legId));
    const forgiven = (all[0]?.failures('legs.hangUp') ?? 0) > 1;
    if (orderedBefore && !forgiven && (goneAtMs ?? NEVER) > dueMs) yield `${legId} outlived its caller`;
  }
}

/** A mobile is pushed once for a call, unless the router died before the push was taken, or before Asterisk knew that it was. */
export function* nobodyIsPushedTwice(played: Played, all: readonly Facts[]): Iterable<string> {
  const { plan, struck, pushes } = played;
  const forgetful = struck.some(({ port }) => port === 'caller.write');
  for (const facts of all) {
    for (const { deviceId, atMs, life } of facts.pushes.filter(({ what }) => what === 'wake')) {
      if (life !== facts.call.run.life.number || atMs < facts.call.arrivedAtMs) continue;
      const before = pushes.find(
        (push) =>
          push.what === 'wake' &&
          push.deviceId === deviceId &&
          push.life < life &&
          channelOf(push.callId) === channelOf(facts.call.callId),
      );
      if (before === undefined) continue;
      const diedAtMs = played.runs[before.life - 1]?.life.overAtMs ?? NEVER;
      // A writing may have to wait for the one before it.
      const keptAtMs = (before.settledAtMs ?? NEVER) + 2 * (plan.reachMs + plan.replyMs);
      const isTaken = before.result === 'delivered' || before.result === 'dead-token';
      const known = isTaken && keptAtMs < diedAtMs && !forgetful;
      if (known || readCallCheckpoint(facts.call.checkpoint)?.pushed.includes(markOf(deviceId)))
        yield `${deviceId} was pushed at ${before.atMs} ms, and again at ${atMs} ms by run ${life}`;
    }
  }
}

/** The wait of a call that goes on ends when it was to end. */
export function* theWaitIsNotBegunAnew(played: Played, all: readonly Facts[]): Iterable<string> {
  if (played.plan.wallJumps.length > 0) return;
  for (const { call, resumed } of all) {
    const first = all.find((one) => one.call.channel === call.channel && !one.resumed && one.planned !== undefined);
    const checkpoint = readCallCheckpoint(call.checkpoint);
    if (!resumed || checkpoint === undefined || first?.planned === undefined || first.call.callId !== call.callId)
      continue;
    const dueMs = first.planned.atMs + first.planned.waitMs;
    const laterMs = checkpoint.waitUntilMs - played.wallAtBeginningMs - dueMs;
    if (laterMs > 1) yield `${call.callId} waits for ${laterMs} ms more than it was to`;
  }
}

/** Of whom has answered on a leg of an earlier run, the run hears that has the call by then. */
export function* whoAnsweredOnAFoundLegIsHeard(facts: Facts, { plan, pbx }: Played): Iterable<string> {
  const { call, resumed, talks, connects, patienceMs, ending, decidedAtMs } = facts;
  if (!resumed || plan.gaps.length > 0 || readCallCheckpoint(call.checkpoint)?.ending !== undefined) return;
  const { run, legs } = call;
  const [talk] = talks;
  if (talk === undefined || !legs.some(({ legId }) => legId === talk.legId)) return;
  const overAtMs = Math.min(pbx.exchange.legs.get(talk.legId)?.goneAtMs ?? NEVER, talk.overAtMs ?? NEVER);
  const thereUntilMs = Math.min(overAtMs, run.stoppedAtMs, run.life.overAtMs ?? NEVER);
  // Asterisk had taken the caller back already, and went on with whoever was first: that may be heard of too late.
  if ((call.port.goneOnAtMs ?? NEVER) < NEVER) return;
  // By the leg, or by what has become of the caller.
  const heardAtMs = connects[0]?.atMs ?? (ending?.outcome === 'answered' ? decidedAtMs : NEVER);
  const dueAtMs = Math.max(talk.wonAtMs, call.arrivedAtMs) + HEARD_MS + patienceMs;
  if (Math.min(heardAtMs, thereUntilMs) > dueAtMs)
    yield `${talk.legId} has had the caller since ${talk.wonAtMs} ms, and the router has not heard of it`;
}
