/**
 * What one phone knows of one call, for tests to check and for the demo to tell. All times are `nowMs()`. It holds facts
 * as they were seen on the wire, and must never be filled from what the test wished.
 */

import type { SessionDescription } from './sdp.ts';
import { audioCodecs, hasVideo } from './sdp.ts';
import type { Party } from './sip-address.ts';
import { assertedParty, partyIn } from './sip-address.ts';
import type { SipMessage } from './sip-message.ts';
import { firstLine, headers } from './sip-message.ts';

export interface ConnectedLine extends Party {
  readonly atMs: number;
  /** What carried it: `183`, `200`, `UPDATE`, `INVITE`, ... */
  readonly in: string;
}

export interface CallRecord {
  readonly direction: 'in' | 'out';
  readonly callId: string;
  /** Incoming: who the INVITE says is calling, header by header. */
  shown: { from: Party; asserted?: Party; remoteParty?: Party };
  /** Who the far side says we are connected with, each time it says so (not for the INVITE that made the call). */
  readonly connectedLines: ConnectedLine[];
  /** What the far side's first session description holds. */
  offered: { codecs: readonly string[]; video: boolean } | undefined;
  /** Status codes that the caller got, or the callee sent, in order. */
  readonly statuses: number[];
  startedAtMs: number;
  ringingAtMs: number | undefined;
  earlyMediaAtMs: number | undefined;
  answeredAtMs: number | undefined;
  endedAtMs: number | undefined;
  /** The final answer to the INVITE. */
  finalStatus: number | undefined;
  /** `here` this phone hung up, refused or gave up; `nobody` it vanished or no answer ever came. */
  endedBy: 'here' | 'there' | 'nobody' | undefined;
  /** Reason headers of CANCEL, BYE and refusals that were received. */
  readonly reasons: string[];
  /** Re-INVITEs and UPDATEs that came after the answer. */
  reinvites: number;
  updates: number;
  readonly dtmf: { readonly digit: string; readonly atMs: number }[];
}

export function newRecord(direction: 'in' | 'out', callId: string, from: Party, startedAtMs: number): CallRecord {
  return {
    direction,
    callId,
    shown: { from },
    connectedLines: [],
    offered: undefined,
    statuses: [],
    startedAtMs,
    ringingAtMs: undefined,
    earlyMediaAtMs: undefined,
    answeredAtMs: undefined,
    endedAtMs: undefined,
    finalStatus: undefined,
    endedBy: undefined,
    reasons: [],
    reinvites: 0,
    updates: 0,
    dtmf: [],
  };
}

/** Whether the far side said that another device took the call, so that this phone shows no missed call. */
export function wasAnsweredElsewhere(record: CallRecord): boolean {
  return record.reasons.some(
    (reason) => /^SIP\s*;.*cause=200\b/i.test(reason) || /^Q\.850\s*;.*cause=26\b/i.test(reason),
  );
}

export function recordReasons(record: CallRecord, message: SipMessage): void {
  record.reasons.push(...headers(message, 'reason'));
}

/** Notes a connected line when the message carries one; true when it did. */
export function recordConnectedLine(record: CallRecord, message: SipMessage, atMs: number): ConnectedLine | undefined {
  const party = assertedParty(message);
  if (!party) return undefined;
  const carrier = message.kind === 'request' ? message.method : (firstLine(message).split(' ')[1] ?? '');
  const line = { ...party, atMs, in: carrier };
  record.connectedLines.push(line);
  return line;
}

export function recordCaller(record: CallRecord, invite: SipMessage): void {
  const asserted = partyIn(invite, 'p-asserted-identity');
  const remoteParty = partyIn(invite, 'remote-party-id');
  record.shown = {
    from: partyIn(invite, 'from') ?? { name: '', number: '' },
    ...(asserted ? { asserted } : {}),
    ...(remoteParty ? { remoteParty } : {}),
  };
}

export function recordOffer(record: CallRecord, session: SessionDescription): void {
  record.offered ??= { codecs: audioCodecs(session), video: hasVideo(session) };
}
