/**
 * Whose key a request carries, and what it may do. It must never take a time that tells how much of a wrong key was right, or which of several it was
 * compared with.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

export interface ApiKey {
  /** For the log. */
  readonly name: string;
  readonly scope: 'read' | 'write';
  readonly key: string;
}

/** Who asks. */
export type KeyHolder = Pick<ApiKey, 'name' | 'scope'>;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Undefined: a request without a key, or with one that is wrong. */
export function keyCheck(keys: readonly ApiKey[]): (authorization: string | undefined) => KeyHolder | undefined {
  const right = keys.map(({ name, scope, key }) => ({ holder: { name, scope }, digest: digest(key) }));
  return (authorization) => {
    const given = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
    const shown = digest(given ?? '');
    let found: KeyHolder | undefined;
    for (const one of right) if (timingSafeEqual(shown, one.digest)) found = one.holder;
    return given === undefined ? undefined : found;
  };
}

const credentialNames = new Set([
  ...['key', 'apikey', 'xapikey', 'token', 'accesstoken', 'authtoken', 'bearer', 'bearertoken'],
  ...['auth', 'authorization', 'secret', 'password'],
]);

/** Whether a URL's query seems to carry a key: what stands there is written down by proxies, browsers and logs. */
export function looksLikeKey(query: URLSearchParams): boolean {
  return [...query.keys()].some((name) => credentialNames.has(name.toLowerCase().replaceAll(/[^a-z]/g, '')));
}
