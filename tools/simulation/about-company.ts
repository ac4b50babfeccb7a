/** What must hold for the people: the caller is never left in silence, and a phone that wakes in time rings. */
import { MOBILE } from '../../lab/fakes/world.ts';
import type { Facts } from './facts.ts';
import type { Played } from './play.ts';

const LONGEST_SILENCE_MS = 1000;

/** From a registration to its leg, ms, where nothing is slow: the short looks come every 300 ms. */
const SEEN_MS = 700;

/** How often a registration that came without a word is looked for, ms. */
const LOOKS_MS = 300;

/** Dials of an endpoint after which its registrations have to stand for a while, and how long that may take, ms. */
const MOST_AT_ONCE = 3;
const POSTPONED_MS = 9_000;

/** How long a phone that is being called, and registers again, has to ring where it is called, ms. */
const ANSWERS_INVITE_MS = 2000;

/** Where every order takes long, some of them have to be waited for; where a single one does, none of its likes. */
export function* neverWithoutSound(played: Played, { call, resumed, failures }: Facts): Iterable<string> {
  // What it does not remember that the caller has heard, it cannot go by.
  if (resumed && failures('caller.write') > 0) return;
  const { longestMs } = call.silence;
  const { reachMs, replyMs } = played.plan;
  if (longestMs > LONGEST_SILENCE_MS + 3 * (reachMs + replyMs)) yield `the caller heard nothing for ${longestMs} ms`;
}

/** What the caller would hear while waiting does not start in a conversation. */
export function* nothingPlaysIntoAConversation({ call }: Facts): Iterable<string> {
  if (call.channel.holdsTooLate > 0) yield 'a hold was ordered when the caller waited no more';
}

/** The wait is over early only where nobody can come any more. */
export function* theWaitIsHonoured({ call, planned, pushes, legs, waitedMs }: Facts): Iterable<string> {
  if (planned === undefined || waitedMs === undefined || waitedMs >= planned.waitMs) return;
  const refusals = legs.flatMap(({ file }) => file.told).filter(({ end }) => end === 'declined' || end === 'busy');
  const own = pushes.filter(({ what, life }) => what === 'wake' && life === call.run.life.number);
  const dead = own.every(({ result }) => result === 'dead-token');
  if (refusals.length === 0 && !dead) yield `the wait was over after ${waitedMs} ms of ${planned.waitMs}`;
}

/** A mobile that registers while the call waits is rung, unless its person has refused. */
export function* whoWakesIsRung(played: Played, facts: Facts): Iterable<string> {
  const { legs, planned, decidedAtMs, patienceMs, failures } = facts;
  const { plan, struck, pbx } = played;
  if (planned === undefined || plan.ringingDevice === 'WebApp') return;
  const ends = legs.flatMap(({ file }) => file.told.map(({ end }) => end));
  if (ends.includes('declined')) return;
  const missedLooks = struck.filter(({ port, fails }) => port.startsWith('watch.') && fails !== undefined).length;
  const intervalMs = Number(plan.globals.XIVO_MAPP_LOOPS_INTERVAL ?? 5) * 1000;
  const seenMs = SEEN_MS + patienceMs + missedLooks * intervalMs + (plan.gaps.length > 0 ? 1000 : 0);
  for (const [index, registered] of pbx.phones.registered.entries()) {
    const { atMs, endpoint, uri, visible } = registered;
    // Where a phone has registered last, there it is.
    const later = pbx.phones.registered.slice(index + 1).find((other) => withoutPort(other.uri) === withoutPort(uri));
    const overAtMs = registered.overAtMs ?? later?.atMs;
    if (endpoint !== MOBILE || !visible || atMs < planned.atMs || atMs + seenMs > decidedAtMs) continue;
    // What a phone says at one of its ports it has said for all.
    const rung = legs.filter(({ file }) => withoutPort(file.request.contact.uri) === withoutPort(uri));
    const isBeingCalled = rung.some(({ file, overAtMs }) => file.orderedAtMs <= atMs + seenMs && overAtMs > atMs);
    const before = legs.filter(
      ({ file }) => file.request.contact.endpoint === MOBILE && file.orderedAtMs <= atMs + seenMs,
    );
    const dueMs =
      atMs + seenMs + (before.length > MOST_AT_ONCE ? POSTPONED_MS : 0) + (isBeingCalled ? ANSWERS_INVITE_MS : 0);
    if ((overAtMs ?? decidedAtMs) < dueMs || decidedAtMs < dueMs) continue;
    // Two registrations between two looks are seen as one.
    const anew = rung.some(({ file }) => file.request.contact.uri === uri && file.orderedAtMs > atMs - LOOKS_MS);
    const rings = rung.some(
      ({ file, overAtMs }) => overAtMs > atMs && file.told.some(({ kind }) => kind === 'ringing'),
    );
    const busy = rung.some(({ file }) => file.told.some(({ end }) => end === 'busy'));
    if (!anew && !rings && !busy && failures('legs.dial') === 0)
      yield `${uri} registered at ${atMs} ms and was never rung`;
  }
}

function withoutPort(uri: string): string {
  return uri.slice(0, uri.lastIndexOf(':'));
}
