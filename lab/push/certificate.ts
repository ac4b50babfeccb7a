/**
 * A certificate authority for loopback, made at run time with node:crypto alone, for a fresh machine may have no openssl. It writes just enough
 * X.509 in DER: a self-signed authority and one server certificate for localhost. It must never be used beyond the lab.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export interface LoopbackCertificates {
  /** PEM: what a client must trust. */
  readonly ca: string;
  /** PEM: the server's certificate and its key. */
  readonly cert: string;
  readonly key: string;
}

const dayMs = 86_400_000;
const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));

/** @param names what the server's certificate is valid for, besides 127.0.0.1 and ::1 */
export function makeCertificates(names: readonly string[] = ['localhost']): LoopbackCertificates {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authorityName = 'xivo-mapp lab authority';
  const alternatives = sequence(
    ...names.map((name) => tlv(0x82, Buffer.from(name))),
    tlv(0x87, Buffer.from([127, 0, 0, 1])),
    tlv(0x87, Buffer.from([...Array(15).fill(0), 1])),
  );
  const ca = certificate(authorityName, authority.publicKey, authorityName, authority.privateKey, [
    // CA: true; may sign certificates.
    extension('551d13', sequence(tlv(0x01, Buffer.from([0xff]))), true),
    extension('551d0f', bits(0x06, 1), true),
  ]);
  const cert = certificate('localhost', server.publicKey, authorityName, authority.privateKey, [
    extension('551d13', sequence(), true),
    extension('551d0f', bits(0x80, 7), true),
    // For TLS servers.
    extension('551d25', sequence(objectId('2b06010505070301')), false),
    extension('551d11', alternatives, false),
  ]);
  return { ca, cert, key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function certificate(
  subject: string,
  publicKey: KeyObject,
  issuer: string,
  issuerKey: KeyObject,
  extensions: readonly Buffer[],
): string {
  const body = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    commonName(issuer),
    sequence(time(Date.now() - dayMs), time(Date.now() + 30 * dayMs)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  );
  const der = sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, issuerKey)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** One DER element. */
function tlv(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function objectId(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'));
}

function integer(bytes: Uint8Array): Buffer {
  return tlv(0x02, bytes);
}

function bitString(bytes: Uint8Array): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

/** A bit string of one byte. */
function bits(byte: number, unused: number): Buffer {
  return tlv(0x03, Buffer.from([unused, byte]));
}

function commonName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(objectId('550403'), tlv(0x0c, Buffer.from(name)))));
}

function time(ms: number): Buffer {
  // Two digits of the year, as X.509 wants it until 2049.
  const digits = new Date(ms)
    .toISOString()
    .slice(2)
    .replace(/[-:T]|\.\d+/g, '');
  return tlv(0x17, Buffer.from(digits));
}

function extension(idHex: string, value: Uint8Array, critical: boolean): Buffer {
  const flag = critical ? [tlv(0x01, Buffer.from([0xff]))] : [];
  return sequence(objectId(idHex), ...flag, tlv(0x04, value));
}
