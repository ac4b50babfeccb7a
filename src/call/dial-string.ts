/**
 * How a contact is dialled, and what a dialplan's own Dial is to be given. A phone chooses its contact's address by itself, and what Asterisk reads
 * between tells several destinations, options and accounts apart by `&`, `,` and brackets: so an address either is a SIP URI, and is dialled as
 * exactly one destination, or is left out. The dialplan has the same rule, in its context xivo-mapp-contacts. Pure.
 */

import type { Contact } from './ports.ts';

/** The characters of which RFC 3261 makes a SIP URI, and no more of them than Asterisk keeps. */
const SIP_URI = /^sips?:[\w.!~*'()&=+$,;?/:%@[\]-]{1,600}$/;

/**
 * What Dial, an AGI's Dial and Asterisk's list of accounts take for more than an address. `$` is what a dialplan would evaluate. An IPv6 host keeps
 * its bracket.
 */
const READ_BETWEEN = /[&,()$]|(?<!^sips?:|@)\[/g;

/** What every version of Asterisk takes from an AGI, with room for the rest of the command. */
const LONGEST = 1_800;

/**
 * The address as it is to be dialled: Asterisk undoes the escapes, so that the phone gets the address that it has registered. Undefined where it is
 * none that can be dialled as one destination.
 */
export function addressOf({ uri }: Contact): string | undefined {
  if (!SIP_URI.test(uri)) return undefined;
  return uri.replace(READ_BETWEEN, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * `PJSIP/name/sip:…&PJSIP/other/sip:…`, or '' where nobody is registered. Where there are too many, each endpoint is given by its name alone:
 * Asterisk then dials the first of its contacts.
 */
export function dialString(endpoints: readonly string[], contacts: readonly Contact[]): string {
  const whole = [...new Set(endpoints)].flatMap((endpoint) =>
    contacts.flatMap((contact) => {
      const address = contact.endpoint === endpoint ? addressOf(contact) : undefined;
      return address === undefined ? [] : [{ endpoint, address }];
    }),
  );
  const dialled = whole.map(({ endpoint, address }) => `${endpoint}/${address}`).join('&');
  return dialled.length <= LONGEST ? dialled : [...new Set(whole.map(({ endpoint }) => endpoint))].join('&');
}
