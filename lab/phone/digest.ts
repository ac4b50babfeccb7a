/**
 * Digest authentication of a phone (RFC 7616, RFC 8760): reads a challenge, answers it, and keeps the nonce for the
 * next request. MD5 and SHA-256, with qop=auth or without, as Asterisk 16 to 22 ask for. It must never send a password.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { SipHeader, SipResponse } from './sip-message.ts';
import { headers } from './sip-message.ts';

export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: 'MD5' | 'SHA-256';
  readonly algorithmAsSent: string | undefined;
  readonly qopAuth: boolean;
  readonly proxy: boolean;
}

/** Parses one WWW-Authenticate or Proxy-Authenticate value; undefined when it is none that we can answer. */
export function parseChallenge(value: string, proxy: boolean): Challenge | undefined {
  if (!/^digest\s/i.test(value)) return undefined;
  const fields = new Map<string, string>();
  for (const found of value.slice(7).matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi)) {
    fields.set((found[1] ?? '').toLowerCase(), found[2] ?? found[3] ?? '');
  }
  const algorithmAsSent = fields.get('algorithm');
  const algorithm = (algorithmAsSent ?? 'MD5').toUpperCase();
  const nonce = fields.get('nonce');
  if ((algorithm !== 'MD5' && algorithm !== 'SHA-256') || nonce === undefined) return undefined;
  const qopAuth = (fields.get('qop') ?? '').split(',').some((one) => one.trim().toLowerCase() === 'auth');
  const opaque = fields.get('opaque');
  return { realm: fields.get('realm') ?? '', nonce, opaque, algorithm, algorithmAsSent, qopAuth, proxy };
}

/** The first challenge of a 401 or 407 that we can answer. */
export function challengeIn(response: SipResponse): Challenge | undefined {
  const proxy = response.status === 407;
  for (const value of headers(response, proxy ? 'proxy-authenticate' : 'www-authenticate')) {
    const challenge = parseChallenge(value, proxy);
    if (challenge) return challenge;
  }
  return undefined;
}

export interface DigestInput {
  readonly challenge: Challenge;
  readonly username: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly cnonce: string;
  /** How often this nonce has been used, this time included. */
  readonly nonceCount: number;
}

/** The value of an Authorization or Proxy-Authorization header. */
export function authorization(input: DigestInput): string {
  const { challenge, username, method, uri, cnonce } = input;
  const hash = (text: string) =>
    createHash(challenge.algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const nc = input.nonceCount.toString(16).padStart(8, '0');
  const ha1 = hash(`${username}:${challenge.realm}:${input.password}`);
  const ha2 = hash(`${method}:${uri}`);
  const middle = challenge.qopAuth ? `${nc}:${cnonce}:auth:` : '';
  const response = hash(`${ha1}:${challenge.nonce}:${middle}${ha2}`);
  const parts = [
    `username="${username}"`,
    `realm="${challenge.realm}"`,
    `nonce="${challenge.nonce}"`,
    `uri="${uri}"`,
    `response="${response}"`,
  ];
  if (challenge.algorithmAsSent !== undefined) parts.push(`algorithm=${challenge.algorithmAsSent}`);
  if (challenge.opaque !== undefined) parts.push(`opaque="${challenge.opaque}"`);
  if (challenge.qopAuth) parts.push('qop=auth', `nc=${nc}`, `cnonce="${cnonce}"`);
  return `Digest ${parts.join(', ')}`;
}

/** One phone's login: remembers the last challenge, so that the next request need not be challenged again. */
export class Credentials {
  readonly username: string;
  readonly #password: string;
  #challenge: Challenge | undefined;
  #uses = 0;

  constructor(username: string, password: string) {
    this.username = username;
    this.#password = password;
  }

  learn(challenge: Challenge): void {
    this.#challenge = challenge;
    this.#uses = 0;
  }

  forget(): void {
    this.#challenge = undefined;
  }

  /** The header that answers the last challenge, or undefined when there was none yet. */
  headerFor(method: string, uri: string): SipHeader | undefined {
    const challenge = this.#challenge;
    if (!challenge) return undefined;
    this.#uses += 1;
    const value = authorization({
      challenge,
      username: this.username,
      password: this.#password,
      method,
      uri,
      cnonce: randomBytes(8).toString('hex'),
      nonceCount: this.#uses,
    });
    return [challenge.proxy ? 'Proxy-Authorization' : 'Authorization', value];
  }
}
