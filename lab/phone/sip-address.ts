/**
 * Names, numbers and URIs in SIP headers: `"Marie" <sip:0123@host:port>;tag=x`. It reads what From, To, Contact,
 * P-Asserted-Identity and Remote-Party-ID carry, and must never fail on an odd one: a phone shows what it can.
 */
import type { SipMessage } from './sip-message.ts';
import { header } from './sip-message.ts';

export interface Party {
  readonly name: string;
  readonly number: string;
}

export interface SipAddress extends Party {
  readonly uri: string;
  readonly tag: string;
}

export interface UdpAddress {
  readonly host: string;
  readonly port: number;
}

export function parseAddress(value: string): SipAddress {
  const bracketed = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<([^>]*)>(.*)$/s.exec(value);
  const uri = bracketed ? (bracketed[3] ?? '') : (value.split(';')[0] ?? '').trim();
  const rest = bracketed ? (bracketed[4] ?? '') : value;
  const name = (bracketed?.[1] ?? bracketed?.[2] ?? '').replace(/\\(.)/g, '$1');
  return { name, number: userOf(uri), uri, tag: /;\s*tag=([^;,\s]+)/i.exec(rest)?.[1] ?? '' };
}

/** The user part of a SIP or tel URI. */
function userOf(uri: string): string {
  const found = /^(?:sips?|tel):([^@;]+)/i.exec(uri);
  if (!found || (!uri.includes('@') && !/^tel:/i.test(uri))) return '';
  return decodeURIComponentSafely(found[1] ?? '');
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** Who the message says is at the other end, header by header; a header that is absent is undefined. */
export function partyIn(message: SipMessage, name: string): Party | undefined {
  const value = header(message, name);
  if (value === '') return undefined;
  const address = parseAddress(value);
  return { name: address.name, number: address.number };
}

/** The identity that a phone trusts most: P-Asserted-Identity, else Remote-Party-ID. */
export function assertedParty(message: SipMessage): Party | undefined {
  return partyIn(message, 'p-asserted-identity') ?? partyIn(message, 'remote-party-id');
}

/** `"name" <uri>`, or `<uri>` when there is no name. */
export function formatAddress(name: string, uri: string): string {
  return name === '' ? `<${uri}>` : `"${name.replace(/(["\\])/g, '\\$1')}" <${uri}>`;
}
