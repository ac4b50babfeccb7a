/**
 * Which registrations are one phone's. A phone that registers again, from another port, is the same phone: it must not be called twice, and what it has
 * said once it has said for all of its addresses. It is known by what Asterisk's look at a contact tells of it: by its registration, or, where the user
 * has one mobile only, by its make, which another phone could share. There, of a contact of which nothing can be told, user and host must do. Pure.
 */

import type { Contact, ContactAddress, PhoneMark } from '../ports.ts';
import { addressKey, isSameAddress } from './contact-address.ts';

type Known = PhoneMark | 'gone';

const USER_AND_HOST = /^sips?:(?:[^@]*@)?(?:\[[^\]]*\]|[^:;?>]*)/i;

export class Phones {
  /** Endpoints of one phone each. */
  private readonly ofOne: readonly string[];
  /** By address; 'gone' where it was removed before its mark was known. Thousands may wait for phones that sleep: none takes no memory. */
  private marks: Map<string, Known> | undefined;

  constructor(ofOne: readonly string[]) {
    this.ofOne = ofOne;
  }

  learn(contact: Contact): void {
    if (contact.phone !== undefined) this.keep(contact, contact.phone);
  }

  lost(contact: ContactAddress): void {
    if (this.marks?.has(addressKey(contact)) !== true) this.keep(contact, 'gone');
  }

  isKnown(contact: ContactAddress): boolean {
    return this.markOf(contact) !== undefined;
  }

  /** It was removed before its phone was known. */
  isLost(contact: ContactAddress): boolean {
    return this.marks?.get(addressKey(contact)) === 'gone';
  }

  areSame(one: ContactAddress, other: ContactAddress): boolean {
    if (isSameAddress(one, other)) return true;
    // One that has changed networks is not there any more, where it was called.
    if (one.endpoint !== other.endpoint || withoutPort(one.uri) !== withoutPort(other.uri)) return false;
    if (this.haveSame('registration', one, other)) return true;
    if (!this.ofOne.includes(one.endpoint)) return false;
    // One that was gone before anybody looked at it, or while somebody did, tells nothing.
    return !this.isKnown(one) || !this.isKnown(other) || this.haveSame('make', one, other);
  }

  /** One phone, as far as is known, that was started anew between the two: what rings at the first of them it does not know of. */
  isStartedAnew(first: ContactAddress, next: ContactAddress): boolean {
    const areKnown = this.isKnown(first) && this.isKnown(next);
    return areKnown && !isSameAddress(first, next) && !this.haveSame('registration', first, next);
  }

  private haveSame(what: keyof PhoneMark, one: ContactAddress, other: ContactAddress): boolean {
    const mark = this.markOf(one)?.[what];
    return mark !== undefined && mark === this.markOf(other)?.[what];
  }

  private markOf(contact: ContactAddress): PhoneMark | undefined {
    const known = this.marks?.get(addressKey(contact));
    return known === 'gone' ? undefined : known;
  }

  /** One address of each phone among these. */
  among<T extends ContactAddress>(addresses: readonly T[]): readonly T[] {
    return addresses.filter((one, index) => addresses.findIndex((other) => this.areSame(one, other)) === index);
  }

  private keep(contact: ContactAddress, what: Known): void {
    this.marks ??= new Map();
    this.marks.set(addressKey(contact), what);
  }
}

function withoutPort(uri: string): string | undefined {
  return USER_AND_HOST.exec(uri)?.[0].toLowerCase();
}
