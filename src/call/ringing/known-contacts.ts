/**
 * Fresh told from stale: what is known of an endpoint's registrations, and whether a contact seen now is news.
 * A registration is news when its address is new, when the expiry of a known address has moved, be it to an earlier time, or when it is announced
 * after it was gone. Pure.
 */

import type { Contact, ContactAddress } from '../ports.ts';
import { addressKey } from './contact-address.ts';

interface KnownContact {
  contact: Contact;
  /** It is no more. */
  gone: boolean;
  /** Every expiry that it was seen with. One that is seen again comes from an answer that was overtaken by a later one. */
  readonly expiriesSec: Set<number>;
}

export class KnownContacts {
  private readonly seen = new Map<string, KnownContact>();

  constructor(known: readonly Contact[]) {
    for (const contact of known) this.isNews(contact);
  }

  /** All contacts of these endpoints that stand, as last seen. */
  of(endpoints: readonly string[]): readonly Contact[] {
    const standing = [...this.seen.values()].filter(({ gone }) => !gone).map(({ contact }) => contact);
    return standing.filter(({ endpoint }) => endpoints.includes(endpoint));
  }

  /** Takes in a contact seen now; true when it is a registration newer than what was known. */
  isNews(contact: Contact): boolean {
    const { expiresAtSec } = contact;
    const before = this.seen.get(addressKey(contact));
    if (before === undefined) {
      const expiriesSec = new Set(expiresAtSec === undefined ? [] : [expiresAtSec]);
      this.seen.set(addressKey(contact), { contact, gone: false, expiriesSec });
      return true;
    }
    const wasGone = before.gone;
    if (expiresAtSec !== undefined && before.expiriesSec.has(expiresAtSec)) return false;
    before.gone = false;
    // Announced at an address that stands: that is the same announcement once more.
    if (expiresAtSec === undefined) return wasGone;
    before.contact = contact;
    before.expiriesSec.add(expiresAtSec);
    return true;
  }

  /** Takes in that a contact is no more. */
  lost(contact: ContactAddress): void {
    const seen = this.seen.get(addressKey(contact));
    if (seen !== undefined) seen.gone = true;
  }
}
