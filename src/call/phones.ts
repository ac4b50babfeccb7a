/**
 * Which registrations are one phone's. A phone that registers again, from another port, is the same phone: it must not be called twice, and what it has said once it has
 * said for all of its addresses. It is known by the mark that Asterisk's look at a contact brings. Of a contact that was gone before anybody looked, user and host must do:
 * whoever registers from there then has taken its place. Pure.
 */

import type { Contact } from './ports.ts';

export type Address = Pick<Contact, 'endpoint' | 'uri'>;

type Known = { readonly mark: string } | 'gone';

const NONE: ReadonlyMap<string, Known> = new Map();
const USER_AND_HOST = /^sips?:(?:[^@]*@)?(?:\[[^\]]*\]|[^:;?>]*)/i;

export class Phones {
  /** By address; 'gone' where it was removed before its mark was known. Thousands may wait for phones that sleep: none takes no memory. */
  private marks = NONE;

  learn(contact: Contact): void {
    if (contact.phone !== undefined) this.keep(contact, { mark: contact.phone });
  }

  lost(contact: Address): void {
    if (!this.marks.has(keyOf(contact))) this.keep(contact, 'gone');
  }

  isKnown(contact: Address): boolean {
    return this.markOf(contact) !== undefined;
  }

  areSame(one: Address, other: Address): boolean {
    if (one.endpoint !== other.endpoint) return false;
    if (one.uri === other.uri) return true;
    const mark = this.markOf(one);
    const otherMark = this.markOf(other);
    // Two phones of one make, in two houses, may both be 192.168.1.10 at home.
    if (withoutPort(one.uri) !== withoutPort(other.uri)) return false;
    if (mark !== undefined && otherMark !== undefined) return mark === otherMark;
    return [one, other].some((address) => this.marks.get(keyOf(address)) === 'gone');
  }

  /** One address of each phone among these. */
  among<T extends Address>(addresses: readonly T[]): readonly T[] {
    return addresses.filter((one, index) => addresses.findIndex((other) => this.areSame(one, other)) === index);
  }

  private keep(contact: Address, what: Known): void {
    this.marks = new Map([...this.marks, [keyOf(contact), what]]);
  }

  private markOf(contact: Address): string | undefined {
    const known = this.marks.get(keyOf(contact));
    return known === undefined || known === 'gone' ? undefined : known.mark;
  }
}

function withoutPort(uri: string): string | undefined {
  return USER_AND_HOST.exec(uri)?.[0].toLowerCase();
}

function keyOf({ endpoint, uri }: Address): string {
  return `${endpoint} ${uri}`;
}
