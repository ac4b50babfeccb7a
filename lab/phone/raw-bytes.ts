/**
 * SIP as text and as bytes, for phones that send what is no UTF-8: in a text, a lone surrogate U+DC80 to U+DCFF stands for the byte 0x80 to 0xFF. Whatever is UTF-8 passes as it is, and a
 * Call-ID of any bytes comes back as the same text.
 */
const LONE = /([\udc80-\udcff])/u;
const ESCAPE = 0xdc00;

/** The text for a byte that stands alone, 0x80 to 0xFF. */
export function loneByte(byte: number): string {
  return String.fromCharCode(ESCAPE + byte);
}

export function bytesOf(text: string): Buffer {
  const parts = text.split(LONE);
  return Buffer.concat(
    parts.map((part) => (LONE.test(part) ? Buffer.from([part.charCodeAt(0) - ESCAPE]) : Buffer.from(part, 'utf8'))),
  );
}

export function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1').replace(/[\x80-\xff]/g, (byte) => loneByte(byte.charCodeAt(0)));
  }
}
