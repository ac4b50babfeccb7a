/**
 * Which registrations are one phone's. A phone that registers again, from another port, is the same phone: it must not be called twice, and what it has said once it has
 * said for all of its addresses. It is known by what Asterisk's look at a contact tells of it: by its registration, or, where the user has one mobile only, by its make,
 * which another phone could share. There, of a contact that was gone before anybody looked, user and host must do: whoever registers from there then has taken its
 * place. Pure.
 */

import type { Contact, PhoneMark } from './ports.ts';

export type Address = Pick<Contact, 'endpoint' | 'uri'>;

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

  lost(contact: Address): void {
    if (this.marks?.has(keyOf(contact)) !== true) this.keep(contact, 'gone');
  }

  isKnown(contact: Address): boolean {
    const known = this.marks?.get(keyOf(contact));
    return known !== undefined && known !== 'gone';
  }

  /** It was removed before its phone was known. */
  isLost(contact: Address): boolean {
    return this.marks?.get(keyOf(contact)) === 'gone';
  }

  areSame(one: Address, other: Address): boolean {
    if (one.endpoint !== other.endpoint) return false;
    if (one.uri === other.uri) return true;
    // One that has changed networks is not there any more, where it was called.
    if (withoutPort(one.uri) !== withoutPort(other.uri)) return false;
    const [mark, otherMark] = [this.marks?.get(keyOf(one)), this.marks?.get(keyOf(other))];
    const isOfOne = this.ofOne.includes(one.endpoint);
    if (mark === 'gone' || otherMark === 'gone') return isOfOne;
    if (mark === undefined || otherMark === undefined) return false;
    return mark.registration === otherMark.registration || (isOfOne && mark.make === otherMark.make);
  }

  /** One phone that has not been started anew between the two: what rings at one of them it still knows of. */
  areOneLife(one: Address, other: Address): boolean {
    if (one.endpoint !== other.endpoint) return false;
    const [mark, otherMark] = [this.marks?.get(keyOf(one)), this.marks?.get(keyOf(other))];
    const areKnown = typeof mark === 'object' && typeof otherMark === 'object';
    return one.uri === other.uri || (areKnown && mark.registration === otherMark.registration);
  }

  /** One address of each phone among these. */
  among<T extends Address>(addresses: readonly T[]): readonly T[] {
    return addresses.filter((one, index) => addresses.findIndex((other) => this.areSame(one, other)) === index);
  }

  private keep(contact: Address, what: Known): void {
    this.marks ??= new Map();
    this.marks.set(keyOf(contact), what);
  }
}

function withoutPort(uri: string): string | undefined {
  return USER_AND_HOST.exec(uri)?.[0].toLowerCase();
}

function keyOf({ endpoint, uri }: Address): string {
  return `${endpoint} ${uri}`;
}
