/** What must hold of pushes: each device once, none too late, and every one that may have arrived is answered or withdrawn. */

import { MOBILE } from '../../lab/fakes/world.ts';
import { readCallCheckpoint } from '../../src/call/resume/checkpoint.ts';
import { markOf } from '../../src/call/resume/marks.ts';
import type { Facts } from './facts.ts';
import type { Played } from './play.ts';
import type { SentPush } from './push-service.ts';

/** Results after which a device surely has nothing to be told of. */
const NEVER_ARRIVED: readonly (string | undefined)[] = ['dead-token', 'our-fault', 'not-possible'];

export function* everyPushIsAccountedFor(played: Played, facts: Facts): Iterable<string> {
  const { call, pushes, ending, endedAtMs, won, legs, decidedAtMs, cutShort } = facts;
  if (cutShort) return;
  // What an earlier run, or an earlier sitting in this one, has sent and not kept, nobody can know.
  const kept = readCallCheckpoint(call.checkpoint)?.pushed ?? [];
  const isKnown = ({ life, deviceId, atMs }: SentPush) =>
    (life === call.run.life.number && atMs >= call.arrivedAtMs) || kept.includes(markOf(deviceId));
  const woken = pushes.filter((push) => push.what === 'wake' && isKnown(push));
  // Nor whom another run has told.
  const told = pushes.filter(({ what, life }) => what === 'ended' && life === call.run.life.number);
  // A caller whom the dialplan brings back to the same run goes on under the same id.
  const later = call.run.calls.filter(
    ({ callId, arrivedAtMs }) => callId === call.callId && arrivedAtMs > call.arrivedAtMs,
  );
  const untilMs = Math.min(...later.map(({ arrivedAtMs }) => arrivedAtMs));
  for (const push of pushes) {
    if (push.life !== call.run.life.number || push.atMs < call.arrivedAtMs || push.atMs >= untilMs) continue;
    if (push.settledAtMs === undefined || push.settledAtMs > endedAtMs)
      yield `${push.what} to ${push.deviceId} outlived its call`;
  }
  for (const { deviceId, atMs, life } of woken) {
    if (woken.filter((other) => other.deviceId === deviceId && other.life === life).length > 1)
      yield `${deviceId} was woken more than once`;
    if (life === call.run.life.number && atMs > decidedAtMs) yield `${deviceId} was woken after the call was decided`;
  }
  const winner = legs.find(({ legId }) => legId === won?.legId);
  for (const { deviceId, life } of told) {
    if (!pushes.some((push) => push.what === 'wake' && push.deviceId === deviceId))
      yield `${deviceId} was told of the end of a call it never heard of`;
    if (told.filter((other) => other.deviceId === deviceId && other.life === life).length > 1)
      yield `${deviceId} was told more than once`;
  }
  for (const { deviceId, result } of woken) {
    const word = told.find((other) => other.deviceId === deviceId);
    const onMobile = winner?.file.request.contact.endpoint === MOBILE && won?.pickedUp === false;
    // Whoever answers and hangs up at once was connected with nobody.
    const answeredThere = won === undefined ? ending?.reason === 'mobile' : onMobile;
    const onlyOne = new Set(pushes.map((push) => push.deviceId)).size === 1 && answeredThere;
    const answeredHere = ending?.outcome === 'answered' && onlyOne;
    // A router that stops leaves the call, and so its pushes, to the next one.
    if (ending?.reason === 'router-stopping') continue;
    // Whose token another call has found dead can be told nothing by a later run.
    const dead =
      facts.resumed && played.pushes.some((push) => push.deviceId === deviceId && push.result === 'dead-token');
    if (dead) continue;
    // Which mobiles it may have been, a run that did not push them all cannot say.
    if (facts.resumed && ending?.outcome === 'answered' && ending.reason === 'mobile') continue;
    if (facts.resumed && facts.failures('registry.callee') > 0) continue;
    if (word === undefined && !answeredHere && !NEVER_ARRIVED.includes(result))
      yield `${deviceId} was never told that the call is over (${result})`;
    if (word !== undefined && answeredHere) yield `${deviceId} has answered and was told that the call is over`;
    // The only device that may have answered is told when it turns out that it has not.
    if (won === undefined || onlyOne || word === undefined) continue;
    // A run that goes on with it may be about to know the call again, order by order, and has to look up whom the one before has pushed.
    const isKnown = facts.planned !== undefined && won.atMs >= facts.planned.atMs;
    const looksUpMs = facts.resumed && !isKnown ? 4 * (played.plan.reachMs + played.plan.replyMs) : 0;
    if (word.atMs > won.atMs + facts.hearsLateMs + looksUpMs)
      yield `${deviceId} rang on for ${word.atMs - won.atMs} ms after an answer`;
  }
}
