/**
 * What the call needs to know of its callee's registrations: which there are, which phone each is of, and what becomes of them. Imported by way of
 * ports.ts. This file must never name a protocol, a library or an Asterisk request, but for the address that a phone has chosen by itself.
 */

/** One registration of an endpoint. */
export interface ContactAddress {
  /** Endpoint with its technology: `PJSIP/name`. */
  readonly endpoint: string;
  /** The contact's SIP URI. It tells one registration of an endpoint from another. */
  readonly uri: string;
}

export interface Contact extends ContactAddress {
  /** When it expires, in seconds since 1970 as Asterisk keeps it; undefined where a contact was announced as new and nobody has looked yet. */
  readonly expiresAtSec: number | undefined;
  /** By what its phone can be told from others; absent where nobody has looked. */
  readonly phone?: PhoneMark | undefined;
  /** The Path by which its phone is called, where Asterisk does not go that way by itself. */
  readonly path?: string;
}

/** A watch over the registrations of some endpoints. */
export interface Watch {
  /** Looks once more now; what is new is reported through onContact before this resolves. */
  lookAgain(): Promise<void>;
  /** Looks at once: somebody waits for what it finds. */
  lookNow(): Promise<void>;
  close(): Promise<void>;
}

export interface PhoneMark {
  /** The same for all registrations of a phone until it restarts, as its Call-ID is; and of no other phone. */
  readonly registration: string;
  /** What it keeps when it restarts, and other phones may have as well: its user agent, and the address that it has at home. */
  readonly make: string;
}

export interface ContactListener {
  /** It has appeared, or its expiry has moved. */
  readonly onContact: (contact: Contact) => void;
  /** It is known now which phone it is that has appeared. */
  readonly onPhone: (contact: Contact) => void;
  readonly onGone: (contact: ContactAddress) => void;
}

export interface Registrations {
  /**
   * Reports, to the listener, each contact of these endpoints that appears or whose expiry moves after `known` was read, each such change at least once.
   * Tells of a contact that has been removed, as far as Asterisk says so; one that comes back is told of anew.
   * Resolves when nothing can be missed any more: the subscription stands, and a look after it has been compared with `known`.
   * @param throughChannelId a channel in Asterisk through which questions can be put
   */
  watch(
    endpoints: readonly string[],
    known: readonly Contact[],
    throughChannelId: string,
    listener: ContactListener,
  ): Promise<Watch>;
}
