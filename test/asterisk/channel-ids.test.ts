/** Ids of ours are recognised exactly, and what Asterisk calls a channel by itself is never one of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOurs, noteIdOf } from '../../src/asterisk/app/ids.ts';

const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 16, maxLength: 16 });
const callId = hex.map((digits) => `xm-${digits}`);
const count = fc.integer({ min: 1, max: 999_999 });
const series = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }).map((ms) => ms.toString(36));

describe('an id', () => {
  it('of a leg or a note that a router has made is ours', () => {
    fc.assert(
      fc.property(callId, count, series, (call, n, when) => {
        expect([`${call}-leg-${n}`, `${call}-leg-${when}-${n}`, noteIdOf(call)].map(isOurs)).toEqual([
          true,
          true,
          true,
        ]);
      }),
    );
  });

  it('that Asterisk makes is not ours, whatever the name of the host', () => {
    const name = fc.oneof(
      fc.stringMatching(/^[\w.-]{0,40}$/),
      callId,
      fc.tuple(callId, count).map(([call, n]) => `${call}-leg-${n}`),
    );
    const systemName = fc.tuple(fc.constantFrom('', 'xm-', 'xm'), name).map((parts) => parts.join(''));
    fc.assert(
      fc.property(systemName, count, count, (host, seconds, n) => {
        expect(isOurs(`${host}-${seconds}.${n}`)).toBe(false);
      }),
    );
  });

  it.each([
    'xm-1-leg-1',
    'xm-a-1700000000.12',
    'xm-0011223344556677',
    'xm-0011223344556677-leg-',
    'XM-0011223344556677-leg-1',
    'xm-0011223344556677-note2',
    ' xm-0011223344556677-note',
    'xm-0011223344556677-bridge',
    'xm-0011223344556677-leg-1;2',
  ])('like %s is not ours', (id) => {
    expect(isOurs(id)).toBe(false);
  });
});
