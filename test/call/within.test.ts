/** Work that gets so much time: what it comes to in time, what it is told when it is late, and that no timer is left. */
import { expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { calledBackAfter, within } from '../../src/call/within.ts';

const never = new AbortController().signal;

it('comes to what the promise does, or to nothing at the very end of the time', async () => {
  const clock = new VirtualClock();
  const sleep = (ms: number) => clock.sleep(ms, never).then(() => `after ${ms} ms`);
  const came: unknown[] = [];
  for (const ms of [99, 100, 101]) {
    void within(clock, 100, sleep(ms)).then((what) => came.push([ms, what, clock.nowMs()]));
  }
  await clock.advance(100);
  expect(came).toEqual([
    [99, 'after 99 ms', 99],
    [100, 'after 100 ms', 100],
    [101, undefined, 100],
  ]);
  await clock.advance(1);
  expect(clock.pendingSleeps).toBe(0);
});

it('rejects as the promise does, in time; what it comes to later is nobody’s', async () => {
  const clock = new VirtualClock();
  const fail = (ms: number) =>
    clock.sleep(ms, never).then(() => {
      throw new Error(`after ${ms} ms`);
    });
  const early = within(clock, 100, fail(20));
  const late = within(clock, 100, fail(200));
  early.catch(() => undefined);
  await clock.advance(300);
  await expect(early).rejects.toThrow('after 20 ms');
  expect(await late).toBeUndefined();
  expect(clock.pendingSleeps).toBe(0);
});

it('calls work back when its time is over, and waits until it has taken note', async () => {
  const clock = new VirtualClock();
  const ended: unknown[] = [];
  const work = (ms: number) => async (signal: AbortSignal) => {
    const how = await clock.sleep(ms, signal).then(
      () => 'done',
      () => 'called back',
    );
    await clock.sleep(5, never);
    return how;
  };
  for (const ms of [50, 5_000])
    void calledBackAfter(clock, 100, work(ms)).then((how) => ended.push([how, clock.nowMs()]));
  await clock.advance(1_000);
  expect(ended).toEqual([
    ['done', 55],
    ['called back', 105],
  ]);
  expect(clock.pendingSleeps).toBe(0);
});
