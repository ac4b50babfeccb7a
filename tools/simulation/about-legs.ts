/** What must hold of each call's legs, notes and watches: one winner, no loser that rings on, none ordered too late, none left behind. */

import { MOBILE, WEBAPP } from '../../lab/fakes/world.ts';
import { MOST_ALIVE } from '../../src/call/ringing/redial-pace.ts';
import type { Facts, OwnLeg } from './facts.ts';
import type { Played } from './play.ts';
import type { Run } from './run.ts';
import type { Talk } from './talks.ts';

/** One leg has the caller, and that is the one of which the router was told. */
export function* exactlyOneLegConnected({ call, connects, talks }: Facts, { pbx }: Played): Iterable<string> {
  if (talks.length > 1) yield `${talks.length} legs have had the caller: ${talks.map(({ legId }) => legId).join(', ')}`;
  if (connects.length > 1) yield `${connects.length} legs were told to be connected`;
  const [connect] = connects;
  // It may have got the caller only when that came again.
  const has = ({ legId, channelId }: Talk) => legId === connect?.legId && channelId === call.channel.channelId;
  if (connect !== undefined && !pbx.exchange.talks.all.some(has))
    yield `${connect.legId} was told to be connected, and ${talks[0]?.legId ?? 'nobody'} was`;
}

/** When one has won, all others are told so in the instant in which the router hears of it. */
export function* losersAreTold(
  played: Played,
  { won: connected, hearsLateMs, legs, cutShort }: Facts,
): Iterable<string> {
  const winner = legs.find(({ legId }) => legId === connected?.legId);
  if (winner === undefined || connected === undefined) return;
  if (!winner.file.told.some(({ kind, step }) => kind === 'answered' && step < connected.step))
    yield `${winner.legId} won without an answer`;
  for (const { legId, file, overAtMs } of legs) {
    if (legId === winner.legId || overAtMs <= connected.atMs + hearsLateMs) continue;
    const [hangUp] = file.hangUps;
    if (hangUp === undefined && cutShort && hearsLateMs > 0) continue;
    if (hangUp === undefined) yield `${legId} lost and was never hung up`;
    else if (hangUp.atMs > connected.atMs + hearsLateMs)
      yield `${legId} lost and rang on for ${hangUp.atMs - connected.atMs} ms`;
    else if (
      hangUp.step > connected.step &&
      hangUp.reason !== 'answered-elsewhere' &&
      !toldOfMore(played, connected.atMs)
    )
      yield `${legId} lost and was told ${hangUp.reason}`;
  }
}

/** Something else was told in the same instant, and may have been the reason of what was done in it. */
function toldOfMore({ lines }: Played, atMs: number): boolean {
  return lines.filter((line) => line.atMs === atMs && / ?told (that|of) /.test(line.what)).length > 1;
}

/** A decline on a mobile ends what the setting says, in the same instant; on one of an earlier run, as soon as the setting is known again. */
export function* aDeclineIsObeyed(played: Played, { legs, decidedAtMs, planned }: Facts): Iterable<string> {
  const mobiles = legs.filter(({ file }) => file.request.contact.endpoint === MOBILE);
  const declines = mobiles.flatMap(({ file }) =>
    file.told.filter(({ end, step }) => end === 'declined' && file.hangUps.every((hangUp) => hangUp.step > step)),
  );
  const atMs = Math.max(planned?.atMs ?? 0, Math.min(...declines.map((decline) => decline.atMs)));
  // Whoever has answered before is connected.
  const isAnswered = legs.some(({ file }) => file.told.some((told) => told.kind === 'answered' && told.atMs <= atMs));
  if (atMs >= decidedAtMs || isAnswered) return;
  const ends = played.plan.globals.XIVO_MAPP_DECLINE_ENDS ?? 'mobiles';
  if (ends === 'call') yield `it went on for ${decidedAtMs - atMs} ms after a decline`;
  if (ends !== 'mobiles') return;
  for (const { legId, file, overAtMs } of mobiles) {
    const rings = overAtMs > atMs && file.hangUps.every((hangUp) => hangUp.atMs > atMs);
    if (file.orderedAtMs > atMs || rings) yield `${legId} rang although another mobile had declined`;
  }
}

/** However often phones register, an endpoint has few legs at once; one more while the order to end another is under way. */
export function* anEndpointHasFewLegs({ legs }: Facts): Iterable<string> {
  for (const endpoint of [MOBILE, WEBAPP]) {
    const own = legs.filter(({ file }) => file.request.contact.endpoint === endpoint);
    for (const { file } of own) {
      const atMs = file.orderedAtMs;
      const lives = ({ file: other, overAtMs }: OwnLeg) =>
        other.orderedAtMs <= atMs && overAtMs > atMs && other.hangUps.every((hangUp) => hangUp.atMs > atMs);
      const alive = own.filter(lives).length;
      if (alive > MOST_ALIVE) yield `${endpoint} has ${alive} legs at ${atMs} ms`;
    }
  }
}

/** A registration that comes too late gets no INVITE. */
export function* nobodyIsRungTooLate({ legs, decidedAtMs }: Facts): Iterable<string> {
  for (const { legId, file } of legs)
    if (file.orderedAtMs > decidedAtMs) yield `${legId} was ordered ${file.orderedAtMs - decidedAtMs} ms too late`;
}

export function* everyLegIsAccountedFor(facts: Facts): Iterable<string> {
  const { legs, endedAtMs, failures, cutShort } = facts;
  if (cutShort) return;
  const forgiven = failures('legs.hangUp') > 1;
  for (const leg of legs) {
    // Whoever has answered is the dialplan's.
    if (leg.channel?.upAtMs !== undefined) continue;
    const hungUp = leg.file.hangUps.length > 0;
    if (!hungUp && leg.overAtMs > endedAtMs) yield `${leg.legId} was neither ended nor hung up`;
    if (!forgiven && livesAt(leg, endedAtMs)) yield `${leg.legId} outlived its call`;
  }
}

/** One whose answer crosses the hang-up is the adapter's, which hangs it up again. */
function livesAt({ channel }: OwnLeg, atMs: number): boolean {
  if (channel === undefined) return false;
  return !channel.crossing && (channel.goneAtMs ?? Number.POSITIVE_INFINITY) > atMs;
}

/** No order of a router ends somebody who has answered, and whoever has answered has the caller, as long as it waits. */
export function* nobodyIsCutOff({ pbx }: Played): Iterable<string> {
  const { talks, legs } = pbx.exchange;
  yield* talks.disturbed;
  for (const [legId, { state, request }] of legs) {
    const caller = pbx.callers.get(request.forChannelId);
    if (state === 'up' && caller?.where !== 'talking') yield `${legId} is left with nobody`;
  }
}

export function* nothingStaysBehind(played: Played, all: readonly Facts[]): Iterable<string> {
  const { pbx, runs, endless, strays } = played;
  if (endless) yield 'the world does not come to an end';
  for (const stray of strays) yield `nobody took the rejection ${String(stray)}`;
  for (const run of runs) yield* nothingStaysBehindIn(run);
  const removeFails = all[0]?.failures('notes.remove', 'requests.send') ?? 0;
  const alive = runs.some(({ life }) => !life.isOver);
  const lost = runs.some(({ life, stop }) => life.isOver && stop !== 'done');
  // What a router has left that died stays until another one comes.
  const stay = !alive && lost ? Number.POSITIVE_INFINITY : 0;
  const { notes } = pbx.exchange;
  // What a dead router has ordered may come after the next one has looked.
  const last = runs.at(-1);
  const late = notes.all.filter(
    ({ id, keptAtMs, goneAtMs }) =>
      goneAtMs === undefined &&
      keptAtMs >= (last?.begunAtMs ?? 0) &&
      last?.calls.every(({ callId }) => !id.startsWith(`${callId}-note`)) === true,
  );
  if (notes.ids.length - stay - removeFails - late.length > 0) yield `notes are left: ${notes.ids.join(', ')}`;
  for (const { call, listenersLeft, cutShort } of all) {
    if (cutShort) continue;
    if (listenersLeft > 0) yield `${call.callId} leaves ${listenersLeft} listeners`;
    for (const misuse of call.callHistory.misuses) yield `callHistory: ${misuse}`;
    if (call.callHistory.calls.get(call.callId)?.summary === undefined)
      yield `${call.callId} is not closed in the callHistory`;
    const lines = call.run.log.at('info');
    const told = lines.filter(({ fields }) => fields.callId === call.callId).length;
    // The dialplan may bring a caller back to the same run, which may end between a line and the ending that it tells.
    const sittings = call.run.calls.filter(({ callId }) => callId === call.callId);
    const ended = sittings.filter(({ endings }) => endings.length > 0);
    if (told < ended.length || told > sittings.length) yield `${call.callId} has ${told} lines in the log`;
  }
}

function* nothingStaysBehindIn({ life, stop, sleepersLeft, registrations }: Run): Iterable<string> {
  if (life.isOver && stop !== 'done') return;
  if (stop === 'asked') yield 'the stop never ends';
  if (sleepersLeft + life.sleeping > 0) yield `${sleepersLeft + life.sleeping} sleepers are left`;
  if (registrations.open > 0) yield `${registrations.open} watches are open`;
}
