/** Callers of every kind: who they say they are is shown on one line, at a sane length, in whole letters. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partyOf } from '../../src/call/ports/party.ts';
import { strangeText } from '../fuzz/strange.ts';

describe('a party from outside', () => {
  it('who is well is left as given', () => {
    expect(partyOf('Zoé 電話 📞', '+33 6 12-34')).toEqual({ name: 'Zoé 電話 📞', number: '+33 6 12-34' });
    expect(partyOf('', '')).toEqual({ name: '', number: '' });
    expect(partyOf('n'.repeat(80), '1'.repeat(40))).toEqual({ name: 'n'.repeat(80), number: '1'.repeat(40) });
  });

  it.each([
    ['a header of its own', '0512345678\r\nX: y', '0512345678 X: y'],
    ['5,000 digits', '5'.repeat(5_000), '5'.repeat(40)],
    ['nothing but control characters', '\0\r\n\u0085\u007f', ''],
    ['text that runs backwards', '\u202e8765\u202c', '8765'],
    ['ends of lines of other alphabets', '05\u202806\u202907', '05 06 07'],
    ['blanks all around', '\t 0512 \r\n', '0512'],
    ['half a letter', '05\ud83d', '05\ufffd'],
  ])('a number with %s', (_, given, shown) => {
    expect(partyOf('', given).number).toBe(shown);
  });

  it.each([
    ['family', '👨‍👩‍👧‍👦', 11],
    ['hand with a colour', '👍🏽', 4],
    ['letter with its accent', 'e\u0301', 2],
  ])('a name is never cut within a %s', (_, letter, units) => {
    const { name } = partyOf(letter.repeat(100), '');
    expect(name).toBe(letter.repeat(Math.floor(80 / units)));
    expect(partyOf(`x${letter.repeat(100)}`, '').name).toBe(`x${letter.repeat(Math.floor(79 / units))}`);
  });

  it('a letter that is longer than any name is cut all the same', () => {
    expect(partyOf(`e${'\u0301'.repeat(5_000)}`, '').name).toHaveLength(80);
  });

  it('any two texts come out on one line, bounded, well-formed, and the same when they come again', () => {
    const text = fc.oneof(strangeText, fc.string({ unit: 'grapheme', maxLength: 200 }), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(text, text, (name, number) => {
        const party = partyOf(name, number);
        expect(party.name.length <= 80 && party.number.length <= 40).toBe(true);
        expect(`${party.name}${party.number}`).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\p{Cs}]/u);
        expect(partyOf(party.name, party.number)).toEqual(party);
      }),
      { numRuns: 2_000, seed: 20_240_501 },
    );
  });
});
