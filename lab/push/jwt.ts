/** Reads a signed JWT as the push services do: form, algorithm, signature. What it claims is for the caller to judge. */
import { type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';

const part = z.record(z.string(), z.unknown());

export interface SignedClaims {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Undefined where the token is not one, or not signed with this key. */
export function readJwt(token: string, algorithm: 'RS256' | 'ES256', key: KeyObject): SignedClaims | undefined {
  const [head = '', body = '', signature = '', ...rest] = token.split('.');
  if (rest.length > 0) return undefined;
  const header = json(head);
  const claims = json(body);
  if (header?.alg !== algorithm || claims === undefined) return undefined;
  const sealed = verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  return sealed ? { header, claims } : undefined;
}

function json(text: string): Record<string, unknown> | undefined {
  try {
    return part.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString())).data;
  } catch {
    return undefined;
  }
}
