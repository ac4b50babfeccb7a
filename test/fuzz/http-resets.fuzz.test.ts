/** The HTTP API, connections that are reset: in every state, for every method, with whatever stands behind. Each leaves a server that serves. */
import { expect, it } from 'vitest';
import { nothingUncaught } from './alive.ts';
import { feed, LONG } from './feed.ts';
import { fuzzedApi, KEY } from './fuzzed-api.ts';
import { httpReset, reset } from './resets.ts';

nothingUncaught();

const api = fuzzedApi();
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
