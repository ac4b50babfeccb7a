/** The end of the router: order, bounds, and impatience. */
import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { fakeLog } from '../../lab/fakes/log.ts';
import { prepareShutdown } from '../../src/system/shutdown.ts';

function setUp() {
  const clock = new VirtualClock();
  const log = fakeLog();
  const shutdown = prepareShutdown(clock, log);
  const closed: string[] = [];
  const source = new EventEmitter();
  const left: number[] = [];
  shutdown.onSignals(source, (status) => left.push(status));
  return { clock, log, shutdown, closed, source, left };
}

it('closes what was opened last first, each after the other, once', async () => {
  const { clock, shutdown, closed } = setUp();
  for (const name of ['database', 'socket', 'server'])
    shutdown.later(name, 100, async () => {
      await Promise.resolve();
      closed.push(name);
    });
  expect(await shutdown.run()).toBe(true);
  expect(await shutdown.run()).toBe(true);
  expect(closed).toEqual(['server', 'socket', 'database']);
  expect(clock.pendingSleeps).toBe(0);
});

it('leaves nobody out because another hangs or fails', async () => {
  const { clock, log, shutdown, closed } = setUp();
  shutdown.later('first', 100, () => closed.push('first'));
  shutdown.later('throws', 100, () => {
    throw new Error('boom');
  });
  shutdown.later('rejects', 100, () => Promise.reject(new Error('bang')));
  shutdown.later('hangs', 3_000, () => new Promise(() => undefined));
  const run = shutdown.run();
  await clock.advance(2_999);
  expect(closed).toEqual([]);
  await clock.advance(1);
  expect(await run).toBe(false);
  expect(closed).toEqual(['first']);
  expect(log.at('error').map(({ message }) => message.split(' ')[0])).toEqual(['hangs', 'rejects', 'throws']);
});

it('runs on a signal and leaves when all is closed', async () => {
  const { clock, shutdown, closed, source, left } = setUp();
  shutdown.later('server', 100, () => closed.push('server'));
  source.emit('SIGTERM', 'SIGTERM');
  await clock.settle();
  expect([closed, left]).toEqual([['server'], [0]]);
  expect(source.eventNames()).toEqual([]);
});

it('leaves with 1 when something was not closed', async () => {
  const { clock, shutdown, source, left } = setUp();
  shutdown.later('server', 100, () => new Promise(() => undefined));
  source.emit('SIGINT', 'SIGINT');
  await clock.advance(100);
  expect(left).toEqual([1]);
});

it('leaves at once on a second signal', async () => {
  const { clock, shutdown, source, left } = setUp();
  shutdown.later('server', 60_000, () => new Promise(() => undefined));
  source.emit('SIGTERM', 'SIGTERM');
  await clock.settle();
  expect(left).toEqual([]);
  source.emit('SIGINT', 'SIGINT');
  expect(left).toEqual([130]);
});
