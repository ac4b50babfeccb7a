/** What generated answers of push services have found, each as a test of its own. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeLog, fakeLog } from '../../lab/fakes/log.ts';
import type { Device } from '../../src/call/ports.ts';
import { createPush, type PushGateway } from '../../src/push/create-push.ts';
import { systemClock } from '../../src/system/clock.ts';
import { android, iphone, never, notice } from '../push/bench.ts';
import { type StrangeServices, startStrangeServices } from './strange-services.ts';

const log: FakeLog = fakeLog();
let services: StrangeServices;
let push: PushGateway;
beforeAll(async () => {
  services = await startStrangeServices();
  push = createPush({ ...services.settings, clock: systemClock, log });
  // The first connection takes a while.
  await said(android(), 200, { name: 'projects/fuzz/messages/0:1' }, {}, 10_000);
});
afterAll(async () => {
  await push.close();
  await services.close();
});

/** What one push comes to that is answered so. A string is sent as it is. */
async function said(
  device: Device,
  status: number,
  body: object | string,
  headers: Record<string, string> = {},
  worthMs = 250,
) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  services.answers.set(device.token, { status, headers, body: bytes, how: 'whole' });
  services.attempts = 0;
  return push.wake(device, notice(worthMs), never());
}

it.each([
  ['a page', '<html>410 Gone</html>'],
  ['a word of nobody', { reason: 'Gone' }],
])('410 with %s kills no token', async (_what, body) => {
  expect(await said(iphone(), 410, body)).not.toMatchObject({ kind: 'dead-token' });
});

it.each([[], true, '0x10', -1, 1e300, 1.5])('a token is not dead since %j', async (timestamp) => {
  const result = await said(iphone(), 410, { reason: 'Unregistered', timestamp });
  expect(result).toEqual({ kind: 'dead-token', reason: 'Unregistered', sinceMs: undefined });
});

it('an error in an answer that says 200 kills no token', async () => {
  const details = [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'UNREGISTERED' }];
  const result = await said(android(), 200, { error: { code: 404, status: 'NOT_FOUND', details } });
  expect(result).toMatchObject({ kind: 'failed' });
});

it('a message without a name as FCM gives them is not delivered', async () => {
  expect(await said(android(), 200, { name: 'x' })).toMatchObject({ kind: 'failed' });
});

it.each(['0', 'Thu, 01 Jan 1970 00:00:00 GMT'])('Retry-After: %s begins no storm', async (retryAfter) => {
  const started = log.lines.length;
  const result = await said(android(), 429, {}, { 'retry-after': retryAfter }, 1_000);
  expect(result).toMatchObject({ kind: 'failed' });
  const pauses = log.lines.slice(started).flatMap(({ fields }) => ('pauseMs' in fields ? [fields.pauseMs] : []));
  expect(new Set(pauses)).toEqual(new Set([300]));
});

it('a service that makes up words does not fill the log', async () => {
  const started = log.at('error').length;
  for (let n = 0; n < 120; n += 1) {
    const code = `MADE_UP_${String.fromCharCode(65 + Math.floor(n / 26), 65 + (n % 26))}`;
    expect(await said(android(), 400, { error: { status: code } }, {}, 5_000)).toMatchObject({ kind: 'our-fault' });
  }
  expect(log.at('error').length - started).toBeLessThanOrEqual(50);
});

it.each([
  ['with a control character', { access_token: 'a\u0001b', expires_in: 3600 }],
  ['that lives for years', { access_token: 'ya29.x', expires_in: 1e9 }],
  ['that is dead at birth', { access_token: 'ya29.x', expires_in: 0 }],
])('an access token %s is none', async (_what, body) => {
  const headers = { 'content-type': 'application/json' };
  services.tokenAnswer = { status: 200, headers, body: Buffer.from(JSON.stringify(body)), how: 'whole' };
  const desk = createPush({ ...services.settings, clock: systemClock, log });
  services.attempts = 0;
  const result = await desk.wake(android(), notice(250), never());
  await desk.close();
  services.tokenAnswer = undefined;
  expect(result).toMatchObject({ kind: 'failed' });
  expect(services.attempts).toBe(0);
});
