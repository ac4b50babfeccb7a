/**
 * What a dialplan's own Dial is to be given: the registered contacts of some endpoints, joined as Dial wants them. A phone chooses its contact's address by itself:
 * nothing in it may end up as an argument, an option or a channel of Dial's. Pure.
 */

import type { Contact } from './ports.ts';

/** Neither `&` nor `,` nor anything else that Dial or the dialplan takes for more than an address. */
const PLAIN_ADDRESS = /^sips?:[\w.!~*+=%@:;[\]-]{1,400}$/i;

/** What every version of Asterisk takes from an AGI, with room for the rest of the command. */
const LONGEST = 1_800;

/**
 * `PJSIP/name/sip:…&PJSIP/other/sip:…`, or '' where nobody is registered. An endpoint with an address that cannot stand there, or with too many of them, is given by its
 * name alone: Asterisk then dials the first of its contacts.
 */
export function dialString(endpoints: readonly string[], contacts: readonly Contact[]): string {
  const registered = [...new Set(endpoints)].flatMap((endpoint) => {
    const addresses = contacts.filter((contact) => contact.endpoint === endpoint).map(({ uri }) => uri);
    return addresses.length === 0 ? [] : [{ endpoint, addresses }];
  });
  const whole = registered
    .flatMap(({ endpoint, addresses }) =>
      addresses.every((uri) => PLAIN_ADDRESS.test(uri)) ? addresses.map((uri) => `${endpoint}/${uri}`) : [endpoint],
    )
    .join('&');
  return whole.length <= LONGEST ? whole : registered.map(({ endpoint }) => endpoint).join('&');
}
