/** The lab's services are as strict as the real ones: what those refuse, these refuse, with the same word. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleId, type PushServices, startPushServices } from '../../lab/push/services.ts';
import { patient } from './bench.ts';

let services: PushServices;
let bearer: string;
let providerToken: string;
beforeAll(async () => {
  services = await startPushServices();
  const { environment: e } = services;
  const account: unknown = JSON.parse(await readFile(e.FCM_CREDENTIALS_FILE, 'utf8'));
  const [email, key] = [field(account, 'client_email'), field(account, 'private_key')];
  const granted: unknown = JSON.parse((await grant(assertion(email, key))).body);
  bearer = field(granted, 'access_token');
  const nowSec = Math.floor(Date.now() / 1000);
  const appleKey = await readFile(e.APNS_KEY_FILE, 'utf8');
  providerToken = jwt({ alg: 'ES256', kid: e.APNS_KEY_ID }, { iss: e.APNS_TEAM_ID, iat: nowSec }, appleKey);
});
afterAll(() => services.close());

const field = (of: unknown, name: string): string =>
  String(typeof of === 'object' && of !== null ? Object.entries(of).find(([key]) => key === name)?.[1] : undefined);
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function jwt(header: object, claims: object, key: string): string {
  const body = `${part(header)}.${part(claims)}`;
  return `${body}.${sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function assertion(email: string, key: string, more: object = {}): string {
  const iat = Math.floor(Date.now() / 1000);
  const scope = 'https://www.googleapis.com/auth/firebase.messaging';
  const claims = { iss: email, aud: 'https://oauth2.googleapis.com/token', scope, iat, exp: iat + 3600, ...more };
  return jwt({ alg: 'RS256' }, claims, key);
}

async function post(path: string, body: string, headers: Record<string, string>) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const url = new URL(path, services.environment.FCM_URL);
    const asking = request(url, { method: 'POST', headers, ca: services.ca }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject);
    });
    asking.once('error', reject).end(body);
  });
}

const grant = (token: string) =>
  post('/token', `grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=${token}`, {});
const send = (body: object, authorization = `Bearer ${bearer}`) =>
  post('/v1/projects/lab-softphone/messages:send', JSON.stringify(body), { authorization });

describe('FCM', patient, () => {
  const good = { token: 't', data: { type: 'incoming-call' }, android: { priority: 'high', ttl: '3.5s' } };

  it('accepts a message that is right', async () => {
    expect(await send({ message: good })).toMatchObject({ status: 200, body: expect.stringMatching(/"name"/) });
  });

  it.each([
    ['a value that is no string', { ...good, data: { n: 1 } }],
    ['a reserved key', { ...good, data: { from: 'x' } }],
    ['data beyond 4 KB', { ...good, data: { n: 'x'.repeat(4097) } }],
    ['a notification', { ...good, notification: { title: 'x' } }],
    ['no token', { ...good, token: undefined }],
    ['an unknown priority', { ...good, android: { ...good.android, priority: 'urgent' } }],
    ['a ttl in ms', { ...good, android: { ...good.android, ttl: 3500 } }],
    ['a ttl below 0', { ...good, android: { ...good.android, ttl: '-1s' } }],
  ])('refuses %s', async (_, message) => {
    expect(await send({ message })).toMatchObject({ status: 400, body: expect.stringMatching(/INVALID_ARGUMENT/) });
  });

  it('refuses an access token that it has not issued, or that has expired', async () => {
    expect(await send({ message: good }, 'Bearer other')).toMatchObject({ status: 401 });
    services.fcm.expireTokens();
    expect(await send({ message: good })).toMatchObject({
      status: 401,
      body: expect.stringMatching(/UNAUTHENTICATED/),
    });
  });

  it('refuses an assertion that is not signed by the account, or claims something else', async () => {
    const account: unknown = JSON.parse(await readFile(services.environment.FCM_CREDENTIALS_FILE, 'utf8'));
    const [email, key] = [field(account, 'client_email'), field(account, 'private_key')];
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    for (const wrong of [
      'nonsense',
      assertion(email, other.toString()),
      assertion('someone@else', key),
      assertion(email, key, { aud: 'elsewhere' }),
      assertion(email, key, { scope: 'other' }),
      assertion(email, key, { exp: Math.floor(Date.now() / 1000) + 7200 }),
      assertion(email, key, { iat: 0, exp: 3600 }),
    ]) {
      expect(await grant(wrong)).toMatchObject({ status: 400, body: expect.stringMatching(/invalid_grant/) });
    }
  });

  it('knows no other path', async () => {
    expect(await post('/v1/projects/other/messages:send', '{}', {})).toMatchObject({ status: 404 });
    expect(services.fcm.strays).toEqual(['POST /v1/projects/other/messages:send']);
  });
});

describe('APNs', patient, () => {
  const token = 'ab'.repeat(32);
  const good = () => ({
    authorization: `bearer ${providerToken}`,
    'apns-topic': `${bundleId}.voip`,
    'apns-push-type': 'voip',
    'apns-priority': '10',
    'apns-expiration': '1900000000',
  });
  const call = JSON.stringify({ aps: {}, type: 'incoming-call' });
  const ended = JSON.stringify({ aps: { 'content-available': 1 }, type: 'call-ended' });

  async function notify(headers: Record<string, string>, body: string, path = `/3/device/${token}`) {
    const session = connect(services.environment.APNS_URL, { ca: services.ca });
    try {
      const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
      const status = new Promise<unknown>((resolve) => stream.once('response', (answer) => resolve(answer[':status'])));
      stream.end(body);
      const answer = await text(stream);
      return `${await status} ${answer === '' ? '' : field(JSON.parse(answer), 'reason')}`.trim();
    } finally {
      session.close();
    }
  }

  it('accepts notifications that are right', async () => {
    expect(await notify(good(), call)).toBe('200');
    const background = { ...good(), 'apns-topic': bundleId, 'apns-push-type': 'background', 'apns-priority': '5' };
    expect(await notify(background, ended)).toBe('200');
  });

  it.each([
    ['400 BadPriority', { 'apns-priority': '7' }, call],
    ['400 BadExpirationDate', { 'apns-expiration': 'soon' }, call],
    ['400 BadMessageId', { 'apns-id': 'x' }, call],
    ['400 InvalidPushType', { 'apns-push-type': 'phone' }, call],
    ['400 MissingTopic', { 'apns-topic': '' }, call],
    ['400 TopicDisallowed', { 'apns-topic': 'other.app.voip' }, call],
    ['400 DeviceTokenNotForTopic', { 'apns-topic': bundleId }, call],
    ['400 PayloadEmpty', {}, ''],
    ['413 PayloadTooLarge', {}, JSON.stringify({ type: 'incoming-call', n: 'x'.repeat(5120) })],
    ['400 VoipWithoutCall', {}, ended],
    ['400 BadPriority', { 'apns-topic': bundleId, 'apns-push-type': 'background' }, ended],
    ['403 MissingProviderToken', { authorization: '' }, call],
    ['403 InvalidProviderToken', { authorization: 'bearer x.y.z' }, call],
  ])('refuses with %s: %j', async (refusal, change, body) => {
    expect(await notify({ ...good(), ...change }, body)).toBe(refusal);
  });

  it('refuses a token that is none, and other paths', async () => {
    expect(await notify(good(), call, '/3/device/xyz')).toBe('400 BadDeviceToken');
    expect(await notify(good(), call, '/4/device')).toBe('404 BadPath');
  });

  it('refuses a provider token that is too old', async () => {
    const key = await readFile(services.environment.APNS_KEY_FILE, 'utf8');
    const { APNS_KEY_ID: kid, APNS_TEAM_ID: iss } = services.environment;
    const old = jwt({ alg: 'ES256', kid }, { iss, iat: Math.floor(Date.now() / 1000) - 4000 }, key);
    expect(await notify({ ...good(), authorization: `bearer ${old}` }, call)).toBe('403 ExpiredProviderToken');
  });
});

it('waits for a push that has come, that comes, and tells what came instead', async () => {
  const { fcm } = services;
  expect((await fcm.waitForPush(() => true)).service).toBe('fcm');
  await expect(fcm.waitForPush(() => false, 20)).rejects.toThrow(
    /no such push within 20 ms; came: fcm incoming-call: /,
  );
});
