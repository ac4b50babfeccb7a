/**
 * What a push says to the app: the same keys on both platforms, all values strings. A caller's name of any length fits, for it is cut; nothing else ever
 * is. This file must never know a token, and never say on one platform what it does not say on the other.
 */
import type { EndedNotice, WakeNotice } from '../call/ports.ts';

/** Bound of an FCM message's data and of an ordinary APNs notification, in bytes, with room for what goes around the payload. */
export const ordinaryBytes = 4096 - 256;
/** Bound of a VoIP notification, in bytes, with the same room. */
export const voipBytes = 5120 - 256;

export type Payload = Readonly<Record<string, string>>;

/** @param maxBytes bound of the payload as JSON in UTF-8 */
export function incomingCall(notice: WakeNotice, maxBytes: number): Payload {
  return fitted('incoming-call', notice, {}, maxBytes);
}

/** @param maxBytes bound of the payload as JSON in UTF-8 */
export function callEnded(notice: EndedNotice, maxBytes: number): Payload {
  return fitted('call-ended', notice, { reason: notice.reason }, maxBytes);
}

function fitted(
  type: 'incoming-call' | 'call-ended',
  notice: WakeNotice,
  more: Payload,
  maxBytes: number,
): Record<string, string> {
  const withName = (callerName: string) => ({
    type,
    callId: notice.callId,
    callerName,
    callerNumber: notice.caller.number,
    calleeUserId: notice.calleeUserId,
    sentAt: new Date(notice.sentAtMs).toISOString(),
    expiresAt: new Date(notice.expiresAtMs).toISOString(),
    ...more,
  });
  // Half a surrogate pair is no text, and some JSON readers refuse it.
  const name = notice.caller.name.toWellFormed();
  const whole = withName(name);
  if (bytesOf(whole) <= maxBytes) return whole;

  // No character takes less than a byte, so that what lies beyond the bound need not be looked at.
  const characters = Array.from(name.slice(0, maxBytes).toWellFormed());
  let fits = 0;
  let tooMany = characters.length;
  while (tooMany - fits > 1) {
    const half = Math.floor((fits + tooMany) / 2);
    if (bytesOf(withName(`${characters.slice(0, half).join('')}…`)) <= maxBytes) fits = half;
    else tooMany = half;
  }
  return withName(fits === 0 ? '' : `${characters.slice(0, fits).join('')}…`);
}

function bytesOf(payload: Payload): number {
  return Buffer.byteLength(JSON.stringify(payload));
}
