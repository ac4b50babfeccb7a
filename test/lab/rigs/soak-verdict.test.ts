/** That a soak's verdict finds what a leak would look like, and takes a heap's usual ups and downs for none. */
import { expect, test } from 'vitest';
import type { RestingState } from '../../../lab/rigs/router-state.ts';
import type { SoakResult } from '../../../lab/rigs/soak.ts';
import { judgeSoak } from '../../../lab/rigs/soak-verdict.ts';

const CALLS = 10_000;
const WARM_BYTES = 18.5e6;
const REST: RestingState = {
  calls: 0,
  heapBytes: WARM_BYTES,
  memoryMb: 119,
  sockets: 12,
  timers: 1,
  resources: 6,
  channels: 0,
  bridges: 0,
  notes: 0,
  subscriptions: 0,
  history: 0,
  asterisk: { memoryMb: 100, files: 19, threads: 43 },
};

function resultWith(bytesPerCall: number, ended: Partial<RestingState> = {}, calls = CALLS): SoakResult {
  const heaps = Array.from({ length: Math.floor(calls / 250) + 1 }, (_, round) => ({
    calls: round * 250,
    heapBytes: WARM_BYTES + round * 250 * bytesPerCall + 50_000 * Math.sin(round * 7),
  }));
  const last = { ...REST, calls, heapBytes: heaps.at(-1)?.heapBytes ?? 0, ...ended };
  const states = { began: REST, middle: REST, ended: last };
  return { calls, byKind: new Map(), ...states, heaps, faults: [], tookMs: 1 };
}

test('a heap that goes up and down is where it began', () => {
  expect(judgeSoak(resultWith(0), CALLS)).toEqual([]);
});

test('a listener that each call leaves is found in the slope, and a larger leak also after few calls', () => {
  expect(judgeSoak(resultWith(120), CALLS)).toEqual([
    expect.stringMatching(/^the heap grows by \d+ bytes with each call$/),
  ]);
  expect(judgeSoak(resultWith(7_000, {}, 250), 250)).toEqual([expect.stringMatching(/^the heap has grown by \d/)]);
});

test('whatever is left at the end is named, and calls that were not played are no pass', () => {
  const left = { sockets: 40, timers: 2, channels: 1, bridges: 1, notes: 2, subscriptions: 3, history: 10_001 };
  expect(judgeSoak(resultWith(0, left), CALLS)).toEqual([
    '40 sockets at the end, 12 at the start',
    '2 timers at the end, 1 at the start',
    '1 channels at the end',
    '1 bridges at the end',
    '2 notes at the end',
    '3 subscriptions at the end',
    '10001 calls in the history at the end',
  ]);
  expect(judgeSoak(resultWith(0), CALLS + 1)).toEqual([`${CALLS} of ${CALLS + 1} calls were played`]);
});
