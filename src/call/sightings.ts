/**
 * Fresh told from stale: what is known of an endpoint's registrations, and whether a contact seen now is news.
 * A registration is news when its address is new, or when the expiry of a known address has moved, be it to an earlier time. Pure.
 */

import type { Contact } from './ports.ts';

interface Sighting {
  contact: Contact;
  /** Every expiry that it was seen with. One that is seen again comes from an answer that was overtaken by a later one. */
  readonly expiriesSec: Set<number>;
  /** True from its announcement until somebody has read its expiry, which belongs to the same registration. */
  isUnread: boolean;
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
      const expiriesSec = new Set(expiresAtSec === undefined ? [] : [expiresAtSec]);
      this.seen.set(key(contact), { contact, expiriesSec, isUnread: expiresAtSec === undefined });
      return true;
    }
    if (expiresAtSec === undefined) {
      // Announced anew at an address that is known: it was gone meanwhile. Said again before anybody has looked, it is the same.
      const isNews = !before.isUnread;
      before.isUnread = true;
      return isNews;
    }
    if (before.expiriesSec.has(expiresAtSec)) return false;
    before.contact = contact;
    before.expiriesSec.add(expiresAtSec);
    const isNews = !before.isUnread;
    before.isUnread = false;
    return isNews;
  }
}

function key(contact: Contact): string {
  return `${contact.endpoint} ${contact.uri}`;
}
