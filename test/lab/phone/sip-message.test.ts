/** SIP messages, addresses and session descriptions: what is read, what is written, what is refused. */
import { describe, expect, it } from 'vitest';
import { agree, answer, audioCodecs, hasVideo, offer, parseSdp } from '../../../lab/phone/sdp.ts';
import { assertedParty, formatAddress, parseAddress } from '../../../lab/phone/sip-address.ts';
import { branch, cseq, formatSip, header, headers, parseSip, SipSyntaxError } from '../../../lab/phone/sip-message.ts';

const INVITE = [
  'INVITE sip:m1@127.0.0.1:4000 SIP/2.0',
  'v: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKabc',
  'Via: SIP/2.0/UDP 127.0.0.9:5060;branch=z9hG4bKold',
  'f: "Marie \\"M\\" Curie" <sip:0612345678@127.0.0.1>;tag=as1',
  't: <sip:m1@127.0.0.1:4000>',
  'i: one@host',
  'CSeq: 17 INVITE',
  'P-Asserted-Identity: "Asserted"',
  ' <sip:+33612@127.0.0.1>',
  'l: 4',
  '',
  'v=0',
].join('\r\n');

describe('a SIP message', () => {
  it('is read with short names and folded lines', () => {
    const message = parseSip(INVITE);
    expect(message).toMatchObject({ kind: 'request', method: 'INVITE', uri: 'sip:m1@127.0.0.1:4000', body: 'v=0' });
    expect(headers(message, 'Via')).toHaveLength(2);
    expect(branch(message)).toBe('z9hG4bKabc');
    expect(cseq(message)).toEqual({ number: 17, method: 'INVITE' });
    expect(header(message, 'call-id')).toBe('one@host');
    expect(parseAddress(header(message, 'from'))).toMatchObject({
      name: 'Marie "M" Curie',
      number: '0612345678',
      tag: 'as1',
    });
    expect(assertedParty(message)).toEqual({ name: 'Asserted', number: '+33612' });
  });

  it('is written so that it reads the same, with the length of its body in bytes', () => {
    const message = { ...parseSip(INVITE), body: 'é' };
    const text = formatSip(message);
    expect(text).toContain('Content-Length: 2\r\n');
    expect(parseSip(text).body).toBe('é');
  });

  it.each([
    '',
    'hello',
    'GET / HTTP/1.1\r\n\r\n',
    'SIP/2.0 200 OK\r\nCall-ID: 1\r\n\r\n',
    'BYE sip:a SIP/2.0\r\nCall-ID: 1\r\nCSeq: x\r\n\r\n',
    'BYE sip:a SIP/2.0\r\nno colon\r\n\r\n',
  ])('is refused: %j', (text) => {
    expect(() => parseSip(text)).toThrow(SipSyntaxError);
  });
});

describe('an address', () => {
  it.each([
    ['<sip:100@h>', { name: '', number: '100' }],
    ['Bob <sip:%2B33@h:5060;transport=udp>;tag=1', { name: 'Bob', number: '+33' }],
    ['sip:200@h;tag=2', { name: '', number: '200', tag: '2' }],
    ['<sip:h:5060>', { name: '', number: '' }],
    ['<tel:+3312>', { name: '', number: '+3312' }],
    ['nonsense %', { name: '', number: '' }],
  ])('%s', (text, expected) => {
    expect(parseAddress(text)).toMatchObject(expected);
  });

  it('is written with its quotes escaped', () => {
    expect(parseAddress(formatAddress('a "b" \\ c', 'sip:1@h')).name).toBe('a "b" \\ c');
  });
});

describe('a session description', () => {
  const local = { host: '127.0.0.1', port: 4444, sessionId: 1, version: 1 };

  it('offers both codecs and telephone-events, and video when asked to', () => {
    const session = parseSdp(offer(local, 'PCMA', true));
    expect(audioCodecs(session)).toEqual(['PCMA', 'PCMU']);
    expect(hasVideo(session)).toBe(true);
    expect(agree(session, 'PCMU')).toMatchObject({ codec: 'PCMU', payloadType: 0, dtmfPayloadType: 101 });
  });

  it('is answered line by line: video refused, hold mirrored, the far side’s own numbers kept', () => {
    const text =
      'v=0\r\nc=IN IP4 10.0.0.1\r\nm=video 5000 RTP/AVP 99\r\nm=audio 6000 RTP/AVP 107 8 97\r\nc=IN IP4 127.0.0.7\r\n' +
      'a=rtpmap:107 opus/48000/2\r\na=rtpmap:97 telephone-event/8000\r\na=sendonly\r\n';
    const session = parseSdp(text);
    const agreed = agree(session, 'PCMU');
    expect(agreed).toEqual({
      codec: 'PCMA',
      payloadType: 8,
      dtmfPayloadType: 97,
      remote: { host: '127.0.0.7', port: 6000 },
      direction: 'sendonly',
    });
    const lines = agreed ? answer(local, session, agreed).split('\r\n') : [];
    expect(lines).toContain('m=video 0 RTP/AVP 99');
    expect(lines).toContain('m=audio 4444 RTP/AVP 8 97');
    expect(lines).toContain('a=recvonly');
  });

  it('without a codec that we speak there is no agreement', () => {
    expect(agree(parseSdp('v=0\r\nm=audio 6000 RTP/AVP 18\r\n'), 'PCMU')).toBeUndefined();
  });
});
