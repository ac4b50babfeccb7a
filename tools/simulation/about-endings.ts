/** What must hold of each call's ending: exactly one, true, in time, and told to whom it concerns. */

import { statusOf } from '../../src/call/outcomes.ts';
import { readCallCheckpoint } from '../../src/call/resume/checkpoint.ts';
import type { Facts } from './facts.ts';
import type { Played } from './play.ts';

/** How long clearing up may take once a call is decided, ms: word to the devices is bounded by 8 s. */
const CLEARING_MS = 12_000;

export function* exactlyOneEnding({ call, notes, cutShort }: Facts): Iterable<string> {
  if (call.endings.length !== 1 && !cutShort) yield `it has ${call.endings.length} endings`;
  if (notes.filter((what) => what === 'given-back').length > 2) yield 'it was given back again and again';
  // A router that stops gives back to the next one.
  const givenBack = call.channel.givenBack.filter(({ reason }) => reason !== 'router-stopping');
  if (givenBack.length > 1) yield `the dialplan got it ${givenBack.length} times`;
}

/** Where the caller is in the end must be where the ending says. */
export function* callerIsWhereTheEndingSays(facts: Facts): Iterable<string> {
  const { call, ending, leftTalking, failures } = facts;
  if (ending === undefined) return;
  const { channel } = call;
  // What another run has done with it is that run's.
  if (ending.reason === 'router-stopping') return;
  // One failure is to be overcome; of two that follow each other nothing can be asked.
  const forgiven = failures('caller.giveBack', 'caller.hangUp') > 1;
  if (channel.isOurs && !leftTalking && !forgiven) yield `${ending.outcome}, and the caller was left where it was`;
  const given = channel.givenBack.findLast(({ reason }) => reason !== 'router-stopping');
  // Somebody may have answered while it was given back: then the dialplan has gone on with that.
  if (ending.outcome === 'answered' && given !== undefined && given.status !== 'ANSWERED')
    yield `answered, and given back as ${given.status}`;
  if (ending.outcome === 'answered' || ending.outcome === 'caller-left') return;
  const status = statusOf(ending);
  if (given !== undefined && (given.status !== status || given.reason !== ending.reason))
    yield `${ending.outcome} ${ending.reason}, and the dialplan was told ${given.status} ${given.reason}`;
  if (channel.endedBy === 'us' && !forgiven) yield `${ending.outcome}, and the caller was hung up`;
}

/** The ending must be what really happened. */
export function* endingIsTrue(facts: Facts, { pbx }: Played): Iterable<string> {
  const { ending, won, legs, pushes, planned, call, failures, decidedAtMs, rangFromMs } = facts;
  if (ending === undefined) return;
  const told = (end: string) => legs.some(({ file }) => file.told.some((event) => event.end === end));
  const answeredAndLeft = (legId: string) => {
    const heard = legs.find((leg) => leg.legId === legId)?.file.told.map(({ kind }) => kind) ?? [];
    return heard.includes('answered') && heard.includes('ended');
  };
  const hasTalked = pbx.exchange.talks.all.some(({ channelId }) => channelId === call.channel.channelId);
  const spentMs = decidedAtMs - (planned?.atMs ?? decidedAtMs);
  const decidedBefore = readCallCheckpoint(call.checkpoint)?.ending;
  if (decidedBefore !== undefined) {
    const isSame = decidedBefore.outcome === ending.outcome && decidedBefore.reason === ending.reason;
    const mayDiffer = ending.outcome === 'caller-left' || ending.outcome === 'failed';
    if (!isSame && !mayDiffer) yield `${decidedBefore.outcome} for an earlier run, and now ${ending.outcome}`;
    return;
  }
  if (won !== undefined && ending.outcome !== 'answered') yield `it was connected, and ended as ${ending.outcome}`;
  if (won?.pickedUp === true && ending.reason !== 'picked-up') yield `picked up, and ended as ${ending.reason}`;
  switch (ending.outcome) {
    case 'answered':
      // Who answers and hangs up at once leaves nobody to be connected with.
      if (won === undefined && !hasTalked && !legs.some(({ legId }) => answeredAndLeft(legId)))
        yield 'answered, and nobody was connected';
      break;
    case 'declined':
    case 'busy':
      if (!told(ending.outcome)) yield `${ending.outcome}, and no phone said so`;
      break;
    case 'caller-left':
      if (call.port.leftAtMs === undefined) yield 'the caller left, and nobody has told us so';
      if (
        ending.reason === 'before-push' &&
        pushes.some(({ life, atMs }) => life === call.run.life.number && atMs >= call.arrivedAtMs)
      )
        yield 'before the push, and it was pushed';
      break;
    case 'no-answer':
      if (planned === undefined) yield 'no answer, and nothing was planned';
      else if (ending.reason === 'wait-over' && spentMs < planned.waitMs) yield `the wait was over after ${spentMs} ms`;
      else if (ending.reason === 'ring-time-over' && decidedAtMs - rangFromMs < planned.ringMs)
        yield `it rang for ${decidedAtMs - rangFromMs} ms only`;
      break;
    case 'unreachable':
      if (
        ending.reason === 'every-token-dead' &&
        pushes.some(
          ({ what, result, life }) => what === 'wake' && result !== 'dead-token' && life === call.run.life.number,
        )
      )
        yield 'every token dead, and one was not';
      if ((ending.reason === 'no-device' || ending.reason === 'not-registered') && legs.length > 0)
        yield `${ending.reason}, and there were legs`;
      break;
    case 'failed':
      if (ending.reason === 'router-error') yield 'a fault of our own';
      if (ending.reason === 'pbx-error' && failures('caller.read', 'caller.giveBack') === 0)
        yield 'failed without any failure of the PBX';
      break;
    case 'passed':
      break;
  }
}

/** No call lasts longer than the wait and the ringing together, and clearing up is bounded too. */
export function* endsInTime(
  { call, planned, decidedAtMs, endedAtMs, ending, patienceMs, connects, legs, cutShort }: Facts,
  { plan }: Played,
): Iterable<string> {
  if (planned !== undefined) {
    const lateMs = decidedAtMs - planned.atMs - planned.waitMs - planned.ringMs;
    // Whoever has answered is waited for until connected.
    const connectMs = legs.some(({ channel }) => channel?.upAtMs !== undefined) ? plan.connectMs + patienceMs : 0;
    if (lateMs > 1 + connectMs) yield `decided ${lateMs} ms too late`;
  }
  const { leftAtMs } = call.port;
  if (!cutShort && leftAtMs !== undefined && endedAtMs - leftAtMs > CLEARING_MS + patienceMs)
    yield `it took ${endedAtMs - leftAtMs} ms to end after the caller had left`;
  if (
    !cutShort &&
    ending?.outcome !== 'answered' &&
    connects.length === 0 &&
    endedAtMs - decidedAtMs > CLEARING_MS + patienceMs
  )
    yield `it took ${endedAtMs - decidedAtMs} ms to end`;
}

/** Nobody's phone is cut off in mid-ringing before its time. */
export function* ringingIsNotCutOff({ ending, legs, planned, decidedAtMs, rangFromMs }: Facts): Iterable<string> {
  if (
    planned === undefined ||
    (ending?.outcome !== 'no-answer' && ending?.outcome !== 'unreachable' && ending?.outcome !== 'busy')
  )
    return;
  if (decidedAtMs - rangFromMs >= planned.ringMs && ending.reason === 'ring-time-over') return;
  for (const { legId, file, overAtMs } of legs) {
    const rings = file.told.some(({ kind, atMs }) => kind === 'ringing' && atMs < decidedAtMs);
    const dropped = file.hangUps.some(({ atMs }) => atMs < decidedAtMs);
    if (rings && !dropped && overAtMs > decidedAtMs) yield `${ending.reason}, while ${legId} was ringing`;
  }
}
