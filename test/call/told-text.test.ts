/** Bytes from callers, sites and phones: each text comes out as whoever wrote it meant it, and none makes anything fail. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toldText, withoutEscapes } from '../../src/call/told-text.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
/** As Asterisk keeps it. */
const kept = (text: string): Buffer => Buffer.from(text).subarray(0, 79);

describe('bytes from outside', () => {
  it.each(['', 'Carol', 'Zoé 電話 👨‍👩‍👧‍👦 שלום', '\ufeffx', 'José'])('UTF-8 is taken as it is: %j', (text) => {
    expect(toldText(Buffer.from(text))).toBe(text);
  });

  it.each(['Zoé Dupré', 'José', 'É', `${'n'.repeat(77)}é`])('one byte for each letter: %s', (text) => {
    expect(toldText(latin1(text))).toBe(text);
  });

  it.each(['éé', '電話', '📞📞'])('UTF-8 that was cut within %s ends with the letter before', (letters) => {
    for (const before of [75, 76, 77, 78]) {
      const text = `${'a'.repeat(before)}${letters}`;
      const told = toldText(kept(text));
      expect(text.startsWith(told)).toBe(true);
      expect(told.length).toBeGreaterThanOrEqual(before);
      expect(told).not.toContain('\ufffd');
    }
  });

  it('any bytes are some text, and any text comes back from its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => toldText(bytes).isWellFormed()),
      { numRuns: 2_000, seed: 20_240_501 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => toldText(Buffer.from(text)) === text),
      { numRuns: 2_000, seed: 20_240_501 },
    );
  });

  it.each([
    ['Ann \\"the\\" Boss', 'Ann "the" Boss'],
    ['a\\\\b', 'a\\b'],
    ['a\\b', 'a\\b'],
    ['cut \\"in\\', 'cut "in'],
    ['whole\\\\', 'whole\\'],
  ])('escapes of a quoted name are undone: %s', (given, name) => {
    expect(withoutEscapes(given)).toBe(name);
  });
});
