/**
 * A short soak: calls with every ending there is, one after another, after which the router holds what it held before. `scripts/soak` plays ten thousand of them, and then judges the
 * heap by its slope; after so few calls only a large leak would show in it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { INSPECTED, RouterInside } from '../../../lab/rigs/router-inside.ts';
import { playSoak } from '../../../lab/rigs/soak.ts';
import { SEATS_PER_LANE, SOAK_GLOBALS, SOAK_KINDS } from '../../../lab/rigs/soak-calls.ts';
import { judgeSoak, soakTable } from '../../../lab/rigs/soak-verdict.ts';

const CALLS = 168;
const PARALLEL = 8;

describe('Asterisk 22', () => {
  let lab: Lab;
  beforeAll(async () => {
    const seats = PARALLEL * SEATS_PER_LANE;
    lab = await startLab({ version: 22, seats, globals: SOAK_GLOBALS, environment: INSPECTED });
  });
  afterAll(() => lab.stop());

  test(`${CALLS} calls with every ending leave heap, sockets, timers, channels, bridges and subscriptions where they began (2, 11, 18, 19)`, async () => {
    await using inside = await RouterInside.open(lab.router);
    const result = await playSoak(lab, inside, { calls: CALLS, warmUp: 48, parallel: PARALLEL, round: CALLS });
    expect(judgeSoak(result, CALLS), soakTable(result)).toEqual([]);
    expect([...result.byKind.keys()].sort()).toEqual([...SOAK_KINDS].sort());
  });
});
