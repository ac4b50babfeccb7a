/** The HTTP API, connections that are reset: in every state, for every method, with whatever stands behind, also while a request waits for its turn. Each leaves a server that serves. */
import { expect, it } from 'vitest';
import { usualLimits } from '../../src/api/visitors.ts';
import { nothingUncaught } from './alive.ts';
import { feed, LONG } from './feed.ts';
import { fuzzedApi, KEY } from './fuzzed-api.ts';
import { httpReset, reset } from './resets.ts';

nothingUncaught();

const api = fuzzedApi();
const slow = { perSecond: 100, atOnce: 1 } as const;
const strict = fuzzedApi(10_000, {
  ...usualLimits,
  connectionsPerAddress: 20,
  rates: { keyed: slow, open: slow, keyless: slow },
  allKeyless: slow,
  holdMs: 20,
});

async function serves(port: number): Promise<void> {
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
}

it('resets in every state, for every method, leave a server that serves', LONG, async () => {
  await feed('http', 0.1, httpReset(KEY), async (resets) => {
    await Promise.all(resets.map((one) => reset(api.port, one)));
    await serves(api.port);
  });
  expect(api.lines()).toEqual([]);
});

it('so do resets of those that wait for their turn, are refused, or make room', LONG, async () => {
  await feed('http', 0.05, httpReset(KEY), async (resets) => {
    await Promise.all(resets.map((one) => reset(strict.port, one)));
    await serves(strict.port);
  });
  for (const { message } of strict.lines()) expect(message).toMatch(/^HTTP: 127\.0\.0\.1 asks too much/);
});
