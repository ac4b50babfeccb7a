/** The payload: the contract's keys, all strings, and bounds that only a caller's name ever feels. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partyOf } from '../../src/call/ports/party.ts';
import { callEnded, incomingCall } from '../../src/push/payload.ts';
import { strangeText } from '../fuzz/strange.ts';
import { notice } from './bench.ts';

const sentAtMs = Date.UTC(2026, 2, 1, 12, 0, 0, 250);
const told = notice(0, { sentAtMs, expiresAtMs: sentAtMs + 15_000 });
const named = (name: string) => ({ ...told, caller: { name, number: '+33123456789' } });
const bytes = (payload: object) => Buffer.byteLength(JSON.stringify(payload));

describe('the payload', () => {
  it('has the keys of the contract for an incoming call', () => {
    expect(incomingCall(told, 4096)).toEqual({
      type: 'incoming-call',
      callId: 'call-1',
      callerName: 'Zoé Ünal',
      callerNumber: '+33123456789',
      calleeUserId: '7',
      sentAt: '2026-03-01T12:00:00.250Z',
      expiresAt: '2026-03-01T12:00:15.250Z',
    });
  });

  it('has the reason besides for a call that has ended', () => {
    expect(callEnded(told, 4096)).toEqual({
      ...incomingCall(told, 4096),
      type: 'call-ended',
      reason: 'caller-left',
    });
  });

  it.each([
    ['letters', 'a'.repeat(1_000_000)],
    ['letters of three bytes', '電'.repeat(100_000)],
    ['pairs of surrogates', '😀'.repeat(100_000)],
    ['characters that JSON escapes', '"\u0001\\'.repeat(100_000)],
  ])('cuts a monstrous name of %s, to the last character that fits', (_, name) => {
    const payload = incomingCall(named(name), 3840);
    const { callerName, ...rest } = payload;
    const { callerName: __, ...expected } = incomingCall(named('short'), 3840);
    expect(rest).toEqual(expected);
    expect(bytes(payload)).toBeLessThanOrEqual(3840);
    expect(bytes(payload)).toBeGreaterThan(3840 - 12);
    expect(callerName?.isWellFormed()).toBe(true);
    expect(callerName?.endsWith('…')).toBe(true);
    expect(name.startsWith(callerName?.slice(0, -1) ?? '?')).toBe(true);
  });

  it('keeps a name that just fits whole', () => {
    const room = 3840 - bytes(incomingCall(named(''), 3840));
    const name = 'n'.repeat(room);
    expect(incomingCall(named(name), 3840).callerName).toBe(name);
    expect(incomingCall(named(`${name}n`), 3840).callerName?.endsWith('n…')).toBe(true);
  });

  it('drops the name where nothing of it fits, and nothing else', () => {
    expect(incomingCall(named('Alice'), 10)).toEqual({ ...incomingCall(named(''), 4096) });
  });

  it('mends half a surrogate pair', () => {
    expect(incomingCall(named('a\ud83d'), 4096).callerName).toBe('a\ufffd');
  });

  it('of whoever calls is within its bounds, names the party whole, and has no control character in it', () => {
    fc.assert(
      fc.property(strangeText, strangeText, (name, number) => {
        const caller = partyOf(name, number);
        for (const payload of [incomingCall({ ...told, caller }, 3840), callEnded({ ...told, caller }, 3840)]) {
          expect(bytes(payload)).toBeLessThanOrEqual(3840);
          expect(payload).toMatchObject({ callerName: caller.name, callerNumber: caller.number });
          expect(JSON.stringify(JSON.parse(JSON.stringify(payload)))).not.toMatch(/\p{Cc}|\\u00|\\[rnt]/u);
        }
      }),
      { numRuns: 2_000, seed: 20_240_501 },
    );
  });
});
