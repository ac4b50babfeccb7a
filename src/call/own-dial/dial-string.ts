/**
 * How a contact is dialled, and what a dialplan's own Dial is to be given. A phone chooses its contact's address by itself, and what Asterisk reads
 * between tells several destinations, options and accounts apart by `&`, `,` and brackets: so an address either is a SIP URI, and is dialled as
 * exactly one destination, or is not given to Asterisk at all. Where it is the endpoint's only contact, the endpoint's name alone then does, for Asterisk
 * finds the address by itself. The dialplan has the same rule, in its context xivo-mapp-contacts. Pure.
 */

import type { Contact } from '../ports.ts';
import { escaped, routesOf } from '../ringing/by-path.ts';
import { newestFirst } from '../ringing/contact-address.ts';

/** Who reads the address: a Dial, or an order for one leg, which is no list of destinations. */
export type Reader = 'dial' | 'order';

/** The characters of which RFC 3261 makes a SIP URI. */
const SIP_URI = /^sips?:[\w.!~*'()&=+$,;?/:%@[\]-]+$/;
/** Its headers, which begin behind the host. */
const HEADERS = /^(sips?:(?:[^@]*@)?[^@?]*)\?.*$/;

/** Asterisk dials no address that is longer, escapes and Path included, be it by the endpoint's name. */
const LONGEST_ADDRESS = 509;

/**
 * What they take for more than an address: Dial, an AGI's Dial and Asterisk's list of accounts; of an order that list alone. `$` is what a dialplan
 * would evaluate. An IPv6 host keeps its bracket.
 */
const READ_BETWEEN = { dial: /[&,()$]|(?<!^sips?:|@)\[/g, order: /,/g } as const;

/** What every version of Asterisk keeps in one variable, with room for the rest. */
const LONGEST = 3_800;

/**
 * The address as it is to be dialled: Asterisk undoes the escapes, so that the phone gets the address that it has registered. Undefined where it is
 * none that can be dialled as one destination.
 */
export function addressOf({ uri, path }: Contact, reader: Reader): string | undefined {
  if (!SIP_URI.test(uri)) return undefined;
  const routes = path === undefined ? [] : routesOf(path);
  // A Dial would take what stands between two of them for the end of a destination.
  if (routes === undefined || (reader === 'dial' && routes.length > 1)) return undefined;
  const bare = routes.length === 0 ? uri : uri.replace(HEADERS, '$1');
  const address = [bare.replace(READ_BETWEEN[reader], escaped), routes.join('&')]
    .filter((part) => part !== '')
    .join('?');
  return address.length <= LONGEST_ADDRESS ? address : undefined;
}

/** What a Dial is given for each of these contacts of one endpoint; undefined for one that it cannot be given. */
function destinationOf(contact: Contact, all: readonly Contact[]): string | undefined {
  const { endpoint } = contact;
  const address = addressOf(contact, 'dial');
  if (address !== undefined) return `${endpoint}/${address}`;
  return all.filter((other) => other.endpoint === endpoint).length === 1 ? endpoint : undefined;
}

/** Those that a Dial cannot be given. */
export function leftOutOf(contacts: readonly Contact[]): readonly Contact[] {
  return contacts.filter((contact) => destinationOf(contact, contacts) === undefined);
}

/** Why its address alone could not be dialled, for whoever asks why a phone did not ring. */
export function faultOf({ uri }: Contact): string {
  return SIP_URI.test(uri)
    ? 'the address that it has registered is longer, with its Path, than Asterisk dials'
    : 'the address that it has registered is no SIP URI';
}

/**
 * `PJSIP/name/sip:…&PJSIP/other/sip:…`, or '' where nobody is registered. Where there are too many, those that have registered last.
 */
export function dialString(endpoints: readonly string[], contacts: readonly Contact[]): string {
  const whole = [...new Set(endpoints)].flatMap((endpoint) =>
    contacts.flatMap((contact) => {
      const destination = contact.endpoint === endpoint ? destinationOf(contact, contacts) : undefined;
      return destination === undefined ? [] : [{ contact, destination }];
    }),
  );
  let room = LONGEST;
  const fitting = new Set<string>();
  for (const { destination } of whole.toSorted((a, b) => newestFirst(a.contact, b.contact))) {
    room -= destination.length + 1;
    if (room >= 0) fitting.add(destination);
  }
  const dialled = whole.map(({ destination }) => destination).filter((destination) => fitting.has(destination));
  return [...new Set(dialled)].join('&');
}
