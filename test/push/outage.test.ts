/** What the operator hears of a service that is out of order, in virtual time: once, however many pushes meet it. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { fakeLog } from '../../lab/fakes/log.ts';
import { Delivery } from '../../src/push/delivery.ts';
import { Outage } from '../../src/push/outage.ts';
import type { Answer, PushService } from '../../src/push/push-service.ts';
import { android, iphone, never, notice } from './bench.ts';

function setUp() {
  const clock = new VirtualClock();
  const log = fakeLog();
  const told = () =>
    log.lines.filter(({ level }) => level !== 'debug').map(({ level, message }) => `${level} ${message}`);
  return { clock, log, told };
}

function deliveryOver(say: () => Answer) {
  const { clock, log, told } = setUp();
  const answer = async () => say();
  const close = async () => undefined;
  const service: PushService = { wake: answer, tellEnded: answer, warmUp: close, close };
  const delivery = new Delivery({ android: service, ios: service }, clock, log);
  const push = async (device = android(), forMs = 200) => {
    const result = delivery.wake(device, notice(0, { expiresAtMs: clock.wallMs() + forMs }), never());
    await clock.advance(forMs);
    return await result;
  };
  return { clock, log, told, delivery, push };
}

const down: Answer = { kind: 'again', reason: 'FCM: ECONNREFUSED', afterMs: undefined };

describe('an outage', () => {
  it('of 100 calls is one line, and its end another', async () => {
    let now: Answer = down;
    const { delivery, push, told, log } = deliveryOver(() => now);
    for (let calls = 0; calls < 100; calls += 1) expect(await push()).toMatchObject({ kind: 'failed' });
    expect(delivery.outages.android.reason).toBe('FCM: ECONNREFUSED');
    expect(delivery.outages.ios.reason).toBeUndefined();
    now = { kind: 'delivered' };
    for (let calls = 0; calls < 5; calls += 1) await push();
    expect(told()).toEqual([
      'error pushes through FCM fail; calls go on with the phones that register by themselves',
      'info pushes through FCM work again',
    ]);
    expect(log.at('info')[0]?.fields).toMatchObject({ failures: 100 });
    expect(delivery.outages.android.reason).toBeUndefined();
  });

  it('of each service is told for itself', async () => {
    const { push, told } = deliveryOver(() => down);
    await push(android());
    await push(iphone());
    expect(told()).toEqual([expect.stringContaining('FCM'), expect.stringContaining('APNs')]);
  });

  it('shows as well where no answer comes before the push expires', async () => {
    const { clock, told, delivery } = deliveryOver(() => down);
    const silent: PushService = {
      wake: () => new Promise(() => undefined),
      tellEnded: () => new Promise(() => undefined),
      warmUp: async () => undefined,
      close: async () => undefined,
    };
    const log = fakeLog();
    const mute = new Delivery({ android: silent, ios: undefined }, clock, log);
    const result = mute.wake(android(), notice(0, { expiresAtMs: clock.wallMs() + 500 }), never());
    await clock.advance(500);
    await result;
    expect(log.at('error')).toHaveLength(1);
    expect([told(), delivery.outages.android.reason]).toEqual([[], undefined]);
  });

  it.each<[string, Answer]>([
    ['asks one phone to wait', { kind: 'again', reason: 'APNs: TooManyRequests', afterMs: undefined, ofToken: true }],
    ['knows a token no more', { kind: 'dead-token', reason: 'UNREGISTERED', sinceMs: undefined }],
    ['cannot be used for this', { kind: 'not-possible', reason: 'no token' }],
  ])('is none where a service %s', async (_, answer) => {
    const { push, told } = deliveryOver(() => answer);
    await push();
    expect(told()).toEqual([]);
  });

  it('that nobody but the operator can end is not tried again, told once, and its end as well', async () => {
    let now: Answer = { kind: 'broken', reason: "FCM: the server's certificate is not trusted (CERT_HAS_EXPIRED)" };
    const { push, told } = deliveryOver(() => now);
    for (let calls = 0; calls < 3; calls += 1) expect(await push()).toMatchObject({ kind: 'our-fault' });
    // A word on one token proves that the service is there again.
    now = { kind: 'dead-token', reason: 'UNREGISTERED', sinceMs: undefined };
    await push();
    expect(told()).toEqual([expect.stringContaining('fail'), expect.stringContaining('work again')]);
  });

  it('that comes and goes is told of once a minute', async () => {
    const { clock, log, told } = setUp();
    const outage = new Outage('FCM', clock, log);
    for (let second = 0; second < 120; second += 1) {
      outage.failed('FCM: UNAVAILABLE');
      outage.works('7 a wake');
      await clock.advance(1000);
    }
    expect(told()).toHaveLength(4);
    await clock.advance(60_000);
    outage.failed('FCM: UNAVAILABLE');
    expect(told()).toHaveLength(5);
  });

  it('that lasts is told of even where it began within that minute', async () => {
    const { clock, log, told } = setUp();
    const outage = new Outage('FCM', clock, log);
    outage.failed('FCM: UNAVAILABLE');
    outage.works('7 a wake');
    await clock.advance(1000);
    outage.failed('FCM: UNAVAILABLE');
    expect(told()).toHaveLength(2);
    await clock.advance(60_000);
    outage.failed('FCM: UNAVAILABLE');
    expect(told()).toHaveLength(3);
  });
});
