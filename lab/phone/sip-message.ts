/**
 * SIP messages as text and as values (RFC 3261): parse, build, read headers. It knows the grammar only as far as a
 * softphone on a test bench needs it, and must never guess: what is no SIP message is refused by SipSyntaxError.
 */

export type SipHeader = readonly [name: string, value: string];

export interface SipRequest {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly SipHeader[];
  readonly body: string;
}

export interface SipResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly SipHeader[];
  readonly body: string;
}

export type SipMessage = SipRequest | SipResponse;

export class SipSyntaxError extends Error {
  override readonly name = 'SipSyntaxError';
}

const LONG_NAMES: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
  s: 'subject',
  k: 'supported',
  e: 'content-encoding',
};

const CSEQ = /^(\d+)\s+([A-Z]+)$/;

function canonical(name: string): string {
  const lower = name.trim().toLowerCase();
  return LONG_NAMES[lower] ?? lower;
}

/** Parses one datagram. Throws SipSyntaxError when it is no SIP message. */
export function parseSip(text: string): SipMessage {
  const split = text.indexOf('\r\n\r\n');
  const head = split < 0 ? text : text.slice(0, split);
  const body = split < 0 ? '' : text.slice(split + 4);
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  const first = lines[0] ?? '';
  const headers: SipHeader[] = [];
  for (const line of lines.slice(1)) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon < 1) throw new SipSyntaxError(`header without a colon: ${line}`);
    headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  if (!headers.some(([name]) => canonical(name) === 'call-id')) throw new SipSyntaxError(`no Call-ID: ${first}`);
  if (!headers.some((one) => canonical(one[0]) === 'cseq' && CSEQ.test(one[1]))) {
    throw new SipSyntaxError(`no CSeq: ${first}`);
  }
  const status = /^SIP\/2\.0 (\d{3}) ?(.*)$/.exec(first);
  if (status) return { kind: 'response', status: Number(status[1]), reason: status[2] ?? '', headers, body };
  const request = /^([A-Z]+) (\S+) SIP\/2\.0$/.exec(first);
  if (request) return { kind: 'request', method: request[1] ?? '', uri: request[2] ?? '', headers, body };
  throw new SipSyntaxError(`neither request nor response: ${first.slice(0, 80)}`);
}

export function firstLine(message: SipMessage): string {
  return message.kind === 'request'
    ? `${message.method} ${message.uri} SIP/2.0`
    : `SIP/2.0 ${message.status} ${message.reason}`;
}

/** Writes the message with a right Content-Length. */
export function formatSip(message: SipMessage): string {
  const lines = [firstLine(message)];
  for (const [name, value] of message.headers) {
    if (canonical(name) !== 'content-length') lines.push(`${name}: ${value}`);
  }
  lines.push(`Content-Length: ${Buffer.byteLength(message.body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${message.body}`;
}

/** The first header of that name, or '' when there is none. */
export function header(message: SipMessage, name: string): string {
  const wanted = canonical(name);
  return message.headers.find(([key]) => canonical(key) === wanted)?.[1] ?? '';
}

export function headers(message: SipMessage, name: string): string[] {
  const wanted = canonical(name);
  return message.headers.filter(([key]) => canonical(key) === wanted).map(([, value]) => value);
}

/** The message without any header of these names. */
export function without(list: readonly SipHeader[], ...names: string[]): SipHeader[] {
  const dropped = new Set(names.map(canonical));
  return list.filter(([key]) => !dropped.has(canonical(key)));
}

/** The CSeq header; throws SipSyntaxError when it is broken. */
export function cseq(message: SipMessage): { readonly number: number; readonly method: string } {
  const found = CSEQ.exec(header(message, 'cseq'));
  if (!found) throw new SipSyntaxError(`no CSeq in ${firstLine(message)}`);
  return { number: Number(found[1]), method: found[2] ?? '' };
}

/** The branch of the topmost Via, '' when there is none. */
export function branch(message: SipMessage): string {
  return /;\s*branch=([^;,\s]+)/i.exec(header(message, 'via'))?.[1] ?? '';
}
