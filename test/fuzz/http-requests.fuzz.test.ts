/**
 * The HTTP API, odd methods, paths, queries and headers. Each request is served because it is right by a rule written down here, or is refused in words; and nothing is changed by
 * any of them, and nothing said in the log.
 */
import { METHODS } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nothingUncaught } from './alive.ts';
import { feed, LONG } from './feed.ts';
import { fuzzedApi, judgeRefusal, KEY } from './fuzzed-api.ts';
import { strangeText } from './strange.ts';
import { Wire } from './wire.ts';

nothingUncaught();

const api = fuzzedApi();
let wires: readonly Wire[];
beforeAll(() => {
  wires = Array.from({ length: 8 }, () => new Wire(api.port));
});
afterAll(() => {
  for (const wire of wires) wire.close();
});

/** Letters that may stand in a request line or a header; others would make it another request. */
const inLine = (text: string): string =>
  Buffer.from(text)
    .toString('latin1')
    .replace(/[^!-~\x80-\xff]/g, '_');
const segment = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom('v1', 'users', 'anna', 'devices', 'calls', 'healthz', 'metrics', '', '.', '..'),
  },
  { weight: 2, arbitrary: strangeText.map((text) => encodeURIComponent(text.slice(0, 2_000).toWellFormed())) },
  { weight: 1, arbitrary: strangeText.map((text) => inLine(text.slice(0, 2_000)).replace(/[/?]/g, '')) },
);
const ROUTES = [
  '/v1/users/:',
  '/v1/users/:/devices',
  '/v1/users/:/devices/:',
  '/v1/calls/:',
  '/v1/calls',
  '/healthz',
  '/metrics',
];
const paths = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom(...ROUTES), segment, segment)
      .map(([route, one, two]) => route.replace(':', () => one).replace(':', () => two)),
  },
  { weight: 2, arbitrary: fc.array(segment, { maxLength: 7 }).map((parts) => `/${parts.join('/')}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '*',
      '//',
      'http://x/healthz',
      '/../healthz',
      '/v1/users/anna/',
      '/%2fhealthz',
      '/HEALTHZ',
    ),
  },
);
const queries = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('limit', 'Limit', '', '__proto__'), strangeText)
      .map(([name, value]) => `?${name}=${inLine(value).slice(0, 2_000)}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '?',
      '?limit=1',
      '?limit=1000',
      '?limit=1001',
      '?limit=1&limit=2',
      '?limit',
      '?limit=%31',
      '?#',
    ),
  },
);
const keys = fc.oneof(
  { weight: 6, arbitrary: fc.constant(`Bearer ${KEY}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      KEY,
      `Basic ${KEY}`,
      `Bearer ${KEY}x`,
      `Bearer ${KEY} ${KEY}`,
      'Bearer',
      `bearer  ${KEY}`,
    ),
  },
  { weight: 1, arbitrary: strangeText.map((text) => `Bearer ${inLine(text).slice(0, 3_000)}`) },
);
const more = fc.tuple(
  fc.constantFrom(
    'Content-Type',
    'X-Y',
    'Expect',
    'Cookie',
    '__proto__',
    'Content-Encoding',
    'Upgrade',
    'Connection',
    'Accept',
    'Range',
    'TE',
  ),
  fc.oneof(
    strangeText.map((text) => inLine(text).slice(0, 500)),
    fc.constantFrom('close', 'upgrade', '100-continue', 'h2c', 'gzip'),
  ),
);
const odd = fc.record({
  method: fc.oneof(
    fc.constantFrom('GET', 'PUT', 'DELETE', 'HEAD'),
    fc.constantFrom(...METHODS),
    fc.constantFrom('get', 'FOO', 'G\x80T', ''),
  ),
  path: paths,
  query: queries,
  key: keys,
  more: fc.array(more, { maxLength: 3 }),
});
type Odd = typeof odd extends fc.Arbitrary<infer T> ? T : never;

/** Whether a request may be served: what it asks for is there, and it has the key where one is needed. */
function mayBeServed({ method, path, query, key }: Odd): boolean {
  const hasKey = /^bearer +/i.test(key) && key.replace(/^bearer +/i, '').trimEnd() === KEY;
  const reads = method === 'GET' || method === 'HEAD';
  if (path === '/healthz') return reads;
  if (!hasKey || !reads) return false;
  if (path === '/metrics') return true;
  if (/^\/v1\/users\/(a|%61)nna(\/devices)?$/.test(path)) return true;
  const limits = new URLSearchParams(query);
  const limit = limits.get('limit') ?? '50';
  return (
    path === '/v1/calls' &&
    [...limits].every(([name]) => name === 'limit') &&
    limits.size <= 1 &&
    /^\d{1,4}$/.test(limit) &&
    Number(limit) >= 1 &&
    Number(limit) <= 1_000
  );
}

async function judgeOdd(request: Odd, wire: Wire): Promise<'taken' | 'refused'> {
  const { method, query, key } = request;
  // Anna is there for good.
  const path = method === 'DELETE' ? request.path.replace(/nna/g, 'nnb') : request.path;
  const headers = request.more.filter(([name]) => method !== 'HEAD' || !/^(Connection|Expect|Upgrade)$/.test(name));
  const lines = [`Host: x`, `Authorization: ${key}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  const bytes = Buffer.from(`${method} ${path}${query} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const answer = await wire.ask(bytes, method === 'HEAD');
  if (mayBeServed(request) && answer.status === 200) return 'taken';
  // Letters beyond ASCII are no target of a request, whatever they ask for.
  if (!/[^!-~]/.test(path + query)) expect(mayBeServed(request)).toBe(false);
  if (method === 'HEAD' && answer.body === '') expect(Math.floor(answer.status / 100)).toBe(4);
  else judgeRefusal(answer);
  return 'refused';
}

const anna = async () => ({ user: await api.registry.user('anna'), devices: await api.registry.devices('anna') });

it('an odd request is right and is served, or is refused', LONG, async () => {
  const before = await anna();
  const seen = new Set<string>();
  await feed('http', 0.3, odd, async (some) => {
    const work = wires.map(async (wire, n) => {
      for (const request of some.filter((_, at) => at % wires.length === n)) seen.add(await judgeOdd(request, wire));
    });
    for (const done of await Promise.allSettled(work)) if (done.status === 'rejected') throw done.reason;
  });
  expect([...seen].sort()).toEqual(['refused', 'taken']);
  expect(await anna()).toEqual(before);
  expect(api.lines()).toEqual([]);
});
