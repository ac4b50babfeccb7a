/**
 * What push services may answer, drawn: their own answers with things wrong, pages of others, broken connections; and what of it says, in a service's own words, that a message is
 * taken or a token dead.
 */
import fc from 'fast-check';
import type { Device } from '../../src/call/ports.ts';
import { damagedBytes, jsonBytes, readable } from './inputs.ts';
import { strangeText } from './strange.ts';
import type { StrangeAnswer } from './strange-services.ts';

const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
export const googleError = (status: string, errorCode: string) => ({
  error: { code: 404, message: 'no', status, details: [{ '@type': FCM_ERROR, errorCode }] },
});
const word = fc.string({ unit: fc.constantFrom(...'ABCXYZ_'), minLength: 1, maxLength: 8 });
const anyError = word.chain((code) => jsonBytes(googleError(code, code), { reason: `A${code.toLowerCase()}` }));
const bodies = fc.oneof(
  {
    weight: 8,
    arbitrary: jsonBytes(
      { name: 'projects/fuzz/messages/0:1714' },
      googleError('NOT_FOUND', 'UNREGISTERED'),
      googleError('UNAVAILABLE', 'UNAVAILABLE'),
      { error: { status: 'UNAUTHENTICATED' } },
    ),
  },
  {
    weight: 8,
    arbitrary: jsonBytes(
      { reason: 'Unregistered', timestamp: 1_714_521_600_000 },
      { reason: 'BadDeviceToken' },
      { reason: 'ExpiredProviderToken' },
      { reason: 'TooManyRequests' },
    ),
  },
  { weight: 2, arbitrary: anyError },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '<html>410 Gone</html>', 'null', '""').map((page) => readable(Buffer.from(page))),
  },
);
const inHeader = (text: string): string =>
  text
    .replace(/[^ -~]/g, '?')
    .slice(0, 200)
    .trim();
const headers = fc.record(
  {
    'retry-after': fc.oneof(
      fc.constantFrom('0', '-1', '1', '99999999999', '0x1', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Infinity', '1e3'),
      strangeText.map(inHeader),
    ),
    'content-type': fc.constantFrom('application/json', 'text/html', 'application/json; charset=utf-7', ''),
    'apns-id': strangeText.map(inHeader),
  },
  { requiredKeys: [] },
);
const STATUSES = [
  200, 200, 200, 201, 204, 301, 307, 400, 401, 403, 404, 404, 405, 408, 410, 410, 413, 429, 500, 503, 599,
];
const rawAnswer = damagedBytes(
  fc
    .constantFrom(
      'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"name":"projects/fuzz/messages/0:1"}',
      'HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    )
    .map((text) => readable(Buffer.from(text))),
);
export const answers: fc.Arbitrary<StrangeAnswer> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      status: fc.constantFrom(...STATUSES),
      headers,
      body: bodies,
      how: fc.constant('whole' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      status: fc.constant(0),
      headers: fc.constant({}),
      body: rawAnswer,
      how: fc.constantFrom('raw' as const, 'end' as const),
    }),
  },
);

export function parsed(body: Buffer): unknown {
  try {
    // As the libraries do, without a mark of the byte order.
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
/** A member of a member. */
export const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce(
    (inside, name) =>
      typeof inside === 'object' && inside !== null ? Object.getOwnPropertyDescriptor(inside, name)?.value : undefined,
    value,
  );

/** Whether a service has said, in its own words, that it has taken the message. */
export function isTaken(platform: Device['platform'], { status, body }: StrangeAnswer): boolean {
  // Of 201 and 204, which APNs does not answer to a push, the library says the same as of 200.
  if (platform === 'ios') return [200, 201, 204].includes(status);
  const name = at(parsed(body), 'name');
  return status >= 200 && status < 300 && typeof name === 'string' && /^projects\/[^/\s]+\/messages\/\S+$/.test(name);
}

/** Whether a service has said, in its own words, that the token is no more. */
export function isDead(platform: Device['platform'], { status, body }: StrangeAnswer): boolean {
  if (platform === 'ios')
    return status === 410 && ['Unregistered', 'ExpiredToken'].includes(String(at(parsed(body), 'reason')));
  const error = at(parsed(body), 'error');
  const details = at(error, 'details');
  const codes = (Array.isArray(details) ? details : [])
    .filter((detail) => String(at(detail, '@type')).endsWith('FcmError'))
    .map((detail) => at(detail, 'errorCode'));
  return status >= 400 && status < 500 && (codes.includes('UNREGISTERED') || at(error, 'status') === 'UNREGISTERED');
}
