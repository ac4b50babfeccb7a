/**
 * Text from the bytes in which callers, sites and phones tell it: UTF-8, as it should be; UTF-8 that a bound has cut within a letter; or what older
 * gateways write, one byte for each letter. It must never fail, whatever the bytes are. Pure.
 */

/** To so many bytes names and numbers are cut on their way, letters or no letters. */
const CUT_AT = 79;
/** Bytes of the longest letter, less one. */
const LONGEST_REST = 3;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** ISO-8859-1 with the letters that Windows adds. */
const oneByteEach = new TextDecoder('windows-1252');

/** What these bytes say. */
export function toldText(bytes: Uint8Array): string {
  return wholeText(bytes) ?? cutText(bytes) ?? oneByteEach.decode(bytes);
}

function wholeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Without the begin of a letter at the end; undefined where that is not what is wrong. A shorter text was not cut, and ends in a letter of one byte. */
function cutText(bytes: Uint8Array): string | undefined {
  if (bytes.length < CUT_AT) return undefined;
  for (let rest = 1; rest <= LONGEST_REST; rest += 1) {
    const begun = bytes[bytes.length - rest] ?? 0;
    if (begun >= 0xc2 && begun <= 0xf4) return wholeText(bytes.subarray(0, bytes.length - rest));
  }
  return undefined;
}

/** What a text says whose bytes are escaped as in a URI, as the PBX does where they must pass for ASCII. */
export function unescapedText(text: string): string {
  const latin = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return toldText(Uint8Array.from(latin, (letter) => letter.charCodeAt(0)));
}

/** A name as a SIP header has it in quotes, whose escapes the PBX may leave in it; one that was cut in the middle of an escape as well. */
export function withoutEscapes(name: string): string {
  return name.replace(/\\(["\\]|$)/g, '$1');
}
