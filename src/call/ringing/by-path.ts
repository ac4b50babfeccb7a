/**
 * The Path by which a registration has come (RFC 3327): the proxies, in their order, by way of which its phone is called. Asterisk keeps it with the
 * contact, but goes that way by itself only for some of the addresses that it is told to dial; to the others the way is given with the address. Pure.
 */

/** One proxy of a Path, with the characters that a SIP header has there. */
const HOP = /<sips?:[\w.!~*'()&=+$,;?/:%@[\]-]+>/g;
/** What need not be escaped in a header of an address, and what nobody reads between. */
const PLAIN = /[^\w.!~*'/?:+-]/g;

/** Whether an AOR keeps the Path of its registrations, by what Asterisk says of its `support_path`. */
export function keepsPath(supportPath = ''): boolean {
  return /^(yes|true|on|1)$/i.test(supportPath);
}

/** The Path that must be given with a contact's address, where there is one that Asterisk does not go by itself. */
export function wayOf(of: { path: string; uri: string; aor: string; version: string }): { readonly path?: string } {
  return of.path === '' || goesByItself(of.uri, of.aor, of.version) ? {} : { path: of.path };
}

/**
 * Whether an Asterisk of that version (`ASTERISK_VERSION_NUM`, as 221001) that dials this address goes by its Path without being told: newer ones do
 * where the address's user is the name of an AOR.
 */
function goesByItself(uri: string, aor: string, version: string): boolean {
  const number = Number(version);
  const looks = number >= 210_400 || (number >= 200_900 && number < 210_000) || (number >= 182_400 && number < 190_000);
  return looks && /^sips?:([^:@]*)(?::[^@]*)?@/.exec(uri)?.[1] === aor;
}

/** Each proxy as a header of an address; undefined where it is no list of proxies. */
export function routesOf(path: string): string[] | undefined {
  const hops = path.match(HOP) ?? [];
  if (hops.length === 0 || path.replace(HOP, '').replace(/[\s,]/g, '') !== '') return undefined;
  return hops.map((hop) => `Route=${hop.replace(PLAIN, escaped)}`);
}

export function escaped(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
}
