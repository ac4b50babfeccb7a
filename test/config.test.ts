/** The environment at the door: defaults, secret files, and every fault told at once with its cure. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, type Environment, readConfig as readWith, redacted } from '../src/config/config.ts';
import { envExample, settings } from '../src/config/settings.ts';
import { credentialFaults } from '../src/push/credentials.ts';

/** What the files of credentials hold is looked at where a test is about that. */
const readConfig = (environment: Environment, check: typeof credentialFaults = () => []) =>
  readWith(environment, check);
const least = { ARI_USERNAME: 'mapp', ARI_PASSWORD: 'pass word', API_KEY: 'k'.repeat(32) };

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mapp-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

function faultsOf(environment: Environment): ConfigError {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the environment was taken');
}
const faulty = (environment: Environment): string[] => faultsOf(environment).faults.map(({ variable }) => variable);

describe('a right environment', () => {
  it('needs three settings; the others have defaults, and no push service is configured', () => {
    expect(readConfig(least)).toEqual({
      ari: { url: 'http://127.0.0.1:5039/ari', username: 'mapp', password: 'pass word', app: 'xivo-mapp' },
      globalsFile: '/etc/xivo/asterisk/xivo_globals.conf',
      http: { host: '127.0.0.1', port: 9480, apiKey: 'k'.repeat(32), keys: [] },
      agi: { host: '127.0.0.1', port: 4580 },
      databaseUrl: 'sqlite:/var/lib/xivo-mapp/xivo-mapp.sqlite',
      fcm: undefined,
      apns: undefined,
      logLevel: 'info',
    });
  });

  it('is frozen through and through', () => {
    const config = readConfig(least);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.ari)).toBe(true);
  });

  it('takes an empty value as unset and leaves foreign variables alone', () => {
    expect(readConfig({ ...least, HTTP_PORT: '', FCM_URL: '', HOME: '/', API_KEYS: 'x' }).http.port).toBe(9480);
  });

  it.each([
    ['http://pbx:8088', 'http://pbx:8088/ari'],
    ['http://pbx:8088/', 'http://pbx:8088/ari'],
    ['http://pbx:8088/ari/', 'http://pbx:8088/ari'],
    ['https://pbx/asterisk', 'https://pbx/asterisk/ari'],
    ['http://[::1]:8088/ari', 'http://[::1]:8088/ari'],
  ])('reads ARI_URL %s as %s', (given, url) => {
    expect(readConfig({ ...least, ARI_URL: given }).ari.url).toBe(url);
  });

  it('configures the push services from their groups', () => {
    const config = readConfig({
      ...least,
      FCM_CREDENTIALS_FILE: file('fcm.json', '{}'),
      FCM_URL: 'https://localhost:8443/',
      APNS_KEY_FILE: file('apns.p8', 'key'),
      APNS_KEY_ID: 'ABCDE12345',
      APNS_TEAM_ID: '12345ABCDE',
      APNS_TOPIC: 'org.example.app',
    });
    expect(config.fcm).toEqual({ credentialsFile: join(folder, 'fcm.json'), url: 'https://localhost:8443' });
    expect(config.apns).toEqual({
      keyFile: join(folder, 'apns.p8'),
      keyId: 'ABCDE12345',
      teamId: '12345ABCDE',
      topic: 'org.example.app',
      url: 'https://api.push.apple.com',
    });
  });
});

describe('secrets from files', () => {
  it('are read without the white space at the end', () => {
    const config = readConfig({
      ARI_USERNAME: 'mapp',
      ARI_PASSWORD_FILE: file('ari', ' secret \r\n\n'),
      API_KEY_FILE: file('key', `${'z'.repeat(40)}\n`),
      DATABASE_URL_FILE: file('db', 'sqlite::memory:\n'),
    });
    expect(config.ari.password).toBe(' secret');
    expect(config.http.apiKey).toBe('z'.repeat(40));
    expect(config.databaseUrl).toBe('sqlite::memory:');
  });

  it('must not be given twice', () => {
    expect(faulty({ ...least, API_KEY_FILE: file('key2', 'z'.repeat(40)) })).toEqual(['API_KEY']);
  });

  it('name a file that cannot be read, once', () => {
    const { API_KEY: _, ...rest } = least;
    const error = faultsOf({ ...rest, API_KEY_FILE: join(folder, 'none') });
    expect(error.faults.map(({ variable }) => variable)).toEqual(['API_KEY_FILE']);
    expect(error.message).toContain('ENOENT');
    expect(faulty({ ...rest, API_KEY_FILE: file('blank', ' \n') })).toEqual(['API_KEY_FILE']);
  });

  it('are no way for what is no secret', () => {
    expect(faulty({ ...least, ARI_USERNAME: '', ARI_USERNAME_FILE: file('user', 'mapp') })).toEqual(['ARI_USERNAME']);
  });
});

describe('the file of further keys', () => {
  const [reader, writer] = ['r'.repeat(16), 'w'.repeat(256)];

  it('names each key and what it may do', () => {
    const text = `# for Grafana\r\n\r\ngrafana read ${reader}\r\n  portal\twrite  ${writer} \n#old read x\n`;
    const config = readConfig({ ...least, API_KEYS_FILE: file('keys', text) });
    expect(config.http.keys).toEqual([
      { name: 'grafana', scope: 'read', key: reader },
      { name: 'portal', scope: 'write', key: writer },
    ]);
    expect(Object.isFrozen(config.http)).toBe(true);
    expect(JSON.stringify(redacted(config))).toContain('"keys":["grafana (read)","portal (write)"]');
    for (const key of [reader, writer, least.API_KEY]) expect(JSON.stringify(redacted(config))).not.toContain(key);
  });

  it('has all that is wrong with it told at once, by line and without a key', () => {
    const lines = [
      `a read ${reader}`,
      'short read shortshortshort',
      `b admin ${'b'.repeat(20)}`,
      `a write ${'c'.repeat(20)}`,
      `d read ${reader}`,
      `e read ${least.API_KEY}`,
      'f'.repeat(20),
      `g read ${'g'.repeat(20)} # a comment behind it`,
      `h/i read ${'h'.repeat(20)}`,
      `j read ${'j'.repeat(257)}`,
      `k read ${'é'.repeat(20)}`,
    ];
    const error = faultsOf({ ...least, API_KEYS_FILE: file('bad-keys', lines.join('\n')), HTTP_PORT: 'x' });
    const told = error.faults.filter(({ variable }) => variable === 'API_KEYS_FILE').map(({ wrong }) => wrong);
    expect(told.map((wrong) => Number(/^line (\d+) /.exec(wrong)?.[1]))).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(error.faults.map(({ variable }) => variable)).toContain('HTTP_PORT');
    const keys = lines.flatMap((line) => line.split(' ')).filter((word) => word.length > 12);
    for (const key of keys) expect(error.message).not.toContain(key);
  });

  it('must be there and hold something; a hundred keys are enough', () => {
    expect(faulty({ ...least, API_KEYS_FILE: join(folder, 'none') })).toEqual(['API_KEYS_FILE']);
    expect(faulty({ ...least, API_KEYS_FILE: file('no-keys', '\n') })).toEqual(['API_KEYS_FILE']);
    expect(readConfig({ ...least, API_KEYS_FILE: file('comment', '# none yet') }).http.keys).toEqual([]);
    const lines = Array.from({ length: 101 }, (_, n) => `n${n} read ${'k'.repeat(16)}${n}`);
    expect(faultsOf({ ...least, API_KEYS_FILE: file('many', lines.join('\n')) }).faults).toHaveLength(1);
  });
});

describe('a wrong environment', () => {
  it('has all its faults told at once, each with variable, fault and cure', () => {
    const error = faultsOf({
      ARI_URL: 'ws://pbx/ari',
      ARI_USERNAME: 'a b',
      ARI_APP: 'xivo mapp',
      HTTP_HOST: 'http://127.0.0.1',
      HTTP_PORT: '65536',
      API_KEY: 'short',
      AGI_PORT: '0x10',
      DATABASE_URL: 'postgres://db/mapp',
      FCM_URL: 'http://push.example.org',
      APNS_KEY_ID: 'ABC',
      APNS_TOPIC: 'org.example.app.voip',
      LOG_LEVEL: 'verbose',
    });
    expect(error.faults.map(({ variable }) => variable).sort()).toEqual(
      [
        ...['AGI_PORT', 'API_KEY', 'APNS_KEY_FILE', 'APNS_KEY_ID', 'APNS_TEAM_ID', 'APNS_TOPIC', 'ARI_APP'],
        ...['ARI_PASSWORD', 'ARI_URL', 'ARI_USERNAME', 'DATABASE_URL', 'FCM_CREDENTIALS_FILE', 'FCM_URL'],
        ...['HTTP_HOST', 'HTTP_PORT', 'LOG_LEVEL'],
      ].sort(),
    );
    for (const { variable, wrong, cure } of error.faults) {
      expect(error.message).toContain(`${variable}: ${wrong}. ${cure}.`);
      expect(wrong.length * cure.length).toBeGreaterThan(0);
    }
    expect(error.message).toContain('not supported yet');
    expect(error.message).not.toContain('short');
  });

  it.each([
    ['ARI_URL', 'http://user:pass@pbx/ari'],
    ['ARI_URL', 'pbx:8088'],
    ['HTTP_PORT', '-1'],
    ['HTTP_PORT', '80a'],
    ['HTTP_PORT', ' 80'],
    ['DATABASE_URL', 'mysql://db'],
    ['DATABASE_URL', 'sqlite:'],
    ['API_KEY', `${'k'.repeat(20)}é`],
    ['APNS_URL', 'https://api.push.apple.com/3/device'],
  ])('is refused for %s=%s', (name, value) => {
    expect(faulty({ ...least, [name]: value })).toContain(name);
  });

  it('has half a push service', () => {
    expect(faulty({ ...least, FCM_URL: 'https://push.example.org' })).toEqual(['FCM_CREDENTIALS_FILE']);
    expect(faulty({ ...least, APNS_TOPIC: 'org.example.app' })).toEqual([
      'APNS_KEY_FILE',
      'APNS_KEY_ID',
      'APNS_TEAM_ID',
    ]);
    expect(faulty({ ...least, FCM_CREDENTIALS_FILE: join(folder, 'nowhere.json') })).toEqual(['FCM_CREDENTIALS_FILE']);
  });

  it('credentials that are none are told together with every other fault', () => {
    const environment = {
      ...least,
      HTTP_PORT: 'x',
      FCM_CREDENTIALS_FILE: file('no-account.json', '{"type":"something else"}'),
      APNS_KEY_FILE: file('no-key.p8', 'key'),
      APNS_KEY_ID: 'ABCDE12345',
      APNS_TEAM_ID: 'ABCDE12345',
    };
    const told = ['HTTP_PORT', 'APNS_TOPIC', 'FCM_CREDENTIALS_FILE', 'APNS_KEY_FILE'];
    expect(() => readConfig(environment, credentialFaults)).toThrow(
      expect.objectContaining({ faults: told.map((variable) => expect.objectContaining({ variable })) }),
    );
  });
});

it('shows a config without its secrets', () => {
  const shown = JSON.stringify(redacted(readConfig({ ...least, ARI_PASSWORD: 'hush-hush' })));
  expect(shown).toContain('"username":"mapp"');
  expect(shown).not.toContain('hush-hush');
  expect(shown).not.toContain(least.API_KEY);
});

describe('.env.example', () => {
  const example = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');

  it('is what the code says', () => {
    expect(example).toBe(envExample());
  });

  it('shows the defaults that readConfig has, and every setting', () => {
    const uncommented = parseEnv(example.replaceAll(/^#([A-Z_]+=)/gm, '$1'));
    expect(Object.keys(uncommented).sort()).toEqual(settings.map(({ name }) => name).sort());
    expect(readConfig({ ...uncommented, ...least })).toEqual(readConfig({ ...least, APNS_URL: '' }));
  });
});
