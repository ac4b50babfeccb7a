/** Whether a connection lives: what is slow is waited for, what is dead is found within 0.8 s, and a process that stood still blames nobody. */
import { beforeEach, expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { Liveness } from '../../src/push/liveness.ts';

let clock: VirtualClock;
let pings: number;
let deadAtMs: number | undefined;
let answerPing: ((told: (fault: null) => void) => void) | undefined;
const socket = { bytesRead: 0 };
const session = {
  destroyed: false,
  closed: false,
  connecting: false,
  once: () => session,
  ping(told: (fault: null) => void) {
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
const answersAfter = (ms: number) => (told: (fault: null) => void) =>
  clock.later(ms, () => {
    socket.bytesRead += 17;
    told(null);
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
  expect([deadAtMs, liveness.isDead, pings]).toEqual([afterMs, true, 2]);
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
  // One tells how long the way is.
  expect([pings, deadAtMs]).toEqual([1, undefined]);
});

it('is not doubted where this process stood still, and what has come is read a moment later', async () => {
  lively().watch();
  answerPing = () => undefined;
  // Its timer is over before the bytes are read, as after a pause of the whole process.
  clock.later(800, () => setImmediate(() => (socket.bytesRead += 17)));
  await clock.advance(900);
  expect(deadAtMs).toBeUndefined();
});

it('is found dead soon by whoever comes while another has waited for long, whenever it dies', async () => {
  for (let dyingMs = 0; dyingMs < 20_000; dyingMs += 130) {
    clock = new VirtualClock();
    session.destroyed = false;
    answerPing = answersAfter(20);
    const liveness = lively();
    liveness.watch();
    await clock.advance(dyingMs);
    // The answer to somebody else's push was the last that came.
    socket.bytesRead += 100;
    answerPing = undefined;
    const atMs = clock.nowMs();
    liveness.watch();
    await clock.advance(30_000);
    // Where a ping was on its way as that answer came, the silence begins after it.
    expect((deadAtMs ?? Number.NaN) - atMs).toBeLessThanOrEqual(1_300);
  }
});

it('is measured by its pings, not by how long it took to open', async () => {
  answerPing = answersAfter(20);
  const liveness = lively(9_000);
  await clock.advance(100);
  answerPing = undefined;
  liveness.watch();
  await clock.advance(60_000);
  expect(deadAtMs).toBe(900);
});

it('ends nothing while nobody waits', async () => {
  const over = lively().watch();
  await clock.advance(100);
  over();
  await clock.advance(10_000);
  // One tells how long the way is.
  expect([pings, deadAtMs]).toEqual([1, undefined]);
});
