/** What the log says while Asterisk fails requests: two lines for each outage, however long and however many. */
import { expect, it } from 'vitest';
import { Outage } from '../../src/asterisk/ari/outage.ts';
import { toldLog } from './told-log.ts';

const told = (log: ReturnType<typeof toldLog>) => log.told.map(({ level, message }) => `${level} ${message}`);

it('an hour in which everything fails is two lines', () => {
  const log = toldLog();
  let nowMs = 0;
  const outage = new Outage(log, { nowMs: () => nowMs });
  for (; nowMs < 3_600_000; nowMs += 1_000) outage.failed(`GET /channels: HTTP 500 at ${nowMs}`);
  nowMs += 10_000;
  outage.answered();
  outage.answered();
  expect(told(log)).toEqual([
    'error Asterisk fails requests: GET /channels: HTTP 500 at 0; further ones are counted until it takes them again',
    'info Asterisk takes requests again: 3600 had failed',
  ]);
  expect(log.told[1]?.fields).toEqual({ failed: 3_600, forMs: 3_599_000 });
});

it('one in which every third request fails goes on until nothing has failed for ten seconds', () => {
  const log = toldLog();
  let nowMs = 0;
  const outage = new Outage(log, { nowMs: () => nowMs });
  for (let request = 0; request < 300; request += 1, nowMs += 200) {
    if (request % 3 === 0) outage.failed('POST /channels/1/answer: HTTP 500');
    else outage.answered();
  }
  expect(log.told).toHaveLength(1);
  nowMs += 10_000;
  outage.answered();
  outage.failed('POST /channels/2/answer: no answer within 5000 ms');
  expect(told(log).slice(1)).toEqual([
    'info Asterisk takes requests again: 100 had failed',
    'error Asterisk fails requests: POST /channels/2/answer: no answer within 5000 ms; further ones are counted until it takes them again',
  ]);
});

it('nothing is said while nothing fails', () => {
  const log = toldLog();
  const outage = new Outage(log, { nowMs: () => 0 });
  outage.answered();
  expect(log.told).toEqual([]);
});
