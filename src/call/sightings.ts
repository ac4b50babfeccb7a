/**
 * Fresh told from stale: what is known of an endpoint's registrations, and whether a contact seen now is news.
 * A registration is news when its address is new, or when the expiry of a known address has moved. Pure.
 */

import type { Contact } from './ports.ts';

export class Sightings {
  private readonly seen = new Map<string, Contact>();

  constructor(known: readonly Contact[]) {
    for (const contact of known) this.seen.set(key(contact), contact);
  }

  /** All contacts of these endpoints as last seen. */
  of(endpoints: readonly string[]): readonly Contact[] {
    return [...this.seen.values()].filter((contact) => endpoints.includes(contact.endpoint));
  }

  /** Takes in a contact seen now; true when it is a registration newer than what was known. */
  isNews(contact: Contact): boolean {
    const before = this.seen.get(key(contact));
    if (before === undefined) {
      this.seen.set(key(contact), contact);
      return true;
    }
    if (contact.expiresAtSec === undefined) return false;
    this.seen.set(key(contact), contact);
    // Announced as new without an expiry, now read for the first time: the same registration, not another.
    return before.expiresAtSec !== undefined && contact.expiresAtSec > before.expiresAtSec;
  }
}

function key(contact: Contact): string {
  return `${contact.endpoint} ${contact.uri}`;
}
