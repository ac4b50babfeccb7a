/**
 * The HTTP API, bytes that are hardly requests: damaged ones, requests inside of requests, heads without end, and clients that stop in the middle. Every byte that comes back
 * belongs to an answer, no connection stays open for nothing, and what is hidden in a request is never done.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nothingUncaught } from './alive.ts';
import { feed, LONG } from './feed.ts';
import { type FuzzedApi, fuzzedApi, judgeRefusal, KEY } from './fuzzed-api.ts';
import { damagedBytes, readable } from './inputs.ts';
import { shoot, type WireAnswer } from './wire.ts';

nothingUncaught();

const api = fuzzedApi();
const hasty = fuzzedApi(200);

const head = (line: string, ...more: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${KEY}`, ...more, '', ''].join('\r\n');
const body = JSON.stringify({ ringingDevice: 'MobileApp', mobileEndpoint: 'PJSIP/bob' });
const json = 'Content-Type: application/json';
const put = `${head('PUT /v1/users/bob', json, `Content-Length: ${body.length}`)}${body}`;
const chunks = `7;x=y\r\n${body.slice(0, 7)}\r\n${(body.length - 7).toString(16)}\r\n${body.slice(7)}\r\n0\r\nX: y\r\n\r\n`;
const whole = [
  put,
  `${head('PUT /v1/users/bob', json, 'Transfer-Encoding: chunked')}${chunks}`,
  head('GET /v1/users/bob'),
  `${head('GET /v1/calls?limit=3')}${head('GET /healthz')}`,
  `${put}${head('DELETE /v1/users/bob')}`,
  `${head('PUT /v1/users/bob', json, `Content-Length: ${body.length}`, 'Expect: 100-continue')}${body}`,
];
const floods = [
  head('GET /healthz', ...Array<string>(3_000).fill('X: y')),
  head('GET /healthz', `X: ${'y'.repeat(20_000)}`),
  head(`GET /${'a'.repeat(20_000)}`),
  `${head('PUT /v1/users/bob', json, 'Transfer-Encoding: chunked')}${'1\r\n{\r\n'.repeat(5_000)}`,
  `${head('PUT /v1/users/bob', json, 'Content-Length: 99999999999')}{`,
  '\r\n'.repeat(5_000),
];
const bytes = (texts: readonly string[]) =>
  fc.constantFrom(...texts).map((text) => readable(Buffer.from(text, 'latin1')));
const rough = fc.oneof(
  { weight: 30, arbitrary: damagedBytes(bytes(whole)) },
  { weight: 2, arbitrary: bytes(floods) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }).map((noise) => readable(Buffer.from(noise))) },
);

const hidden = head('DELETE /v1/users/anna');
const lengths = ['0', '5', '00', '+0', '-1', '0x0', '0,0', '0, 5', ' 7 ', '18446744073709551616', '1e1', ''];
const codings = ['xchunked', 'chunked, identity', 'identity', 'chunked, chunked', '"chunked"', '\x0bchunked', ''];
const length = fc.constantFrom(
  ...lengths.map((n) => `Content-Length: ${n}`),
  'content-length:0',
  'X: y\rContent-Length: 0',
);
const coding = fc.constantFrom(
  ...[...codings, 'chunked', '\tchunked', 'CHUNKED'].map((name) => `Transfer-Encoding: ${name}`),
  ...['X: y\nTransfer-Encoding: chunked', 'X: y\r\n Transfer-Encoding: chunked', 'Transfer\x00-Encoding: chunked'],
);
/** Two headers by which two readers would not find the same end of the body; or one by which no reader can find it. */
const framings = fc.oneof(
  fc.tuple(length, coding),
  fc.tuple(coding, length),
  fc.constantFrom(['Content-Length: 0', 'Content-Length: 5'], ['Content-Length: 5', 'Content-Length: 50']),
  fc.constantFrom(...codings.slice(0, -1)).map((name) => ['X: y', `Transfer-Encoding: ${name}`]),
  fc.constantFrom(...lengths.slice(3, 8)).map((n) => ['X: y', `Content-Length: ${n}`]),
  fc.constantFrom('Transfer-Encoding : chunked', 'Content-Length : 0').map((line) => ['X: y', line]),
);
const smuggled = fc
  .tuple(framings, fc.constantFrom('', '0\r\n\r\n', '0\n\n', '5\r\nhello\r\n0\r\n\r\n'))
  .map(([lines, before]) => Buffer.from(`${head('PUT /v1/users/bob', json, ...lines)}${before}${hidden}`, 'latin1'))
  .map(readable);
const halves = fc
  .tuple(
    fc.constantFrom(put, put, `${head('PUT /v1/users/bob', json, 'Transfer-Encoding: chunked')}${chunks}`),
    fc.nat({ max: 999 }),
  )
  .map(([text, at]) => readable(Buffer.from(text.slice(0, 1 + Math.floor(((text.length - 1) * at) / 1_000)))));

async function judge(input: Buffer, { port }: FuzzedApi, ends: boolean): Promise<readonly WireAnswer[]> {
  const answers = await shoot(port, input, ends);
  for (const answer of answers) if (answer.status >= 400) judgeRefusal(answer);
  // Blank lines are nothing. And who still sends when the connection is closed may miss the answer.
  const mayMiss = /^[\r\n]*$/.test(input.toString('latin1')) || input.length > 8_000;
  if (!mayMiss) expect(answers.length).toBeGreaterThan(0);
  return answers;
}

async function each(some: readonly Buffer[], work: (input: Buffer) => Promise<void>): Promise<void> {
  for (const done of await Promise.allSettled(some.map(work))) if (done.status === 'rejected') throw done.reason;
}

const anna = async () => ({ user: await api.registry.user('anna'), devices: await api.registry.devices('anna') });

it('damaged requests, floods and noise are answered in words, and the connection is closed', LONG, async () => {
  const before = await anna();
  await feed('http', 0.13, rough, (some) => each(some, async (input) => void (await judge(input, api, true))));
  expect(await anna()).toEqual(before);
  expect(api.lines()).toEqual([]);
});

it('a request that is hidden in another is not carried out', LONG, async () => {
  const before = await anna();
  await feed('http', 0.065, smuggled, (some) =>
    each(some, async (input) => {
      const answers = await judge(input, api, true);
      expect(answers.map(({ status }) => status)).toEqual([expect.toSatisfy((status: number) => status >= 400)]);
    }),
  );
  expect(await anna()).toEqual(before);
  expect(api.lines()).toEqual([]);
});

it('who stops in the middle is cut off', LONG, async () => {
  await feed('http', 0.005, halves, (some) => each(some, async (input) => void (await judge(input, hasty, false))));
  expect(hasty.lines()).toEqual([]);
});
