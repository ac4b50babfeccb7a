/** Who goes when there are few places, in virtual time: whoever wakes before whoever tells of an end, each in turn, and no place is ever lost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { ConcurrencyLimit, type Urgency } from '../../src/push/concurrency-limit.ts';
import { never } from './bench.ts';

/** A concurrency limit, and the works that are in it: each ends when it is told to. */
function setUp(places: number) {
  const clock = new VirtualClock();
  const concurrencyLimit = new ConcurrencyLimit(places, clock);
  const inside = new Map<string, () => void>();
  const order: string[] = [];
  let overdue = 0;
  const enter = (name: string, urgency: Urgency, signal = never()) =>
    concurrencyLimit
      .through(urgency, signal, (tooLate) => {
        order.push(name);
        tooLate.addEventListener('abort', () => {
          overdue += 1;
        });
        return new Promise<string>((resolve) => {
          inside.set(name, () => resolve(name));
        });
      })
      .finally(() => inside.delete(name));
  const end = async (name: string) => {
    inside.get(name)?.();
    await clock.settle();
  };
  /** Lets the first that is inside out, until nobody is. */
  const drain = async () => {
    for (let [first] = inside.keys(); first !== undefined; [first] = inside.keys()) await end(first);
  };
  return { clock, concurrencyLimit, inside, order, enter, end, drain, overdue: () => overdue };
}

describe('the concurrency limit', () => {
  it('lets as many through as there are places, and the others in their order', async () => {
    const { order, inside, enter, end, drain, clock } = setUp(2);
    for (const name of ['a', 'b', 'c', 'd']) void enter(name, 'wake');
    await clock.settle();
    expect([...inside.keys()]).toEqual(['a', 'b']);
    await end('b');
    expect([...inside.keys()]).toEqual(['a', 'c']);
    await drain();
    expect(order).toEqual(['a', 'b', 'c', 'd']);
    expect(clock.pendingSleeps).toBe(0);
  });

  it('has a place for a wake, however many notices hang', async () => {
    const { inside, enter, clock } = setUp(10);
    for (let n = 0; n < 50; n += 1) void enter(`notice ${n}`, 'notice');
    await clock.settle();
    expect(inside.size).toBe(5);
    for (let n = 0; n < 5; n += 1) void enter(`wake ${n}`, 'wake');
    await clock.settle();
    expect(inside.size).toBe(10);
  });

  it('lets wakes go before notices that came earlier', async () => {
    const { order, enter, drain, clock } = setUp(4);
    for (let n = 0; n < 4; n += 1) void enter(`first ${n}`, 'wake');
    for (let n = 0; n < 3; n += 1) void enter(`notice ${n}`, 'notice');
    for (let n = 0; n < 4; n += 1) void enter(`wake ${n}`, 'wake');
    await clock.settle();
    await drain();
    expect(order.slice(4, 8)).toEqual(['wake 0', 'wake 1', 'wake 2', 'wake 3']);
    expect(order.slice(8)).toEqual(['notice 0', 'notice 1', 'notice 2']);
  });

  it('lets a notice go now and then, though wakes never end', async () => {
    const { order, enter, drain, clock } = setUp(2);
    void enter('notice', 'notice');
    await clock.settle();
    for (let n = 0; n < 3; n += 1) void enter(`late notice ${n}`, 'notice');
    for (let n = 0; n < 12; n += 1) void enter(`wake ${n}`, 'wake');
    await clock.settle();
    await drain();
    const wakesBetween = order
      .slice(0, -1)
      .join(' ')
      .split(/late notice \d/)
      .map((some) => some.match(/wake/g)?.length ?? 0);
    expect(Math.max(...wakesBetween)).toBeLessThanOrEqual(3);
  });

  it('gives the place of a work that never settles to the next after its bound, and tells that work', async () => {
    const { inside, enter, clock, overdue } = setUp(1);
    const stuck = enter('stuck', 'wake');
    const next = enter('next', 'wake');
    await clock.advance(29_999);
    expect([...inside.keys()]).toEqual(['stuck']);
    await clock.advance(1);
    expect(await stuck).toBeUndefined();
    expect([inside.has('next'), overdue()]).toEqual([true, 1]);
    inside.get('next')?.();
    expect(await next).toBe('next');
    expect([clock.pendingSleeps, overdue()]).toEqual([0, 1]);
  });

  it('lets nobody through who has given up, and keeps the place of whoever is inside', async () => {
    const { order, enter, drain, clock } = setUp(1);
    const given = new AbortController();
    void enter('inside', 'wake', given.signal);
    const waits = enter('waits', 'wake', given.signal);
    void enter('next', 'wake');
    await clock.settle();
    given.abort(new Error('the call is over'));
    await expect(waits).rejects.toThrow('the call is over');
    await expect(enter('late', 'wake', given.signal)).rejects.toThrow('the call is over');
    expect(order).toEqual(['inside']);
    await drain();
    expect(order).toEqual(['inside', 'next']);
  });

  it('lets everybody out when it closes', async () => {
    const { concurrencyLimit, enter, clock, overdue } = setUp(2);
    const all = [enter('a', 'wake'), enter('b', 'notice')];
    await clock.settle();
    concurrencyLimit.close();
    expect(await Promise.all(all)).toEqual([undefined, undefined]);
    expect([clock.pendingSleeps, overdue()]).toEqual([0, 2]);
  });

  it('has all its places again after any comings, goings, failures and silences', async () => {
    const visit = fc.record({
      urgency: fc.constantFrom<Urgency>('wake', 'notice'),
      how: fc.constantFrom('ends', 'fails', 'never settles', 'gives up'),
      atMs: fc.nat({ max: 40_000 }),
      forMs: fc.nat({ max: 40_000 }),
    });
    const property = fc.asyncProperty(fc.array(visit, { maxLength: 40 }), async (visits) => {
      const { clock, concurrencyLimit, inside, enter } = setUp(4);
      for (const { urgency, how, atMs, forMs } of visits) {
        const given = new AbortController();
        const work = async () => {
          if (how === 'never settles') return new Promise<never>(() => undefined);
          await clock.sleep(forMs, never());
          if (how === 'fails') throw new Error('failed');
          return 'ended';
        };
        const visiting = clock.sleep(atMs, never()).then(() => concurrencyLimit.through(urgency, given.signal, work));
        visiting.catch(() => undefined);
        if (how === 'gives up') void clock.sleep(atMs + forMs / 2, never()).then(() => given.abort());
      }
      await clock.advance(40 * 30_000 + 80_000);
      for (let n = 0; n < 4; n += 1) void enter(`last ${n}`, 'wake');
      await clock.settle();
      expect(inside.size).toBe(4);
    });
    await fc.assert(property, { numRuns: 100, seed: 20_240_501 });
  });
});
