/** APNs: what is sent, and what each answer means (EDGES 18-21, 23), through node-apn over TLS. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drop, garbage, hang, refuse, slow, stall, tear } from '../../lab/push/answers.ts';
import { bundleId, otherBundleId } from '../../lab/push/services.ts';
import type { Device } from '../../src/call/ports.ts';
import { type Bench, iphone, never, notice, openBench, patient, pausesOf, reasonOf } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const wake = (device: Device, forMs = 5000) => bench.push.wake(device, notice(forMs), never());
const tellEnded = (device: Device) => bench.push.tellEnded(device, notice(), never());
const requestsFor = (token: string) => bench.services.apns.requests.filter((push) => push.token === token);

describe('a notification', patient, () => {
  it('of a call is a VoIP push of priority 10 that expires with the notice', async () => {
    const device = iphone();
    const told = notice(9000);
    await bench.push.wake(device, told, never());
    const [push] = requestsFor(device.token);
    expect(push?.headers).toMatchObject({
      'apns-push-type': 'voip',
      'apns-topic': `${bundleId}.voip`,
      'apns-priority': '10',
      'apns-expiration': String(Math.floor(told.expiresAtMs / 1000)),
    });
    expect(push?.body).toEqual({
      aps: {},
      type: 'incoming-call',
      callId: 'call-1',
      callerName: told.caller.name,
      callerNumber: told.caller.number,
      calleeUserId: '7',
      sentAt: new Date(told.sentAtMs).toISOString(),
      expiresAt: new Date(told.expiresAtMs).toISOString(),
    });
  });

  it("of a call's end goes to the other token, in the background, and never as VoIP", async () => {
    const device = iphone();
    expect(await tellEnded(device)).toEqual({ kind: 'delivered' });
    expect(requestsFor(device.token)).toEqual([]);
    const [push] = requestsFor(device.alertToken ?? '');
    expect(push?.headers).toMatchObject({
      'apns-push-type': 'background',
      'apns-topic': bundleId,
      'apns-priority': '5',
    });
    expect(push?.body).toMatchObject({ aps: { 'content-available': 1 }, type: 'call-ended', reason: 'caller-left' });
  });

  it("of a call's end is not possible without the other token", async () => {
    const before = bench.services.apns.requests.length;
    expect(await tellEnded(iphone({ alertToken: undefined }))).toMatchObject({ kind: 'not-possible' });
    expect(bench.services.apns.requests.length).toBe(before);
  });

  it('goes to the app that the device names', async () => {
    const device = iphone({ appId: otherBundleId });
    await wake(device);
    await tellEnded(device);
    expect(requestsFor(device.token)[0]?.headers['apns-topic']).toBe(`${otherBundleId}.voip`);
    expect(requestsFor(device.alertToken ?? '')[0]?.headers['apns-topic']).toBe(otherBundleId);
  });

  it('takes a name of any length, VoIP and background alike', async () => {
    const device = iphone();
    const told = notice(5000, { caller: { name: '"電"'.repeat(50_000), number: '1001' } });
    expect(await bench.push.wake(device, told, never())).toEqual({ kind: 'delivered' });
    expect(await bench.push.tellEnded(device, told, never())).toEqual({ kind: 'delivered' });
  });

  it('is not even tried to a token that is none', async () => {
    const before = bench.services.apns.requests.length;
    for (const token of ['', '../../1/apps', 'ab?x', 'ab/cd']) {
      expect(await wake(iphone({ token }))).toMatchObject({ kind: 'our-fault' });
    }
    expect(bench.services.apns.requests.length).toBe(before);
  });
});

describe('an answer', patient, () => {
  it.each(['Unregistered', 'ExpiredToken'])('410 %s means a dead token, since when Apple says', async (reason) => {
    const device = iphone();
    bench.services.apns.answers.forToken(device.token, refuse(410, reason, { sinceMs: 1_600_000_000_123 }));
    expect(await wake(device)).toEqual({ kind: 'dead-token', reason, sinceMs: 1_600_000_000_123 });
    expect(requestsFor(device.token)).toHaveLength(1);
  });

  it('410 to the other token says nothing of the one that wakes', async () => {
    const device = iphone();
    bench.services.apns.answers.forToken(device.alertToken ?? '', refuse(410, 'Unregistered', { sinceMs: 1 }));
    expect(await tellEnded(device)).toMatchObject({ kind: 'not-possible' });
  });

  it.each([
    [400, 'BadDeviceToken', /APNS_URL/],
    [400, 'DeviceTokenNotForTopic', /APNS_TOPIC/],
    [400, 'TopicDisallowed', /APNS_TOPIC/],
    [400, 'MissingTopic', /APNS_TOPIC/],
    [403, 'InvalidProviderToken', /APNS_KEY_ID/],
    [413, 'PayloadTooLarge', /PayloadTooLarge/],
  ])('%i %s means a fault of ours, at once', async (status, word, reason) => {
    const device = iphone();
    bench.services.apns.answers.forToken(device.token, refuse(status, word));
    expect(await wake(device)).toMatchObject({ kind: 'our-fault', reason: expect.stringMatching(reason) });
    expect(requestsFor(device.token)).toHaveLength(1);
  });

  it.concurrent.each([
    ['429', refuse(429, 'TooManyRequests')],
    ['500', refuse(500, 'InternalServerError')],
    ['503', refuse(503, 'ServiceUnavailable')],
    ['garbage', garbage(200)],
    ['garbage of 404', garbage(404)],
    ['an empty answer', garbage(400, '')],
    ['drop', drop],
    ['tear', tear],
  ] as const)('%s is tried again with the same apns-id until it is delivered', async (_, answer) => {
    const device = iphone();
    bench.services.apns.answers.forToken(device.token, answer, 2);
    expect(await bench.another().wake(device, notice(20_000), never())).toEqual({ kind: 'delivered' });
    const ids = requestsFor(device.token).map(({ headers }) => headers['apns-id']);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
  });

  it.concurrent.each([
    ['stall', stall],
    ['hang', hang],
  ] as const)('%s is not asked for a second time: iOS would show a second call', async (_, answer) => {
    const device = iphone();
    bench.services.apns.answers.forToken(device.token, answer);
    const result = await bench.another().wake(device, notice(40_000), never());
    expect(result).toMatchObject({ kind: 'failed', reason: expect.stringMatching(/no answer in 15 s/) });
    expect(requestsFor(device.token)).toHaveLength(1);
  });

  it('comes late and is waited for', async () => {
    const device = iphone();
    bench.services.apns.answers.forToken(device.token, slow(4000), 1);
    expect(await bench.push.wake(device, notice(10_000), never())).toEqual({ kind: 'delivered' });
    expect(requestsFor(device.token)).toHaveLength(1);
  });

  it.each([429, 503])('%i with a Retry-After that fits is tried again just then', async (status) => {
    const device = iphone();
    bench.services.apns.answers.forToken(device.token, refuse(status, 'ServiceUnavailable', { retryAfter: '1' }), 1);
    expect(await wake(device, 10_000)).toEqual({ kind: 'delivered' });
    expect(requestsFor(device.token)).toHaveLength(2);
    expect(pausesOf(device, bench)).toEqual([1000]);
  });

  it('with a Retry-After beyond the expiry fails without another try', async () => {
    const device = iphone();
    bench.services.apns.answers.forToken(device.token, refuse(429, 'TooManyRequests', { retryAfter: '30' }));
    expect(await wake(device, 6000)).toMatchObject({ kind: 'failed' });
    expect(requestsFor(device.token)).toHaveLength(1);
  });
});

describe("the provider's token", patient, () => {
  it.each(['ExpiredProviderToken', 'InvalidProviderToken'])(
    'that is refused (%s) right after it was signed is our fault, and no other is signed so soon',
    async (reason) => {
      await wake(iphone());
      const before = bench.services.apns.providerTokens.size;
      const device = iphone();
      bench.services.apns.answers.forToken(device.token, refuse(403, reason), 1);
      expect(await wake(device)).toMatchObject({ kind: 'our-fault', reason: expect.stringMatching(/clock/) });
      expect(requestsFor(device.token)).toHaveLength(1);
      expect(await wake(device)).toEqual({ kind: 'delivered' });
      expect(bench.services.apns.providerTokens.size).toBe(before);
    },
  );

  it('outlives the connections, for Apple wants few', async () => {
    const push = bench.another();
    await push.wake(iphone(), notice(), never());
    const before = bench.services.apns.providerTokens.size;
    for (let turn = 0; turn < 3; turn += 1) {
      bench.services.apns.connections.drop();
      expect(await push.wake(iphone(), notice(), never())).toEqual({ kind: 'delivered' });
    }
    expect(bench.services.apns.providerTokens.size).toBe(before);
  });
});

it('puts no token into the log or a reason', async () => {
  const device = iphone({ token: 'deadbeef'.repeat(8) });
  const reasons: string[] = [];
  for (const answer of [garbage(400, `{"reason":"${device.token}"}`), refuse(400, 'BadDeviceToken'), drop]) {
    bench.services.apns.answers.forToken(device.token, answer);
    reasons.push(reasonOf(await wake(device, 700)));
  }
  expect(reasons).toHaveLength(3);
  expect(JSON.stringify([reasons, bench.log.lines])).not.toMatch(/deadbeef|bearer|PRIVATE/i);
});
