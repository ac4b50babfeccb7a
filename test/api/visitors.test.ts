/** Who may ask how much, on a clock of the test's own: turns, and who makes room. */
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pace } from '../../src/api/pace.ts';
import { networkOf, type Standing, usualLimits, Visitors } from '../../src/api/visitors.ts';

describe('a pace', () => {
  const rates = fc.record({ perSecond: fc.integer({ min: 1, max: 1_000 }), atOnce: fc.integer({ min: 1, max: 100 }) });

  it('gives in any time no more turns than its rate, and a few at once', () => {
    fc.assert(
      fc.property(
        rates,
        fc.array(fc.nat({ max: 300 }), { maxLength: 300 }),
        fc.nat({ max: 2_000 }),
        (rate, pauses, patienceMs) => {
          const pace = new Pace(rate);
          let nowMs = 0;
          const turnsMs: number[] = [];
          for (const pauseMs of pauses) {
            nowMs += pauseMs;
            const waitMs = pace.turn(nowMs, patienceMs);
            if (waitMs === undefined) continue;
            expect(waitMs).toBeLessThanOrEqual(patienceMs);
            turnsMs.push(nowMs + waitMs);
          }
          for (const [first, fromMs] of turnsMs.entries()) {
            for (const [more, toMs] of turnsMs.slice(first).entries())
              expect(more + 1).toBeLessThanOrEqual(rate.atOnce + ((toMs - fromMs) * rate.perSecond) / 1_000 + 0.001);
          }
        },
      ),
      { seed: 1 },
    );
  });

  it('gives each turn that its rate allows', () => {
    const pace = new Pace({ perSecond: 10, atOnce: 3 });
    expect([0, 0, 0, 0, 99, 100, 100, 1_000, 1_000, 1_000, 1_000].map((atMs) => pace.turn(atMs))).toEqual([
      0,
      0,
      0,
      undefined,
      undefined,
      0,
      undefined,
      0,
      0,
      0,
      undefined,
    ]);
    expect([pace.turn(1_000, 200), pace.turn(1_000, 200), pace.turn(1_000, 200)]).toEqual([100, 200, undefined]);
  });
});

function house(given: Partial<typeof usualLimits> = {}) {
  let nowMs = 0;
  const excess: string[] = [];
  const limits = { ...usualLimits, connections: 6, connectionsPerAddress: 4, ...given };
  const visitors = new Visitors(
    limits,
    () => nowMs,
    (address, standing) => excess.push(`${address} ${standing}`),
  );
  return {
    visitors,
    excess,
    pass: (ms: number) => {
      nowMs += ms;
    },
    come(address = '192.0.2.1') {
      const socket = new PassThrough();
      visitors.welcome(socket, address);
      return socket;
    },
  };
}

describe('turns', () => {
  const manyTimes = (many: number, standing: Standing, address?: string, home = house()) => {
    const turns = Array.from({ length: many }, () => {
      const socket = home.come(address);
      const turn = home.visitors.turn(socket, standing);
      home.visitors.answered(socket);
      return turn;
    });
    return turns;
  };

  it('without a right key are few, and then wait before they are refused', () => {
    const turns = manyTimes(40, 'keyless');
    expect(turns.slice(0, 30)).toEqual(Array(30).fill({ be: 'served', inMs: 0 }));
    expect(turns.slice(30)).toEqual(Array(10).fill({ be: 'refused', inMs: 1_000 }));
  });

  it('with the key come whatever the same address has asked without it', () => {
    const home = house();
    manyTimes(200, 'keyless', '127.0.0.1', home);
    expect(manyTimes(1_000, 'keyed', '127.0.0.1', home)).toEqual(Array(1_000).fill({ be: 'served', inMs: 0 }));
    expect(manyTimes(3, 'open', '127.0.0.1', home)).toEqual(Array(3).fill({ be: 'served', inMs: 0 }));
    expect(home.excess.filter((told) => told.endsWith('keyless'))).toHaveLength(170);
  });

  it('with the key wait a little, and are refused where they would wait long', () => {
    const turns = manyTimes(2_100, 'keyed');
    expect(turns[1_499]).toEqual({ be: 'served', inMs: 1_000 });
    expect(turns[1_999]).toEqual({ be: 'served', inMs: 2_000 });
    expect(turns[2_000]).toEqual({ be: 'refused', inMs: 0 });
  });

  it('to ask whether the router is well are never refused, only later', () => {
    const turns = manyTimes(500, 'open');
    expect(turns).toEqual(Array(500).fill({ be: 'served', inMs: expect.any(Number) }));
    expect(turns.at(-1)).toEqual({ be: 'served', inMs: 1_000 });
  });

  it('of one address take none of another, but keyless ones of very many are bounded together', () => {
    const home = house();
    manyTimes(100, 'keyless', '192.0.2.1', home);
    expect(manyTimes(1, 'keyless', '192.0.2.2', home)).toEqual([{ be: 'served', inMs: 0 }]);
    for (let net = 3; net < 200; net += 1) manyTimes(2, 'keyless', `192.0.2.${net}`, home);
    expect(manyTimes(1, 'keyless', '192.0.2.200', home)).toEqual([{ be: 'refused', inMs: 1_000 }]);
    expect(manyTimes(1, 'keyed', '192.0.2.200', home)).toEqual([{ be: 'served', inMs: 0 }]);
  });

  it('come back with time', () => {
    const home = house();
    manyTimes(100, 'keyless', undefined, home);
    home.pass(1_000);
    expect(
      manyTimes(11, 'keyless', undefined, home).filter((turn) => turn !== 'forgotten' && turn.be === 'served'),
    ).toHaveLength(10);
  });

  it('end where a connection asks on and on without waiting, or has been refused', () => {
    const home = house();
    const eager = home.come();
    for (let n = 0; n < 16; n += 1) expect(home.visitors.turn(eager, 'keyed')).not.toBe('forgotten');
    expect(home.visitors.turn(eager, 'keyed')).toBe('forgotten');
    expect(eager.destroyed).toBe(true);
    const refused = home.come();
    for (let n = 0; n < 15; n += 1) home.visitors.turn(refused, 'keyless');
    const second = home.come();
    for (let n = 0; n < 15; n += 1) home.visitors.turn(second, 'keyless');
    expect(home.visitors.turn(refused, 'keyless')).toMatchObject({ be: 'refused' });
    expect(home.visitors.turn(refused, 'keyed')).toBe('forgotten');
    expect(refused.destroyed).toBe(false);
  });

  it('are forgotten with the address that has been away for longest, so that addresses without number take no memory', () => {
    const home = house();
    manyTimes(31, 'keyless', '192.0.2.1', home).at(-1);
    home.pass(100_000);
    for (let n = 0; n < 5_000; n += 1) home.come(`10.${n >> 8}.${n & 255}.1`).destroy();
    expect(manyTimes(1, 'keyless', '192.0.2.1', home)).toEqual([{ be: 'served', inMs: 0 }]);
  });
});

describe('who makes room', () => {
  it('is one that is held, then one without a key, then one that asks nothing; never one that is served', () => {
    const home = house({ rates: { ...usualLimits.rates, keyless: { perSecond: 1, atOnce: 1 } } });
    const [served, idle, keyless, held] = [home.come(), home.come(), home.come(), home.come()];
    home.visitors.turn(served, 'keyed');
    home.visitors.turn(idle, 'keyed');
    home.visitors.answered(idle);
    home.visitors.turn(keyless, 'keyless');
    home.visitors.turn(held, 'keyless');
    const gone = () => [served, idle, keyless, held].map(({ destroyed }) => destroyed);
    const use = (): void => void home.visitors.turn(home.come(), 'keyed');
    use();
    expect(gone()).toEqual([false, false, false, true]);
    use();
    expect(gone()).toEqual([false, false, true, true]);
    use();
    expect(gone()).toEqual([false, true, true, true]);
    const late = home.come();
    expect([...gone(), late.destroyed]).toEqual([false, true, true, true, true]);
  });

  it('is one of the address that has most, where all together are too many', () => {
    const home = house();
    const many = [home.come('192.0.2.1'), home.come('192.0.2.1'), home.come('192.0.2.1'), home.come('192.0.2.1')];
    const few = [home.come('192.0.2.2'), home.come('192.0.2.2')];
    const newcomer = home.come('192.0.2.3');
    expect(many.map(({ destroyed }) => destroyed)).toEqual([true, false, false, false]);
    expect([...few, newcomer].some(({ destroyed }) => destroyed)).toBe(false);
    expect(home.excess).toEqual(['192.0.2.1 connections']);
  });
});

it.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
