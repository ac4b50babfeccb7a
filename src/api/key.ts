/**
 * Whether a request carries the key. It must never take a time that tells how much of a wrong key was right.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export function keyCheck(apiKey: string): (authorization: string | undefined) => boolean {
  const right = digest(apiKey);
  return (authorization) => {
    const given = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
    return timingSafeEqual(digest(given ?? ''), right) && given !== undefined;
  };
}
