/** RTP packets and DTMF telephone-events on the wire. */
import { describe, expect, it } from 'vitest';
import { buildRtp, buildTelephoneEvent, parseRtp, parseTelephoneEvent } from '../../../lab/phone/rtp-packet.ts';

const packet = {
  payloadType: 101,
  marker: true,
  sequence: 65535,
  timestamp: 2 ** 32 - 160,
  ssrc: 0xdeadbeef,
  payload: Uint8Array.of(1, 2, 3),
};

describe('an RTP packet', () => {
  it('reads as it was written', () => {
    const read = parseRtp(buildRtp(packet));
    expect(read && { ...read, payload: [...read.payload] }).toEqual({ ...packet, payload: [1, 2, 3] });
  });

  it('is read past sources, extension and padding', () => {
    const plain = buildRtp({ ...packet, payload: Uint8Array.of(0, 0, 0, 9, 0xbe, 0xde, 0, 1, 5, 5, 5, 5, 42, 0, 2) });
    plain.writeUInt8(0x80 | 0x20 | 0x10 | 1, 0);
    expect([...(parseRtp(plain)?.payload ?? [])]).toEqual([42]);
  });

  it.each([Buffer.alloc(3), Buffer.alloc(20), Buffer.from('OPTIONS sip:x SIP/2.0')])('is none: %j', (datagram) => {
    expect(parseRtp(datagram)).toBeUndefined();
  });
});

describe('a DTMF digit', () => {
  it.each([...'0123456789*#ABCD'])('%s reads as it was written', (digit) => {
    const event = { digit, end: true, duration: 1280 };
    expect(parseTelephoneEvent(buildTelephoneEvent(event))).toEqual(event);
  });

  it('that does not exist is refused', () => {
    expect(() => buildTelephoneEvent({ digit: 'E', end: false, duration: 0 })).toThrow('no DTMF digit');
    expect(() => buildTelephoneEvent({ digit: '', end: false, duration: 0 })).toThrow('no DTMF digit');
    expect(parseTelephoneEvent(Uint8Array.of(16, 0, 0, 0))).toBeUndefined();
  });
});
