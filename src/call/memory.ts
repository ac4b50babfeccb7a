/**
 * What a call must remember beyond the life of this process, as short texts that are kept on Asterisk's channels: on the caller's what was
 * pushed and until when we wait, on each leg what it was dialled for. Another router reads them after a crash and goes on from there.
 * A text that is not exactly as written here is no memory: the call then begins anew. Pure.
 */

import type { Contact } from './ports.ts';
import type { DeviceKind } from './ringing.ts';

/** Channel variable of the caller that holds its call's memory. */
export const CALL_MEMORY = 'XIVO_MAPP_MEMORY';

export interface CallMemory {
  readonly callId: string;
  readonly userId: string;
  /** When the wait ends, ms since 1970. */
  readonly waitUntilMs: number;
  /** Ids of the devices that were pushed. */
  readonly pushed: readonly string[];
}

export interface LegMemory {
  readonly on: DeviceKind;
  readonly fresh: boolean;
  /** When it was dialled, ms since 1970. */
  readonly dialledAtMs: number;
  readonly contact: Contact;
}

/** One line without commas, since the dialplan hands it on as an argument. */
export function writeCallMemory({ callId, userId, waitUntilMs, pushed }: CallMemory): string {
  return ['v1', callId, encodeURIComponent(userId), Math.round(waitUntilMs), pushed.join('+')].join(' ').trim();
}

export function readCallMemory(text: string): CallMemory | undefined {
  const parts = /^v1 (xm-[\w-]{1,64}) ([\w.!~*'()%-]{1,400}) (\d{1,15})(?: ([\w.+-]{1,4000}))?$/.exec(text);
  const [, callId, userId, waitUntil, pushed] = parts ?? [];
  const user = userId === undefined ? undefined : decoded(userId);
  if (callId === undefined || user === undefined) return undefined;
  return { callId, userId: user, waitUntilMs: Number(waitUntil), pushed: pushed?.split('+') ?? [] };
}

export function writeLegMemory({ on, fresh, dialledAtMs, contact }: LegMemory): string {
  const age = fresh ? 'fresh' : 'stale';
  return ['v1', on, age, Math.round(dialledAtMs), contact.endpoint, contact.uri].join(' ');
}

export function readLegMemory(text: string): LegMemory | undefined {
  const parts = /^v1 (mobile|webapp) (fresh|stale) (\d{1,15}) (PJSIP\/\S{1,80}) (\S{1,1000})$/.exec(text);
  const [, on, age, dialledAt, endpoint, uri] = parts ?? [];
  if (endpoint === undefined || uri === undefined) return undefined;
  return {
    on: on === 'webapp' ? 'webapp' : 'mobile',
    fresh: age === 'fresh',
    dialledAtMs: Number(dialledAt),
    contact: { endpoint, uri, expiresAtSec: undefined },
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
