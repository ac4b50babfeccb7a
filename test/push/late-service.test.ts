/** A push service that is loaded when it is first asked for: once, whoever asks, and not once it has been closed. */
import { expect, it } from 'vitest';
import { openLate } from '../../src/push/lazy-service.ts';
import type { Answer, PushService } from '../../src/push/push-service.ts';
import { android, notice } from './bench.ts';

const attempt = { pushId: 'id', signal: new AbortController().signal, leftMs: () => 1_000 };

/** @param failures so many times it cannot be opened */
function counted(failures = 0) {
  const count = { opened: 0, closed: 0 };
  const delivered = async (): Promise<Answer> => ({ kind: 'delivered' });
  const service: PushService = {
    wake: delivered,
    tellEnded: delivered,
    warmUp: async () => undefined,
    close: async () => {
      count.closed += 1;
    },
  };
  const late = openLate(async () => {
    count.opened += 1;
    if (count.opened <= failures) throw new Error('too many open files');
    return service;
  });
  return { count, late };
}

it('is opened once, by whoever asks first', async () => {
  const { count, late } = counted();
  expect(count.opened).toBe(0);
  const wakes = [1, 2].map(() => late.wake(android(), notice(1_000), attempt));
  await late.warmUp();
  expect(await Promise.all(wakes)).toEqual([{ kind: 'delivered' }, { kind: 'delivered' }]);
  await late.close();
  expect(count).toEqual({ opened: 1, closed: 1 });
});

it('that nobody has asked is closed unopened, and never opened afterwards', async () => {
  const { count, late } = counted();
  await late.close();
  await expect(late.wake(android(), notice(1_000), attempt)).rejects.toThrow('closed');
  expect(count).toEqual({ opened: 0, closed: 0 });
});

it('that could not be opened is tried again by the next one who asks', async () => {
  const { count, late } = counted(1);
  await expect(late.warmUp()).rejects.toThrow('too many open files');
  await late.warmUp();
  await late.close();
  expect(count).toEqual({ opened: 2, closed: 1 });
});

it('that cannot be opened says so to whoever asks, and can be closed', async () => {
  const late = openLate(() => Promise.reject(new Error('no such package')));
  await expect(late.wake(android(), notice(1_000), attempt)).rejects.toThrow('no such package');
  await late.close();
});
