/**
 * Short marks for what may be of any length: 48 bits as eight letters, the same in every run of the router. A mark stands where the length of a text
 * counts, on Asterisk's channels and in its requests, for what a site or an app has named. It is no secret and proves nothing: who knows a name knows
 * its mark. Pure.
 */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Eight letters of base64url. */
export function markOf(text: string): string {
  // cyrb53 (public domain): two multiplicative hashes that are stirred into each other at the end.
  let one = 0xdeadbeef;
  let two = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x9e3779b1);
    two = Math.imul(two ^ unit, 0x5f356495);
  }
  one = Math.imul(one ^ (one >>> 16), 0x85ebca6b) ^ Math.imul(two ^ (two >>> 13), 0xc2b2ae35);
  two = Math.imul(two ^ (two >>> 16), 0x85ebca6b) ^ Math.imul(one ^ (one >>> 13), 0xc2b2ae35);
  return fourLetters(one & 0xffffff) + fourLetters(two & 0xffffff);
}

function fourLetters(bits24: number): string {
  return [18, 12, 6, 0].map((shift) => LETTERS.charAt((bits24 >>> shift) & 63)).join('');
}
