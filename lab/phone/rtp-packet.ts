/**
 * RTP packets (RFC 3550) and telephone-event payloads (RFC 4733): parse and build. What is no RTP is undefined, not an error.
 */

export interface RtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

export function parseRtp(datagram: Buffer): RtpPacket | undefined {
  if (datagram.length < 12 || datagram.readUInt8(0) >> 6 !== 2) return undefined;
  const first = datagram.readUInt8(0);
  const second = datagram.readUInt8(1);
  let start = 12 + 4 * (first & 0x0f);
  if (first & 0x10) {
    if (datagram.length < start + 4) return undefined;
    start += 4 + 4 * datagram.readUInt16BE(start + 2);
  }
  const padding = first & 0x20 ? datagram.readUInt8(datagram.length - 1) : 0;
  if (start + padding > datagram.length) return undefined;
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: datagram.readUInt16BE(2),
    timestamp: datagram.readUInt32BE(4),
    ssrc: datagram.readUInt32BE(8),
    payload: datagram.subarray(start, datagram.length - padding),
  };
}

export function buildRtp(packet: RtpPacket): Buffer {
  const datagram = Buffer.allocUnsafe(12 + packet.payload.length);
  datagram.writeUInt8(0x80, 0);
  datagram.writeUInt8((packet.marker ? 0x80 : 0) | packet.payloadType, 1);
  datagram.writeUInt16BE(packet.sequence & 0xffff, 2);
  datagram.writeUInt32BE(packet.timestamp >>> 0, 4);
  datagram.writeUInt32BE(packet.ssrc >>> 0, 8);
  datagram.set(packet.payload, 12);
  return datagram;
}

const DIGITS = '0123456789*#ABCD';

export interface TelephoneEvent {
  readonly digit: string;
  readonly end: boolean;
  /** In units of the RTP clock: 8 for each millisecond. */
  readonly duration: number;
}

export function parseTelephoneEvent(payload: Uint8Array): TelephoneEvent | undefined {
  const [event, flags, high, low] = payload;
  if (event === undefined || flags === undefined || high === undefined || low === undefined) return undefined;
  const digit = DIGITS[event];
  return digit === undefined ? undefined : { digit, end: (flags & 0x80) !== 0, duration: high * 256 + low };
}

/** Throws when `digit` is none of 0-9, *, #, A-D. */
export function buildTelephoneEvent(event: TelephoneEvent): Uint8Array {
  const code = DIGITS.indexOf(event.digit);
  if (code < 0 || event.digit.length !== 1) throw new Error(`no DTMF digit: ${event.digit}`);
  const volume = 10;
  return Uint8Array.of(code, (event.end ? 0x80 : 0) | volume, event.duration >> 8, event.duration & 0xff);
}
