/**
 * Whoever comes from outside, made fit to be shown: what stands here goes into pushes, SIP headers, the log and the history alike. Each door by which a
 * party enters makes it here, and nobody cleans it a second time. It must never let a control character through, nor half a letter, nor any length.
 */
/** A person as shown on a phone's display. Either part may be empty when it is not known. */
export interface Party {
  readonly name: string;
  readonly number: string;
}

/** Longer than any number, in UTF-16 units: E.164 has 15 digits, a SIP user part may be a name. */
const NUMBER_LENGTH = 40;
/** What phones show of a name, in UTF-16 units. */
const NAME_LENGTH = 80;
/** Control characters, ends of lines, and what makes the text behind it run the other way, by which a number can pass for another. */
const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu;

/** So far behind a bound nothing changes where the letter in front of it ends. */
const FAR = 100;

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** One of whom nothing is known, or may be told. */
export const NOBODY: Party = { name: '', number: '' };

/** A party of a name and a number as somebody else has given them, of any length and content. Both may be empty. */
export function partyOf(name: string, number: string): Party {
  return { name: shownAs(name, NAME_LENGTH), number: shownAs(number, NUMBER_LENGTH) };
}

function shownAs(text: string, most: number): string {
  const clean = text.toWellFormed().replace(UNFIT, ' ').trim();
  if (clean.length <= most) return clean;
  let end = 0;
  for (const { index, segment } of letters.segment(clean.slice(0, most + FAR))) {
    if (index + segment.length > most) break;
    end = index + segment.length;
  }
  // One letter with any number of marks on it is no letter.
  return clean
    .slice(0, end === 0 ? most : end)
    .toWellFormed()
    .trim();
}
