/** A contact's address, by which one registration of an endpoint is told from another; and which of two registrations is the newer. Pure. */

import type { Contact, ContactAddress } from '../ports.ts';

/** For maps and sets: the same for the same address. */
export function addressKey({ endpoint, uri }: ContactAddress): string {
  return `${endpoint} ${uri}`;
}

export function isSameAddress(one: ContactAddress, other: ContactAddress): boolean {
  return addressKey(one) === addressKey(other);
}

/** Those that have registered last come first, as far as their expiry tells; one that was just announced has none yet. */
export function newestFirst(one: Contact, other: Contact): number {
  return untilSec(other) - untilSec(one);
}

function untilSec({ expiresAtSec }: Contact): number {
  return expiresAtSec ?? Number.MAX_SAFE_INTEGER;
}
