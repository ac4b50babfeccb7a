/**
 * Fresh told from stale: what is known of an endpoint's registrations, and whether a contact seen now is news.
 * A registration is news when its address is new, when the expiry of a known address has moved, be it to an earlier time, or when it is announced
 * anew. Pure.
 */

import type { Contact } from './ports.ts';

interface Sighting {
  contact: Contact;
  /** Every expiry that it was seen with. One that is seen again comes from an answer that was overtaken by a later one. */
  readonly expiriesSec: Set<number>;
}

export class Sightings {
  private readonly seen = new Map<string, Sighting>();

  constructor(known: readonly Contact[]) {
    for (const contact of known) this.isNews(contact);
  }

  /** All contacts of these endpoints as last seen. */
  of(endpoints: readonly string[]): readonly Contact[] {
    return [...this.seen.values()].map(({ contact }) => contact).filter(({ endpoint }) => endpoints.includes(endpoint));
  }

  /** Takes in a contact seen now; true when it is a registration newer than what was known. */
  isNews(contact: Contact): boolean {
    const { expiresAtSec } = contact;
    const before = this.seen.get(key(contact));
    if (before === undefined) {
      this.seen.set(key(contact), { contact, expiriesSec: new Set(expiresAtSec === undefined ? [] : [expiresAtSec]) });
      return true;
    }
    // Announced anew at an address that is known: it was gone meanwhile.
    if (expiresAtSec === undefined) return true;
    if (before.expiriesSec.has(expiresAtSec)) return false;
    before.contact = contact;
    before.expiriesSec.add(expiresAtSec);
    return true;
  }
}

function key(contact: Contact): string {
  return `${contact.endpoint} ${contact.uri}`;
}
