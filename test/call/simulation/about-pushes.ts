/** What must hold of pushes: each device once, none too late, and every one that may have arrived is answered or withdrawn. */
import { MOBILE } from '../fakes/world.ts';
import type { Facts } from './facts.ts';

/** Results after which a device surely has nothing to be told of. */
const NEVER_ARRIVED: readonly (string | undefined)[] = ['dead-token', 'our-fault', 'not-possible'];

export function* everyPushIsAccountedFor(facts: Facts): Iterable<string> {
  const { pushes, ending, endedAtMs, connects, legs, decidedAtMs } = facts;
  const woken = pushes.filter(({ what }) => what === 'wake');
  const told = pushes.filter(({ what }) => what === 'ended');
  for (const push of pushes) {
    if (push.settledAtMs === undefined || push.settledAtMs > endedAtMs)
      yield `${push.what} to ${push.deviceId} outlived its call`;
  }
  for (const { deviceId, atMs } of woken) {
    if (woken.filter((other) => other.deviceId === deviceId).length > 1) yield `${deviceId} was woken more than once`;
    if (atMs > decidedAtMs) yield `${deviceId} was woken after the call was decided`;
  }
  const winner = legs.find(({ legId }) => legId === connects[0]?.legId);
  for (const { deviceId } of told) {
    if (!woken.some((wake) => wake.deviceId === deviceId))
      yield `${deviceId} was told of the end of a call it never heard of`;
    if (told.filter((other) => other.deviceId === deviceId).length > 1) yield `${deviceId} was told more than once`;
  }
  for (const { deviceId, result } of woken) {
    const word = told.find((other) => other.deviceId === deviceId);
    const onlyOne = woken.length === 1 && winner?.file.request.contact.endpoint === MOBILE;
    const answeredHere = ending?.outcome === 'answered' && onlyOne;
    // A router that stops leaves the call, and so its pushes, to the next one.
    if (ending?.reason === 'router-stopping') continue;
    if (word === undefined && !answeredHere && !NEVER_ARRIVED.includes(result))
      yield `${deviceId} was never told that the call is over (${result})`;
    if (word !== undefined && answeredHere) yield `${deviceId} has answered and was told that the call is over`;
    const [connect] = connects;
    // The only device that may have answered is told when it turns out that it has not.
    if (connect === undefined || onlyOne || word === undefined) continue;
    if (word.atMs > connect.atMs) yield `${deviceId} rang on for ${word.atMs - connect.atMs} ms after an answer`;
  }
}
