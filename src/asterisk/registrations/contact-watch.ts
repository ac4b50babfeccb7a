/**
 * One watch over the contacts of some endpoints: what it has seen, and what is news to it. A contact is news when its URI was not there, or its
 * expiry has moved; one that was removed and comes back is news again. Says the same thing twice rather than not at all; that a contact is gone only
 * where Asterisk has said so.
 */

import type { Contact, ContactListener } from '../../call/ports.ts';
import { addressKey } from '../../call/ringing/contact-address.ts';
import type { FoundContact } from './contacts.ts';

interface Seen {
  readonly endpoint: string;
  expiresAtSec: number | undefined;
  /** The id by which its expiry can be asked for, once a look has found it. */
  contactId: string | undefined;
  /** After how many announcements it was announced: a look that began before does not know of it. */
  readonly announcement: number;
}

export class ContactWatch {
  readonly endpoints: readonly string[];
  /** Any channel of the call serves. */
  throughChannelId: string;
  private readonly listener: ContactListener;
  private readonly behindPath: ReadonlySet<string>;
  private readonly seen = new Map<string, Seen & { readonly uri: string }>();
  private announcements = 0;
  open = true;
  /** No look has been compared with what was known yet. */
  isUnseen = false;

  constructor(
    endpoints: readonly string[],
    known: readonly Contact[],
    throughChannelId: string,
    listener: ContactListener,
    behindPath: ReadonlySet<string> = new Set(),
  ) {
    this.endpoints = endpoints;
    this.throughChannelId = throughChannelId;
    this.listener = listener;
    this.behindPath = behindPath;
    for (const { endpoint, uri, expiresAtSec } of known) {
      this.seen.set(addressKey({ endpoint, uri }), {
        endpoint,
        uri,
        expiresAtSec,
        contactId: undefined,
        announcement: 0,
      });
    }
  }

  /** Ids of the contacts whose expiry may move silently. */
  contactIds(): string[] {
    return [...this.seen.values()].flatMap(({ contactId }) => (contactId === undefined ? [] : [contactId]));
  }

  /** True while a contact was announced whose expiry nobody has read, or nobody has looked at all: refreshes could not be seen. */
  hasUnread(): boolean {
    return this.isUnseen || [...this.seen.values()].some(({ contactId }) => contactId === undefined);
  }

  /** A contact was announced. True when it must be looked at, for its expiry tells whether it is news, or its Path how it is reached. */
  announced(endpoint: string, uri: string): boolean {
    const key = addressKey({ endpoint, uri });
    if (this.seen.has(key) || this.behindPath.has(endpoint)) return true;
    this.announcements += 1;
    const announcement = this.announcements;
    this.seen.set(key, { endpoint, uri, expiresAtSec: undefined, contactId: undefined, announcement });
    this.say({ endpoint, uri, expiresAtSec: undefined });
    return false;
  }

  removed(endpoint: string, uri: string): void {
    this.forget(addressKey({ endpoint, uri }));
  }

  /** To be said before a look begins; found() is told what it returns. */
  lookBegins(): number {
    return this.announcements;
  }

  /** The look that began then at these endpoints found these contacts. */
  found(contacts: readonly FoundContact[], began: number): void {
    this.isUnseen = false;
    const keys = new Set(contacts.map(addressKey));
    for (const [key, { contactId, announcement }] of this.seen) {
      // Gone before anybody looked: that is told before what has taken its place.
      if (contactId === undefined && announcement <= began && !keys.has(key)) this.forget(key);
    }
    for (const contact of contacts) {
      if (!this.endpoints.includes(contact.endpoint)) continue;
      const { contactId, ...told } = contact;
      const { endpoint, uri, expiresAtSec } = contact;
      const seen = this.seen.get(addressKey(contact));
      const announcement = seen?.announcement ?? 0;
      this.seen.set(addressKey(contact), { endpoint, uri, expiresAtSec, contactId, announcement });
      // One that was announced has been said already; now its expiry is known, and its phone.
      if (seen !== undefined && (seen.expiresAtSec === undefined || seen.expiresAtSec === expiresAtSec)) {
        if (seen.expiresAtSec === undefined && this.open) this.listener.onPhone(told);
      } else this.say(told);
    }
  }

  /** The expiry of one contact was read; undefined where Asterisk no longer has it. True when it must be looked at: its Path may be another. */
  read(contactId: string, expiresAtSec: number | undefined): boolean {
    let mustLook = false;
    for (const [key, seen] of this.seen) {
      if (seen.contactId !== contactId) continue;
      if (expiresAtSec === undefined) this.forget(key);
      else if (seen.expiresAtSec !== expiresAtSec && this.behindPath.has(seen.endpoint)) mustLook = true;
      else if (seen.expiresAtSec !== expiresAtSec) {
        const moved = seen.expiresAtSec !== undefined;
        seen.expiresAtSec = expiresAtSec;
        if (moved) this.say({ endpoint: seen.endpoint, uri: seen.uri, expiresAtSec });
      }
    }
    return mustLook;
  }

  private forget(key: string): void {
    const seen = this.seen.get(key);
    this.seen.delete(key);
    if (seen !== undefined && this.open) this.listener.onGone({ endpoint: seen.endpoint, uri: seen.uri });
  }

  private say(contact: Contact): void {
    if (this.open) this.listener.onContact(contact);
  }
}
