/** The real clock, held to what the virtual one is held to. */
import { getEventListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/system/clock.ts';
import { clockContract } from '../contract/clock.contract.ts';

clockContract('the system clock', () => ({
  clock: systemClock,
  pass: (ms) => wait(ms),
  pending: () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length,
}));

it('leaves no listener on a signal that outlives many sleeps', async () => {
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 20 }, () => systemClock.sleep(1, signal)));
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
