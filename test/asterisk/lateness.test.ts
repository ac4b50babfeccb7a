/** How late Asterisk is, in virtual time. */
import { expect, it } from 'vitest';
import { Lateness } from '../../src/asterisk/ari/lateness.ts';

function begin() {
  let nowMs = 0;
  const lateness = new Lateness({ nowMs: () => nowMs });
  return {
    lateness,
    passes: (ms: number) => {
      nowMs += ms;
    },
    asks(tookMs: number) {
      const request = {};
      lateness.sent(request);
      nowMs += tookMs;
      lateness.answered(request);
      lateness.over(request);
    },
  };
}

it('is none where nothing has been asked', () => {
  expect(begin().lateness.averageMs()).toBe(0);
});

it('is the average of what was answered over the last three seconds, and no older', () => {
  const { lateness, asks, passes } = begin();
  asks(900);
  passes(3_000);
  for (const tookMs of [10, 20, 30]) asks(tookMs);
  expect(lateness.averageMs()).toBe(20);
  passes(3_000);
  expect(lateness.averageMs()).toBe(0);
});

it('counts what has not been answered yet, as long as it has waited', () => {
  const { lateness, asks, passes } = begin();
  asks(10);
  lateness.sent({});
  expect(lateness.averageMs()).toBe(10);
  passes(1_010);
  expect(lateness.averageMs()).toBe(510);
});

it('is not that of one request that is stuck while later ones are answered', () => {
  const { lateness, asks, passes } = begin();
  lateness.sent({});
  for (let seconds = 0; seconds < 60; seconds += 1) {
    passes(499);
    asks(1);
    passes(499);
    asks(1);
    expect(lateness.averageMs()).toBeLessThan(2);
  }
});

it('forgets what is given up', () => {
  const { lateness, passes } = begin();
  const givenUp = {};
  lateness.sent(givenUp);
  passes(5_000);
  expect(lateness.averageMs()).toBe(5_000);
  lateness.over(givenUp);
  expect(lateness.averageMs()).toBe(0);
});

it('is as before within three seconds once Asterisk is quick again', () => {
  const { lateness, asks, passes } = begin();
  for (let times = 0; times < 20; times += 1) asks(1_000);
  for (let passedMs = 0; passedMs < 3_000; passedMs += 100) {
    asks(1);
    passes(99);
  }
  expect(lateness.averageMs()).toBeLessThan(2);
});
