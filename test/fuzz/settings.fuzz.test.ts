/**
 * The environment, malformed: what is taken is right by rules written down here a second time, and in other words; what is not right is told by the name of its
 * variable, with a cure, and without the value of any secret.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { type Config, ConfigError, type Environment, readConfig } from '../../src/config/config.ts';
import { settings } from '../../src/config/settings.ts';
import { nothingUncaught } from './alive.ts';
import { feed, LONG } from './feed.ts';
import { strangeText } from './strange.ts';

nothingUncaught();

const folder = mkdtempSync(join(tmpdir(), 'mapp-fuzz-'));
const files = ['key', 'bytes', 'blank', 'keys', 'none'].map((name) => join(folder, name));
const [keyFile = '', bytesFile = '', blankFile = '', keysFile = ''] = files;
beforeAll(() => {
  writeFileSync(keyFile, 'the-key-in-a-file-0123456789\n');
  writeFileSync(bytesFile, Buffer.from('c0af00ff0a', 'hex'));
  writeFileSync(blankFile, ' \n');
  writeFileSync(keysFile, '# who reads\ngrafana read a-further-key-0123456789\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

const WHOLE: Readonly<Record<string, string>> = {
  ARI_URL: 'http://127.0.0.1:5039/ari',
  ARI_USERNAME: 'xivo-mapp',
  ARI_PASSWORD: 'a pass word of the tests',
  ARI_APP: 'xivo-mapp',
  XIVO_GLOBALS_FILE: '/etc/xivo/asterisk/xivo_globals.conf',
  HTTP_HOST: '127.0.0.1',
  HTTP_PORT: '9480',
  API_KEY: 'k'.repeat(32),
  API_KEYS_FILE: keysFile,
  AGI_HOST: '::1',
  AGI_PORT: '4580',
  DATABASE_URL: 'sqlite:/var/lib/xivo-mapp/xivo-mapp.sqlite',
  FCM_CREDENTIALS_FILE: keyFile,
  FCM_URL: 'https://push.example.org',
  APNS_KEY_FILE: keyFile,
  APNS_KEY_ID: 'ABCDE12345',
  APNS_TEAM_ID: 'ABCDE12345',
  APNS_TOPIC: 'org.example.app',
  APNS_URL: 'https://api.sandbox.push.apple.com',
  LOG_LEVEL: 'debug',
};
const NAMES = Object.keys(WHOLE);
const SECRETS = settings.flatMap(({ name, secret }) => (secret ? [name] : []));
const REQUIRED = settings.flatMap(({ name, required }) => (required ? [name] : []));

const AUTHORITIES = ['pbx:8088', '[::1]:1', 'u:p@pbx', 'pbx:99999', 'PBX', 'pbx ', '', '@pbx', '%41', 'é.example'];
const urls = fc
  .tuple(
    fc.constantFrom('http://', 'https://', 'HTTP://', ' http://', 'http:', 'ws://', 'file://', '//'),
    fc.constantFrom(...AUTHORITIES),
    fc.constantFrom('', '/', '/ari', '/ari/', '/x/ari//', '?', '#', '/?', '/ari#', '?a=b', '/..', '\n', '/a b', '\\x'),
  )
  .map((parts) => parts.join(''));
const hosts = fc.constantFrom(
  '127.0.0.1:80',
  '0.0.0.0',
  '[::1]',
  '::',
  'a.b-c',
  '-a',
  'a..b',
  'a.',
  'fe80::1%lo',
  'x_y',
);
const odd = fc.oneof(
  { weight: 4, arbitrary: strangeText },
  { weight: 2, arbitrary: urls },
  { weight: 1, arbitrary: hosts },
  { weight: 1, arbitrary: fc.constantFrom(...files, folder, 'sqlite:', 'sqlite:x', 'postgres://x', 'warn', 'a.voip') },
);
const change = fc.tuple(
  fc.constantFrom(...NAMES, ...SECRETS.map((name) => `${name}_FILE`), ...SECRETS.map((name) => `${name}_FILE`)),
  fc.oneof({ weight: 6, arbitrary: odd }, { weight: 1, arbitrary: fc.constant(undefined) }),
);
const environments: fc.Arbitrary<Environment> = fc
  .tuple(fc.constantFrom(WHOLE, {}), fc.array(change, { minLength: 1, maxLength: 4 }))
  .map(([base, changes]) => ({ ...base, ...Object.fromEntries(changes) }));

const isName = (host: string): boolean =>
  host.length <= 253 &&
  host
    .replace(/\.$/, '')
    .split('.')
    .every((label) => /^\w[\w-]*$/.test(label));
const isHost = (host: string): boolean => isIP(host) > 0 || isName(host);
const isPort = (port: number): boolean => Number.isInteger(port) && port >= 0 && port <= 65_535;
const isWord = (text: string, most: number): boolean => text.length <= most && /^[\w.-]+$/.test(text);
const isOrigin = (text: string): boolean => URL.parse(text)?.origin === text && text.startsWith('https://');

/** What is wrong with a config that was taken. */
function wrongIn({ ari, globalsFile, http, agi, databaseUrl, fcm, apns, logLevel }: Config): string[] {
  const rules: Readonly<Record<string, boolean>> = {
    // What the address is made into is what was written.
    ARI_URL: ari.url === readAddress(ari.url, '', '').base && !/[?#\s@]/.test(ari.url),
    ARI_USERNAME: ari.username.length <= 128 && /^[^\s:]+$/.test(ari.username),
    ARI_PASSWORD: ari.password !== '' && !/[\p{Cc}\ufffd]/u.test(ari.password),
    ARI_APP: isWord(ari.app, 64),
    XIVO_GLOBALS_FILE: globalsFile !== '' && !globalsFile.includes('\0'),
    HTTP_HOST: isHost(http.host),
    HTTP_PORT: isPort(http.port),
    API_KEY: http.apiKey.length >= 16 && http.apiKey.length <= 256 && /^[!-~]+$/.test(http.apiKey),
    API_KEYS_FILE: http.keys.every(({ name, scope }) => name === 'grafana' && scope === 'read'),
    AGI_HOST: isHost(agi.host),
    AGI_PORT: isPort(agi.port),
    DATABASE_URL: databaseUrl.startsWith('sqlite:') && databaseUrl.length > 7 && !databaseUrl.includes('\0'),
    FCM_CREDENTIALS_FILE: fcm === undefined || [keyFile, bytesFile].includes(fcm.credentialsFile),
    FCM_URL: fcm?.url === undefined || isOrigin(fcm.url),
    APNS_KEY_FILE: apns === undefined || [keyFile, bytesFile].includes(apns.keyFile),
    APNS_KEY_ID: apns === undefined || (isWord(apns.keyId, 10) && apns.keyId.length === 10),
    APNS_TEAM_ID: apns === undefined || (isWord(apns.teamId, 10) && apns.teamId.length === 10),
    APNS_TOPIC: apns === undefined || (isWord(apns.topic, 155) && !apns.topic.endsWith('.voip')),
    APNS_URL: apns === undefined || isOrigin(apns.url),
    LOG_LEVEL: ['error', 'warn', 'info', 'debug'].includes(logLevel),
  };
  return NAMES.filter((name) => rules[name] !== true);
}

/** Variables that were given; each must have gone into the config as it is, but for case, slashes and blanks at the ends of URLs and files. */
function lostFrom(environment: Environment, config: Config): string[] {
  const said = JSON.stringify(config).toLowerCase();
  return NAMES.filter((name) => {
    const given = environment[name];
    if (!given || name === 'API_KEYS_FILE' || name.endsWith('_PORT') || name.endsWith('_URL')) return false;
    return !said.includes(JSON.stringify(given).toLowerCase());
  });
}

function judge(environment: Environment): 'taken' | 'refused' {
  try {
    const config = readConfig(environment, () => []);
    expect(wrongIn(config)).toEqual([]);
    expect(lostFrom(environment, config)).toEqual([]);
    expect(REQUIRED.filter((name) => !environment[name] && !environment[`${name}_FILE`])).toEqual([]);
    return 'taken';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    judgeFaults(environment, error);
    return 'refused';
  }
}

function judgeFaults(environment: Environment, error: ConfigError): void {
  expect(error.faults.length).toBeGreaterThan(0);
  for (const { variable, wrong, cure } of error.faults) {
    expect(NAMES).toContain(variable.replace(/(?<=API_KEY|PASSWORD|DATABASE_URL)_FILE$/, ''));
    expect(error.message).toMatch(/\S\. \S/);
    expect(error.message).toContain(`${variable}: ${wrong}. ${cure}.`);
  }
  for (const name of SECRETS) {
    const secret = environment[name] ?? '';
    const elsewhere = Object.keys(environment).some((other) => other !== name && environment[other]?.includes(secret));
    // What is short, or stands in another variable as well, may be in a message for another reason.
    if (secret.length >= 12 && !elsewhere && name !== 'DATABASE_URL') expect(error.message).not.toContain(secret);
  }
  // One wrong thing is no reason to complain about what is right.
  const innocent = NAMES.filter((name) => environment[name] === WHOLE[name] && !environment[`${name}_FILE`]);
  expect(error.faults.map(({ variable }) => variable).filter((name) => innocent.includes(name))).toEqual([]);
}

it('an environment is right, or is refused by name', LONG, async () => {
  const seen = new Set<string>();
  await feed('settings', 1, environments, (some) => {
    for (const environment of some) seen.add(judge(environment));
  });
  expect([...seen].sort()).toEqual(['refused', 'taken']);
});
