/** Refusals for our own set-up (EDGES 51): each shows in trouble() and in the log when it begins and when it ends; one that is a single phone's is told once, and never again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { fakeLog } from '../../lab/fakes/log.ts';
import { garbage, refuse } from '../../lab/push/answers.ts';
import { otherBundleId } from '../../lab/push/services.ts';
import { createPush } from '../../src/push/create-push.ts';
import { Delivery } from '../../src/push/delivery.ts';
import { Outage } from '../../src/push/outage.ts';
import type { Answer } from '../../src/push/push-service.ts';
import { systemClock } from '../../src/system/clock.ts';
import { android, type Bench, iphone, never, notice, openBench, patient, settingsFor } from './bench.ts';

const refusedLine = (service: string) =>
  `error pushes through ${service} are refused for our own set-up; calls go on with the phones that register by themselves`;
const toldOf = (log: ReturnType<typeof fakeLog>) =>
  log.lines.filter(({ level }) => level !== 'debug').map(({ level, message }) => `${level} ${message}`);

describe('a refusal', patient, () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench.close());

  it.each([
    ['android', refuse(403, 'SENDER_ID_MISMATCH'), /another Firebase project/],
    ['android', refuse(403, 'PERMISSION_DENIED'), /may not send/],
    ['android', refuse(401, 'UNAUTHENTICATED'), /refuses the access token/],
    ['android', refuse(401, 'THIRD_PARTY_AUTH_ERROR'), /lacks/],
    ['android', refuse(404, 'NOT_FOUND'), /no such Firebase project/],
    ['android', refuse(429, 'QUOTA_EXCEEDED', { retryAfter: '600' }), /more messages than FCM allows/],
    ['android', garbage(404), /check FCM_URL and any proxy/],
    ['ios', refuse(403, 'InvalidProviderToken'), /APNS_KEY_ID/],
    ['ios', refuse(403, 'ExpiredProviderToken'), /clock/],
    ['ios', refuse(403, 'MissingProviderToken'), /proxy/],
    ['ios', refuse(403, 'BadEnvironmentKeyInToken'), /APNS_URL/],
    ['ios', refuse(403, 'BadCertificateEnvironment'), /APNS_URL/],
    ['ios', refuse(403, 'Forbidden'), /APNS_KEY_FILE/],
    ['ios', refuse(429, 'TooManyProviderTokenUpdates', { retryAfter: '600' }), /too many routers/],
    ['ios', refuse(400, 'TopicDisallowed'), /APNS_TOPIC/],
    ['ios', refuse(400, 'BadTopic'), /APNS_TOPIC/],
    ['ios', refuse(400, 'BadDeviceToken'), /APNS_URL/],
    ['ios', refuse(400, 'DeviceTokenNotForTopic'), /APNS_TOPIC/],
  ] as const)('%s %j of every push is told when it begins and when it ends', async (platform, answer, why) => {
    const log = fakeLog();
    const push = createPush({ ...settingsFor(bench.services), clock: systemClock, log });
    const [newDevice, key, service] =
      platform === 'ios' ? ([iphone, 'apns', 'APNs'] as const) : ([android, 'fcm', 'FCM'] as const);
    const { answers } = bench.services[key];
    answers.toAll(answer);
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await push.wake(newDevice(), notice(20_000), never())).kind).toMatch(/our-fault|failed/);
    }
    expect(push.trouble()[key]).toMatch(why);
    expect(toldOf(log)).toEqual([refusedLine(service)]);
    expect(log.at('error')[0]?.fields.reason).toMatch(why);

    answers.reset();
    expect(await push.wake(newDevice(), notice(), never())).toEqual({ kind: 'delivered' });
    expect(push.trouble()[key]).toBeUndefined();
    expect(toldOf(log)).toEqual([refusedLine(service), `info pushes through ${service} work again`]);
    await push.close();
  });

  it.each([
    ['a phone that gets too many', refuse(429, 'TooManyRequests', { retryAfter: '600' }), {}],
    ['a token that is none', refuse(500, 'never asked'), { token: 'no hex' }],
  ] as const)('of %s is no trouble of everybody', async (_, answer, given) => {
    const log = fakeLog();
    const push = createPush({ ...settingsFor(bench.services), clock: systemClock, log });
    const phone = iphone(given);
    bench.services.apns.answers.forToken(phone.token, answer);
    expect((await push.wake(phone, notice(20_000), never())).kind).toMatch(/our-fault|failed/);
    expect(push.trouble().apns).toBeUndefined();
    await push.close();
  });

  it('of the topic that a phone has named ceases to be told once other phones are pushed', async () => {
    const log = fakeLog();
    const push = createPush({ ...settingsFor(bench.services), clock: systemClock, log });
    const beta = iphone({ appId: otherBundleId });
    bench.services.apns.answers.forToken(beta.token, refuse(400, 'TopicDisallowed'));
    for (let turn = 0; turn < 3; turn += 1) {
      await push.wake(beta, notice(), never());
      expect(await push.wake(iphone(), notice(), never())).toEqual({ kind: 'delivered' });
    }
    expect(toldOf(log)).toEqual([refusedLine('APNs'), 'info pushes through APNs work again']);
    await push.close();
  });
});

describe('what is told of the set-up', () => {
  function setUp() {
    const clock = new VirtualClock();
    const log = fakeLog();
    return { clock, log, outage: new Outage('FCM', clock, log) };
  }

  it('is each fault, also amid an outage; and one end of all', () => {
    const { log, outage } = setUp();
    outage.failed('FCM: ECONNREFUSED');
    outage.refused('FCM: PERMISSION_DENIED');
    outage.failed('FCM: ESILENT');
    outage.refused('FCM: NOT_FOUND');
    outage.refused('FCM: PERMISSION_DENIED');
    expect(log.at('error').map(({ fields }) => fields.reason)).toEqual([
      'FCM: ECONNREFUSED',
      'FCM: PERMISSION_DENIED',
      'FCM: NOT_FOUND',
    ]);
    expect(outage.reason).toBe('FCM: PERMISSION_DENIED');
    outage.works('a');
    expect(log.at('info').map(({ fields }) => fields)).toEqual([{ forMs: 0, failures: 5 }]);
  });

  it('is every time that it begins and ends, once a minute at most', async () => {
    const { clock, log, outage } = setUp();
    for (let second = 0; second < 120; second += 1) {
      outage.refused('FCM: PERMISSION_DENIED');
      outage.works('a');
      await clock.advance(1000);
    }
    expect([log.at('error').length, log.at('info').length]).toEqual([2, 2]);
  });

  it('is a phone’s refusal once, while others are pushed; and again when it is refused after it has worked', async () => {
    const { clock, log, outage } = setUp();
    for (let day = 0; day < 10; day += 1) {
      outage.refused('FCM: SENDER_ID_MISMATCH', 'old');
      expect(outage.reason).toBe(day === 0 ? 'FCM: SENDER_ID_MISMATCH' : undefined);
      outage.works('new');
      await clock.advance(86_400_000);
    }
    expect([log.at('error').length, log.at('info').length]).toEqual([1, 1]);
    outage.works('old');
    outage.refused('FCM: SENDER_ID_MISMATCH', 'old');
    expect(outage.reason).toBe('FCM: SENDER_ID_MISMATCH');
    // Its own success says nothing of others, nor against it.
    outage.works('old');
    outage.refused('FCM: SENDER_ID_MISMATCH', 'old');
    expect(outage.reason).toBe('FCM: SENDER_ID_MISMATCH');
  });

  it('is everybody’s again when phones are refused that were not before', () => {
    const { outage } = setUp();
    outage.refused('FCM: SENDER_ID_MISMATCH', 'old');
    outage.works('new');
    outage.refused('FCM: SENDER_ID_MISMATCH', 'old');
    outage.refused('FCM: SENDER_ID_MISMATCH', 'new');
    expect(outage.reason).toBe('FCM: SENDER_ID_MISMATCH');
  });

  it('is no more than ten faults at a time, whatever words a service makes up', async () => {
    const clock = new VirtualClock();
    const log = fakeLog();
    let turn = 0;
    const say = async (): Promise<Answer> => {
      turn += 1;
      return { kind: 'our-fault', reason: `FCM: MADE_UP_${turn}` };
    };
    const service = { wake: say, tellEnded: say, warmUp: async () => undefined, close: async () => undefined };
    const delivery = new Delivery({ android: service, ios: undefined }, clock, log);
    const worth = notice(0, { sentAtMs: clock.wallMs(), expiresAtMs: clock.wallMs() + 1000 });
    for (let calls = 0; calls < 100; calls += 1) await delivery.wake(android(), worth, never());
    expect(log.at('error')).toHaveLength(10);
    expect(delivery.outages.android.reason).toBe('FCM: MADE_UP_100');
  });
});
