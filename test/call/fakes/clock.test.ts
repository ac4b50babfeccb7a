/** The virtual clock itself: the stories lean on its order and on its standing still. */
import { expect, it } from 'vitest';
import { VirtualClock } from '../../../lab/fakes/clock.ts';
import { clockContract } from '../../contract/clock.contract.ts';

clockContract('the virtual clock', () => {
  const clock = new VirtualClock();
  return { clock, pass: (ms) => clock.advance(ms), pending: () => clock.pendingSleeps };
});

const signal = (): AbortSignal => new AbortController().signal;

it('wakes each sleeper at its own moment, with what follows settled before the next', async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const step = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms, signal());
    seen.push(`${name} at ${clock.nowMs()}`);
    await Promise.resolve();
    await clock.sleep(ms, signal());
    seen.push(`${name} at ${clock.nowMs()}`);
  };
  void step('a', 100);
  void step('b', 150);
  await clock.advance(300);
  expect(seen).toEqual(['a at 100', 'b at 150', 'a at 200', 'b at 300']);
  expect(clock.nowMs()).toBe(300);
  expect(clock.pendingSleeps).toBe(0);
});

it('does not wake anybody before time goes on', async () => {
  const clock = new VirtualClock();
  let woke = false;
  void clock.sleep(1, signal()).then(() => {
    woke = true;
  });
  await clock.settle();
  expect(woke).toBe(false);
  expect(clock.nextWakeMs).toBe(1);
  expect(await clock.advanceToNextWake()).toBe(true);
  expect(woke).toBe(true);
  expect(await clock.advanceToNextWake()).toBe(false);
});

it('moves the wall clock alone when it jumps', async () => {
  const clock = new VirtualClock(1_000, 5_000);
  clock.jumpWall(-4_000);
  expect([clock.nowMs(), clock.wallMs()]).toEqual([1_000, 1_000]);
  await clock.advance(10);
  expect([clock.nowMs(), clock.wallMs()]).toEqual([1_010, 1_010]);
});

it('lets the world act in its turn, and counts that for no sleep', async () => {
  const clock = new VirtualClock(0, 0, 1);
  const seen: string[] = [];
  void clock.sleep(10, signal()).then(() => seen.push('sleeper'));
  clock.later(10, () => seen.push('world'));
  clock.later(5, () => seen.push('world first'));
  expect(clock.pendingSleeps).toBe(1);
  await clock.advance(10);
  expect(seen).toEqual(['world first', 'sleeper', 'world']);
  expect(clock.nextWakeMs).toBeUndefined();
});

it('stops a story that sleeps for nothing for ever', async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const spinning = (async () => {
    for (;;) await clock.sleep(0, controller.signal);
  })();
  spinning.catch(() => undefined);
  await expect(clock.settle()).rejects.toThrow('time never goes on');
  controller.abort(new Error('over'));
  await expect(spinning).rejects.toThrow('over');
});
