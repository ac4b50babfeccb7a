/** FCM: what is sent, and what each answer means (EDGES 18, 19, 21, 23), over HTTP/2. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { drop, garbage, hang, refuse, slow, stall, tear } from '../../lab/push/answers.ts';
import { android, type Bench, never, notice, openBench, patient, pausesOf, reasonOf } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const wake = (device = android(), forMs = 5000) => bench.push.wake(device, notice(forMs), never());
const requestsFor = (token: string) => bench.services.fcm.requests.filter((push) => push.token === token);
const sentBody = z.object({
  message: z.object({ android: z.object({ priority: z.string(), ttl: z.string() }), data: z.unknown() }),
});

describe('a message', patient, () => {
  it('is data only, of high priority, and lives as long as the notice', async () => {
    const device = android();
    await wake(device, 9000);
    const { message } = sentBody.parse(requestsFor(device.token)[0]?.body);
    expect(Object.keys(message).sort()).toEqual(['android', 'data']);
    expect(message.android.priority).toBe('high');
    const ttlMs = Number.parseFloat(message.android.ttl) * 1000;
    expect(ttlMs).toBeLessThanOrEqual(9000);
    expect(ttlMs).toBeGreaterThan(0);
  });

  it('carries call id, send time and expiry, so that a late or double one can be dropped', async () => {
    const device = android();
    const told = notice(4000);
    await bench.push.wake(device, told, never());
    expect(requestsFor(device.token)[0]?.payload).toMatchObject({
      callId: told.callId,
      sentAt: new Date(told.sentAtMs).toISOString(),
      expiresAt: new Date(told.expiresAtMs).toISOString(),
    });
  });

  it('has less time to live when it is tried again later', async () => {
    const device = android();
    bench.services.fcm.answers.forToken(device.token, refuse(503, 'UNAVAILABLE', { retryAfter: '1' }), 1);
    await wake(device, 8000);
    const ttls = requestsFor(device.token).map(({ body }) =>
      Number.parseFloat(sentBody.parse(body).message.android.ttl),
    );
    expect(ttls).toHaveLength(2);
    expect(ttls[1]).toBeLessThan(ttls[0] ?? 0);
  });

  it('takes a name of any length', async () => {
    const device = android();
    const told = notice(5000, { caller: { name: '"電"'.repeat(50_000), number: '1001' } });
    expect(await bench.push.wake(device, told, never())).toEqual({ kind: 'delivered' });
    expect(await bench.push.tellEnded(device, told, never())).toEqual({ kind: 'delivered' });
  });
});

describe('an answer', patient, () => {
  it.each([
    [refuse(404, 'UNREGISTERED'), 'dead-token', /UNREGISTERED/],
    [refuse(404, 'NOT_FOUND'), 'our-fault', /no such Firebase project/],
    [refuse(400, 'INVALID_ARGUMENT'), 'our-fault', /INVALID_ARGUMENT/],
    [refuse(403, 'SENDER_ID_MISMATCH'), 'our-fault', /another Firebase project/],
    [refuse(403, 'PERMISSION_DENIED'), 'our-fault', /PERMISSION_DENIED/],
    [refuse(401, 'THIRD_PARTY_AUTH_ERROR'), 'our-fault', /THIRD_PARTY_AUTH_ERROR/],
    [garbage(404), 'our-fault', /check FCM_URL/],
    [garbage(400), 'our-fault', /HTTP 400/],
  ] as const)('%j means %s, at once', async (answer, kind, reason) => {
    const device = android();
    bench.services.fcm.answers.forToken(device.token, answer);
    const result = await wake(device);
    expect(result).toMatchObject({ kind, reason: expect.stringMatching(reason) });
    expect(requestsFor(device.token)).toHaveLength(1);
  });

  it.concurrent.each([
    ['429', refuse(429, 'QUOTA_EXCEEDED')],
    ['500', refuse(500, 'INTERNAL')],
    ['503', refuse(503, 'UNAVAILABLE')],
    ['garbage', garbage(200)],
    ['garbage of 503', garbage(503)],
    ['an empty name', garbage(200, '{"name":""}')],
    ['drop', drop],
    ['tear', tear],
  ] as const)('%s is tried again until it is delivered', async (_, answer) => {
    const device = android();
    bench.services.fcm.answers.forToken(device.token, answer, 2);
    expect(await bench.another().wake(device, notice(20_000), never())).toEqual({ kind: 'delivered' });
    expect(requestsFor(device.token)).toHaveLength(3);
  });

  it.concurrent.each([
    ['stall', stall],
    ['hang', hang],
  ] as const)('%s is waited for, for as long as a slow service takes, and then tried again', async (_, answer) => {
    const device = android();
    bench.services.fcm.answers.forToken(device.token, answer, 1);
    expect(await bench.another().wake(device, notice(40_000), never())).toEqual({ kind: 'delivered' });
    expect(requestsFor(device.token)).toHaveLength(2);
  });

  it('that never came is not asked for twice at once, by the library and by us', async () => {
    const device = android();
    bench.services.fcm.answers.forToken(device.token, drop, 1);
    expect(await wake(device)).toEqual({ kind: 'delivered' });
    await wake();
    expect(requestsFor(device.token).map(({ outcome }) => outcome)).toEqual(['drop', 'accepted']);
  });

  it('comes late and is waited for', async () => {
    const device = android();
    bench.services.fcm.answers.forToken(device.token, slow(4000), 1);
    expect(await wake(device, 10_000)).toEqual({ kind: 'delivered' });
    expect(requestsFor(device.token)).toHaveLength(1);
  });

  it('with a Retry-After that fits is tried again just then', async () => {
    const device = android();
    bench.services.fcm.answers.forToken(device.token, refuse(429, 'QUOTA_EXCEEDED', { retryAfter: '1' }), 1);
    expect(await wake(device, 10_000)).toEqual({ kind: 'delivered' });
    expect(requestsFor(device.token)).toHaveLength(2);
    expect(pausesOf(device, bench)).toEqual([1000]);
  });

  it.each([503, 429])('with a Retry-After beyond the expiry fails without another try (%i)', async (status) => {
    const device = android();
    bench.services.fcm.answers.forToken(device.token, refuse(status, 'UNAVAILABLE', { retryAfter: '30' }));
    expect(await wake(device, 6000)).toMatchObject({ kind: 'failed', reason: expect.stringMatching(/UNAVAILABLE/) });
    expect(requestsFor(device.token)).toHaveLength(1);
  });

  it('understands a Retry-After that is a date', async () => {
    const device = android();
    const retryAfter = new Date(Date.now() + 60_000).toUTCString();
    bench.services.fcm.answers.forToken(device.token, refuse(503, 'UNAVAILABLE', { retryAfter }));
    expect(await wake(device, 6000)).toMatchObject({ kind: 'failed' });
    expect(requestsFor(device.token)).toHaveLength(1);
  });
});

describe('the access token', patient, () => {
  it('is fetched once for all who wait', async () => {
    const push = bench.another();
    const before = bench.services.fcm.tokensIssued;
    await Promise.all(Array.from({ length: 20 }, () => push.wake(android(), notice(), never())));
    expect(bench.services.fcm.tokensIssued - before).toBe(1);
  });

  it('is renewed at once when the server refuses it, by one for all', async () => {
    await wake();
    const before = bench.services.fcm.tokensIssued;
    bench.services.fcm.expireTokens();
    const results = await Promise.all(Array.from({ length: 8 }, () => wake()));
    expect(results.map(({ kind }) => kind)).toEqual(Array(8).fill('delivered'));
    expect(bench.services.fcm.tokensIssued - before).toBe(1);
  });

  it('that is refused again is our fault', async () => {
    const device = android();
    bench.services.fcm.answers.forToken(device.token, refuse(401, 'UNAUTHENTICATED'));
    expect(await wake(device)).toMatchObject({ kind: 'our-fault', reason: expect.stringMatching(/UNAUTHENTICATED/) });
    expect(requestsFor(device.token)).toHaveLength(2);
  });

  it.concurrent.each([
    ['refused', garbage(400, '{"error":"invalid_grant"}'), 'our-fault', /invalid_grant.*FCM_CREDENTIALS_FILE/],
    ['refused without a word', garbage(403, ''), 'our-fault', /HTTP 403/],
    ['not to be had', garbage(503, ''), 'failed', /HTTP 503/],
    ['nonsense', garbage(200, '<html>'), 'failed', /no sense/],
    ['never answered', hang, 'failed', /expired/],
    ['broken off', drop, 'failed', /ECONNRESET/],
  ] as const)('%s: the push says so, and the next one gets a token', async (_, answer, kind, reason) => {
    const own = await openBench();
    own.services.fcm.tokenAnswers.toAll(answer);
    const result = await own.push.wake(android(), notice(1900), never());
    expect(result.kind).toBe(kind);
    expect(reasonOf(result)).toMatch(reason);
    own.services.fcm.tokenAnswers.reset();
    expect(await own.push.wake(android(), notice(), never())).toEqual({ kind: 'delivered' });
    await own.close();
  });
});

it('puts no token into the log or a reason', async () => {
  const device = android({ token: 'SECRET-fcm-token' });
  const reasons: string[] = [];
  const answers = [
    garbage(400, '{"error":{"message":"SECRET-fcm-token","status":"SECRET-fcm-token"}}'),
    garbage(),
    drop,
  ];
  for (const answer of answers) {
    bench.services.fcm.answers.forToken(device.token, answer);
    reasons.push(reasonOf(await wake(device, 700)));
  }
  expect(reasons).toHaveLength(3);
  expect(JSON.stringify([reasons, bench.log.lines])).not.toMatch(/SECRET|ya29|PRIVATE/);
});
