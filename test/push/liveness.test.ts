/** Whether a connection lives: what is slow is waited for, what is dead is found within 0.8 s, and a process that stood still blames nobody. */
import { beforeEach, expect, it } from 'vitest';
import { Liveness } from '../../src/push/liveness.ts';
import { VirtualClock } from '../call/fakes/clock.ts';

let clock: VirtualClock;
let pings: number;
let deadAtMs: number | undefined;
let answerPing: ((told: () => void) => void) | undefined;
const socket = { bytesRead: 0 };
const session = {
  destroyed: false,
  once: () => session,
  ping(told: () => void) {
    pings += 1;
    answerPing?.(told);
    return true;
  },
  destroy() {
    session.destroyed = true;
    deadAtMs = clock.nowMs();
  },
};
const lively = (openedMs = 1) => new Liveness(session, socket, openedMs, clock);
const answersAfter = (ms: number) => (told: () => void) =>
  clock.later(ms, () => {
    socket.bytesRead += 17;
    told();
  });

beforeEach(() => {
  clock = new VirtualClock();
  session.destroyed = false;
  pings = 0;
  deadAtMs = undefined;
  answerPing = undefined;
});

it.each([
  [1, 800],
  [20, 800],
  [1200, 3900],
])('of one that opened in %i ms and says nothing is over after %i ms', async (openedMs, afterMs) => {
  const liveness = lively(openedMs);
  liveness.watch();
  await clock.advance(60_000);
  expect([deadAtMs, liveness.isDead, pings]).toEqual([afterMs, true, 1]);
});

it('is proved by pings, fewer and fewer, however long the answer takes', async () => {
  answerPing = answersAfter(100);
  const over = lively().watch();
  await clock.advance(15_000);
  expect(deadAtMs).toBeUndefined();
  expect(pings).toBeLessThan(10);
  over();
  const before = pings;
  await clock.advance(60_000);
  expect(pings).toBe(before);
});

it('is not doubted while anything comes', async () => {
  lively().watch();
  const comes = () => {
    socket.bytesRead += 1;
    clock.later(200, comes);
  };
  comes();
  await clock.advance(10_000);
  expect([pings, deadAtMs]).toEqual([0, undefined]);
});

it('is not doubted where this process stood still, and what has come is read a moment later', async () => {
  lively().watch();
  answerPing = () => undefined;
  // Its timer is over before the bytes are read, as after a pause of the whole process.
  clock.later(800, () => setImmediate(() => (socket.bytesRead += 17)));
  await clock.advance(900);
  expect(deadAtMs).toBeUndefined();
});

it('ends nothing while nobody waits', async () => {
  const over = lively().watch();
  await clock.advance(100);
  over();
  await clock.advance(10_000);
  expect([pings, deadAtMs]).toEqual([0, undefined]);
});
