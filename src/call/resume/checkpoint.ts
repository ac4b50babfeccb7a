/**
 * What a call must remember beyond the life of this process, as short texts that are kept on Asterisk's channels: on the caller's what was pushed and
 * until when we wait, on each leg what it was dialled for. Another router reads them after a crash and goes on from there. A text that is not exactly
 * as written here is no memory: the call then begins anew. No name of a site's or an app's choosing makes a text longer than its bound: it also goes
 * into requests, whose length Asterisk bounds. Pure.
 */

import { type Ending, readEnding } from '../outcomes.ts';
import { MOST_DEVICES } from '../ports/callee.ts';
import type { Contact } from '../ports.ts';
import type { DeviceKind } from '../ringing/leg.ts';
import { markOf } from './marks.ts';

/** Channel variable of the caller that holds its call's checkpoint. */
export const CALL_CHECKPOINT = 'XIVO_MAPP_MEMORY';

/** The longest text of a call's checkpoint, in characters, all of them ASCII. */
export const LONGEST_CHECKPOINT = 700;

/** The longest user id that is kept as it is, as it stands in the text; of a longer one, and of none, which no registry of ours can have, the mark is kept. */
const LONGEST_USER = 128;

export interface CallCheckpoint {
  readonly callId: string;
  /** As keptUser() has it. */
  readonly userId: string;
  /** When the wait ends, ms since 1970. */
  readonly waitUntilMs: number;
  /** Marks of the devices whose push has been taken by its service, by markOf() their ids. */
  readonly pushed: readonly string[];
  /** How the call has ended; then all that is left to do is to give the caller back. */
  readonly ending?: Ending;
}

export interface LegCheckpoint {
  readonly on: DeviceKind;
  readonly fresh: boolean;
  /** It rings where its phone has sent the call on. */
  readonly isForward: boolean;
  /** When it was dialled, ms since 1970. */
  readonly dialledAtMs: number;
  readonly contact: Contact;
}

/** The user's id as a checkpoint keeps it. */
export function keptUser(userId: string): string {
  const wellFormed = userId.toWellFormed();
  const { length } = escaped(wellFormed);
  return length > 0 && length <= LONGEST_USER ? wellFormed : `~${markOf(wellFormed)}`;
}

/** Escapes what encodeURIComponent leaves and an expression of Asterisk's would not. */
function escaped(userId: string): string {
  return encodeURIComponent(userId).replace(/['()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
}

/** One line of LONGEST_CHECKPOINT at most, without commas, since the dialplan hands it on as an argument. */
export function writeCallCheckpoint({ callId, userId, waitUntilMs, pushed, ending }: CallCheckpoint): string {
  const over = ending === undefined ? '' : `over=${ending.outcome}:${ending.reason}`;
  const marks = pushed.slice(-MOST_DEVICES).join('.');
  const parts = ['v2', callId, escaped(keptUser(userId)), String(Math.round(waitUntilMs)), marks, over];
  return parts.filter((part) => part !== '').join(' ');
}

const FORM =
  /^(v[12]) (xm-[0-9a-f]{16}) ([\w.!~*'()%-]{1,400}) (\d{1,15})(?: ([\w.+-]{1,4000}))?(?: over=([a-z-]{1,20}):([a-z-]{1,30}))?$/;
const MARKS = /^[\w-]{8}(?:\.[\w-]{8})*$/;

export function readCallCheckpoint(text: string): CallCheckpoint | undefined {
  const [, version, callId, user = '', waitUntil, devices, outcome, reason] = FORM.exec(text) ?? [];
  const userId = decoded(user);
  if (callId === undefined || userId === undefined) return undefined;
  const ending = outcome === undefined || reason === undefined ? undefined : readEnding(outcome, reason);
  const checkpoint = { callId, userId, waitUntilMs: Number(waitUntil), ...(ending === undefined ? {} : { ending }) };
  if (version === 'v1') return readFirstForm(text, checkpoint, devices?.split('+') ?? []);
  const pushed = devices?.split('.') ?? [];
  const isMarks = devices === undefined || MARKS.test(devices);
  return isMarks && writeCallCheckpoint({ ...checkpoint, pushed }) === text ? { ...checkpoint, pushed } : undefined;
}

/** What routers before this one wrote, with the ids of the devices: callers may wait with it while the router is upgraded. */
function readFirstForm(text: string, checkpoint: Omit<CallCheckpoint, 'pushed'>, ids: readonly string[]) {
  const { callId, userId, waitUntilMs, ending } = checkpoint;
  const over = ending === undefined ? [] : [`over=${ending.outcome}:${ending.reason}`];
  const devices = ids.length === 0 ? [] : [ids.join('+')];
  const written = ['v1', callId, encodeURIComponent(userId), String(waitUntilMs), ...devices, ...over].join(' ');
  const areIds = ids.every((id) => /^[\w.-]{1,128}$/.test(id));
  return areIds && written === text ? { ...checkpoint, userId: keptUser(userId), pushed: ids.map(markOf) } : undefined;
}

/** The planned wait; less where an earlier run of the router has begun it. */
export function waitLeftMs(plannedMs: number, checkpoint: CallCheckpoint | undefined, wallMs: number): number {
  return Math.max(0, waitEndsAtMs(plannedMs, checkpoint, wallMs) - wallMs);
}

/** When the planned wait ends, ms since 1970; where an earlier run has begun it, in the same moment as ever. */
export function waitEndsAtMs(plannedMs: number, checkpoint: CallCheckpoint | undefined, wallMs: number): number {
  return Math.min(wallMs + plannedMs, checkpoint?.waitUntilMs ?? Number.POSITIVE_INFINITY);
}

export function writeLegCheckpoint({ on, fresh, isForward, dialledAtMs, contact }: LegCheckpoint): string {
  const age = fresh ? 'fresh' : 'stale';
  const forwarded = isForward ? ['forwarded'] : [];
  return ['v1', on, age, ...forwarded, Math.round(dialledAtMs), contact.endpoint, contact.uri].join(' ');
}

const LEG_MEMORY_FORM =
  /^v1 (mobile|webapp) (fresh|stale)( forwarded)? (\d{1,15}) (PJSIP\/[\w.+-]{1,80}) ([Ss][Ii][Pp][Ss]?:[^\s\p{Cc}]{1,1000})$/u;

export function readLegCheckpoint(text: string): LegCheckpoint | undefined {
  const parts = LEG_MEMORY_FORM.exec(text);
  const [, on, age, forwarded, dialledAt, endpoint, uri] = parts ?? [];
  if (endpoint === undefined || uri === undefined) return undefined;
  const checkpoint: LegCheckpoint = {
    on: on === 'webapp' ? 'webapp' : 'mobile',
    fresh: age === 'fresh',
    isForward: forwarded !== undefined,
    dialledAtMs: Number(dialledAt),
    contact: { endpoint, uri, expiresAtSec: undefined },
  };
  return writeLegCheckpoint(checkpoint) === text ? checkpoint : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
