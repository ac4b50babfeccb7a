/**
 * What a call must remember beyond the life of this process, as short texts that are kept on Asterisk's channels: on the caller's what was
 * pushed and until when we wait, on each leg what it was dialled for. Another router reads them after a crash and goes on from there.
 * A text that is not exactly as written here is no memory: the call then begins anew. Pure.
 */

import { type Ending, readEnding } from './outcomes.ts';
import type { Contact } from './ports.ts';
import type { DeviceKind } from './ringing.ts';

/** Channel variable of the caller that holds its call's memory. */
export const CALL_MEMORY = 'XIVO_MAPP_MEMORY';

const DEVICE_ID = /^[\w.-]{1,128}$/;

export interface CallMemory {
  readonly callId: string;
  readonly userId: string;
  /** When the wait ends, ms since 1970. */
  readonly waitUntilMs: number;
  /** Ids of the devices whose push has been taken by its service. */
  readonly pushed: readonly string[];
  /** How the call has ended; then all that is left to do is to give the caller back. */
  readonly ending?: Ending;
}

export interface LegMemory {
  readonly on: DeviceKind;
  readonly fresh: boolean;
  /** When it was dialled, ms since 1970. */
  readonly dialledAtMs: number;
  readonly contact: Contact;
}

/** One line without commas, since the dialplan hands it on as an argument. */
export function writeCallMemory({ callId, userId, waitUntilMs, pushed, ending }: CallMemory): string {
  const over = ending === undefined ? '' : `over=${ending.outcome}:${ending.reason}`;
  const parts = ['v1', callId, encodeURIComponent(userId), String(Math.round(waitUntilMs)), pushed.join('+'), over];
  return parts.filter((part) => part !== '').join(' ');
}

const CALL_MEMORY_FORM =
  /^v1 (xm-[\w-]{1,64}) ([\w.!~*'()%-]{1,400}) (\d{1,15})(?: ([\w.+-]{1,4000}))?(?: over=([a-z-]{1,20}):([a-z-]{1,30}))?$/;

export function readCallMemory(text: string): CallMemory | undefined {
  const [, callId, userId, waitUntil, pushed, outcome, reason] = CALL_MEMORY_FORM.exec(text) ?? [];
  const user = userId === undefined ? undefined : decoded(userId);
  if (callId === undefined || user === undefined) return undefined;
  const ending = outcome === undefined || reason === undefined ? undefined : readEnding(outcome, reason);
  const memory: CallMemory = {
    callId,
    userId: user,
    waitUntilMs: Number(waitUntil),
    pushed: pushed?.split('+') ?? [],
    ...(ending === undefined ? {} : { ending }),
  };
  const asWritten = memory.pushed.every((id) => DEVICE_ID.test(id)) && writeCallMemory(memory) === text;
  return asWritten ? memory : undefined;
}

/** The planned wait; less where an earlier run of the router has begun it. */
export function waitLeftMs(plannedMs: number, memory: CallMemory | undefined, wallMs: number): number {
  return Math.max(0, waitEndsAtMs(plannedMs, memory, wallMs) - wallMs);
}

/** When the planned wait ends, ms since 1970; where an earlier run has begun it, in the same moment as ever. */
export function waitEndsAtMs(plannedMs: number, memory: CallMemory | undefined, wallMs: number): number {
  return Math.min(wallMs + plannedMs, memory?.waitUntilMs ?? Number.POSITIVE_INFINITY);
}

export function writeLegMemory({ on, fresh, dialledAtMs, contact }: LegMemory): string {
  const age = fresh ? 'fresh' : 'stale';
  return ['v1', on, age, Math.round(dialledAtMs), contact.endpoint, contact.uri].join(' ');
}

const LEG_MEMORY_FORM =
  /^v1 (mobile|webapp) (fresh|stale) (\d{1,15}) (PJSIP\/[\w.+-]{1,80}) ([Ss][Ii][Pp][Ss]?:[^\s&\p{Cc}]{1,1000})$/u;

export function readLegMemory(text: string): LegMemory | undefined {
  const parts = LEG_MEMORY_FORM.exec(text);
  const [, on, age, dialledAt, endpoint, uri] = parts ?? [];
  if (endpoint === undefined || uri === undefined) return undefined;
  const memory: LegMemory = {
    on: on === 'webapp' ? 'webapp' : 'mobile',
    fresh: age === 'fresh',
    dialledAtMs: Number(dialledAt),
    contact: { endpoint, uri, expiresAtSec: undefined },
  };
  return writeLegMemory(memory) === text ? memory : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
