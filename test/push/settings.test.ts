/** Wrong settings are told before the first call, by variable, all at once, with a cure and without a piece of any key. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { type PushServices, startPushServices } from '../../lab/push/services.ts';
import { createPush } from '../../src/push/create-push.ts';
import { PushSettingsError } from '../../src/push/credentials.ts';
import { systemClock } from '../../src/system/clock.ts';
import { settingsFor } from './bench.ts';

let services: PushServices;
let folder: string;
beforeAll(async () => {
  services = await startPushServices();
  folder = await mkdtemp(join(tmpdir(), 'xivo-mapp-settings-'));
});
afterAll(async () => {
  await services.close();
  await rm(folder, { recursive: true });
});

const pem = (type: 'rsa' | 'ec' | 'p384') =>
  (type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: type === 'ec' ? 'P-256' : 'P-384' })
  ).privateKey
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const account = (more: object) =>
  JSON.stringify({
    type: 'service_account',
    project_id: 'p-1',
    client_email: 'a@p-1.iam.gserviceaccount.com',
    private_key: pem('rsa'),
    ...more,
  });

function faultsOf(change: { fcm?: object; apns?: object }): readonly string[] {
  const { fcm, apns } = settingsFor(services);
  const settings = { fcm: { ...fcm, ...change.fcm }, apns: { ...apns, ...change.apns } };
  try {
    void createPush({ ...settings, clock: systemClock, log: fakeLog() }).close();
  } catch (error) {
    if (!(error instanceof PushSettingsError)) throw error;
    expect(error.message).not.toMatch(/-----|MII/);
    return error.faults.map(({ variable, wrong }) => `${variable} ${wrong}`);
  }
  return [];
}

it('takes settings that are right', () => {
  expect(faultsOf({})).toEqual([]);
});

it.each([
  ['is no JSON', '{"type":', /is no JSON/],
  ['is of another kind', '{"type":"authorized_user"}', /type, project_id, client_email, private_key/],
  ['lacks the project', account({ project_id: undefined }), /wrong: project_id\)/],
  ['has a project that would break a path', account({ project_id: '../x' }), /wrong: project_id\)/],
  ['has a key that is none', account({ private_key: '-----BEGIN nonsense' }), /no RSA key/],
  ['has a key of another kind', account({ private_key: pem('ec') }), /no RSA key/],
])('refuses a service account that %s', async (name, text, wrong) => {
  const faults = faultsOf({ fcm: { credentialsFile: await file(`${name}.json`, text) } });
  expect(faults).toEqual([expect.stringMatching(/^FCM_CREDENTIALS_FILE /)]);
  expect(faults[0]).toMatch(wrong);
});

it.each([
  ['nonsense', 'nonsense'],
  ['an RSA key', pem('rsa')],
  ['a key on another curve', pem('p384')],
])('refuses %s as the key for APNs', async (name, text) => {
  const faults = faultsOf({ apns: { keyFile: await file(`${name}.p8`, text) } });
  expect(faults).toEqual([expect.stringMatching(/^APNS_KEY_FILE holds no key on the curve P-256/)]);
});

it.each(['http://localhost:1', 'https://localhost/push', 'localhost', 'https://user@localhost'])(
  'refuses %s as a server',
  (url) => {
    expect(faultsOf({ fcm: { url }, apns: { url } })).toEqual([
      expect.stringMatching(/^FCM_URL /),
      expect.stringMatching(/^APNS_URL /),
    ]);
  },
);

it('tells all faults at once', () => {
  expect(faultsOf({ fcm: { credentialsFile: join(folder, 'none') }, apns: { keyFile: join(folder, 'none') } })).toEqual(
    [expect.stringMatching(/^FCM_CREDENTIALS_FILE .*ENOENT/), expect.stringMatching(/^APNS_KEY_FILE .*ENOENT/)],
  );
});
