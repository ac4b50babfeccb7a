/** What generated inputs have found, each as a test of its own: what was taken without a word, what was refused without one, and what began a flood. */
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { readEvent } from '../../src/asterisk/ari/events.ts';
import { readSettings } from '../../src/call/globals.ts';
import { makePlan } from '../../src/call/plan.ts';
import { readCallCheckpoint, readLegCheckpoint, writeCallCheckpoint } from '../../src/call/resume/checkpoint.ts';
import { variableWarnings } from '../../src/call/variables.ts';
import { ConfigError, readConfig } from '../../src/config/config.ts';
import { callHistoryIn } from '../../src/store/call-history.ts';
import { registryIn } from '../../src/store/registry.ts';
import { systemClock } from '../../src/system/clock.ts';
import { rawConnection, runApi } from '../api/running-api.ts';
import { answerJson, PbxStub } from '../asterisk/pbx-stub.ts';
import { scratchFolder } from '../store/scratch.ts';
import { channelOf } from './ari-examples.ts';
import { keptLog } from './lines.ts';
import { answerTo, routerOn } from './little-pbx.ts';

const scratch = scratchFolder();

describe('settings', () => {
  const least = { ARI_USERNAME: 'mapp', ARI_PASSWORD: 'password', API_KEY: 'k'.repeat(32) };
  it.each([
    ['ARI_URL', 'http://pbx:8088/?'],
    ['ARI_URL', 'http://pbx:8088/#'],
    ['ARI_URL', ' http://pbx:8088'],
    ['ARI_URL', 'http://pbx:8088/a b'],
    ['HTTP_HOST', '127.0.0.1:9480'],
    ['HTTP_HOST', '..'],
    ['AGI_HOST', '-'],
    ['ARI_PASSWORD', 'pass\u0000word'],
    ['DATABASE_URL', 'sqlite:\n'],
    ['XIVO_GLOBALS_FILE', '/etc/\0'],
  ])('%s that is %j is refused', (name, value) => {
    expect(() => readConfig({ ...least, [name]: value }, () => [])).toThrow(ConfigError);
  });

  it('an ARI_URL becomes the one that it means', () => {
    expect(readConfig({ ...least, ARI_URL: 'HTTP://PBX:8088/x/../ari/' }, () => []).ari.url).toBe(
      'http://pbx:8088/ari',
    );
  });
});

describe('checkpoint and variables', () => {
  it.each([
    'v1 xm-0000000000000001 %41 1 a',
    'v1 xm-0000000000000001 7 01 a',
    'v1 xm-0000000000000001 7 1 a++b',
    'v1 xm-0000000000000001 %c3%a9 1',
  ])('%j was never written', (text) => {
    expect(readCallCheckpoint(text)).toBeUndefined();
  });
  it.each([
    'v1 mobile fresh 01 PJSIP/a sip:a@b',
    'v1 mobile fresh 1 PJSIP/a&Local/b sip:a@b',
    'v1 webapp stale 1 PJSIP/a x',
  ])('%j was never written on a leg', (text) => {
    expect(readLegCheckpoint(text)).toBeUndefined();
  });

  it('nonsense in XIVO_RINGSECONDS and XIVO_ENABLEDND is told of', () => {
    const warned = variableWarnings(
      new Map([
        ['XIVO_RINGSECONDS', '1e9'],
        ['XIVO_ENABLEDND', 'perhaps'],
        ['XIVO_ENABLEUNC', '0'],
      ]),
    );
    expect(warned).toEqual([
      { variable: 'XIVO_ENABLEDND', value: 'perhaps', used: '0' },
      { variable: 'XIVO_RINGSECONDS', value: '1e9', used: '600' },
    ]);
  });

  it('a long value is cut where it is told of', () => {
    const long = 'x'.repeat(70_000);
    expect(readSettings(new Map([['XIVO_MAPP_LOOPS_INTERVAL', long]])).warnings[0]?.value).toHaveLength(100);
    const reading = { variables: new Map<string, string>(), globals: new Map<string, string>(), contacts: [] };
    const settings = readSettings(new Map()).settings;
    const plan = makePlan({ userId: long, user: undefined, devices: [], reading, settings, callerAnswered: false });
    expect(plan.kind === 'pass' ? plan.detail.length : 0).toBeLessThan(300);
  });
});

describe('events', () => {
  const start = (id: string) =>
    Buffer.from(JSON.stringify({ type: 'StasisStart', args: ['\ud800'], channel: channelOf(id, 'Up', []) }));
  it.each(['', '.', '..', 'a\u0000', '\ud800', 'x'.repeat(400)])('a channel id that is %j is none', (id) => {
    expect(readEvent(start(id)).kind).toBe('malformed');
  });

  it('half a letter is mended', () => {
    expect(readEvent(start('1.1'))).toMatchObject({ kind: 'event', event: { args: ['\ufffd'] } });
  });

  it('a malformed event is told of, however many types came that are not used; and a checkpoint that another call lives by is not taken', async () => {
    await using pbx = await PbxStub.start();
    pbx.answer = (request, response) => {
      const { status, body } = answerTo(request, true);
      // Both say that a router which stopped has handed them on.
      const isAskedWhy = /XIVO_MAPP_REASON\}/.test(request.query.get('variable') ?? '');
      answerJson(response, status, isAskedWhy ? { value: 'router-stopping' } : body);
    };
    const log = keptLog();
    const router = await routerOn(pbx, log);
    const soon = { timeout: 20_000, interval: 5 };
    try {
      await vi.waitFor(() => expect(router.asterisk.trouble()).toBeUndefined(), soon);
      for (let n = 0; n < 200; n += 1) pbx.send({ type: `Unknown${n}` });
      pbx.send({ type: 'StasisStart', channel: { id: 7 } });
      await vi.waitFor(
        () => expect(log.lines.join('')).toMatch(/not as ARI describes it was dropped type=StasisStart/),
        soon,
      );
      const checkpoint = writeCallCheckpoint({
        callId: 'xm-00000000000000aa',
        userId: '42',
        waitUntilMs: 0,
        pushed: [],
      });
      for (const id of ['1.1', '1.2'])
        pbx.send({ type: 'StasisStart', args: ['42', checkpoint], channel: channelOf(id, 'Ring', []) });
      // Each call that waits has a note, named after it.
      const calls = () => new Set(pbx.requests.flatMap(({ path }) => /\/bridges\/(xm-\w+)-note/.exec(path)?.[1] ?? []));
      await vi.waitFor(() => expect(calls().size).toBe(2), soon);
      expect([...calls()]).toContain('xm-00000000000000aa');
    } finally {
      await router.close();
    }
  });
});

describe('the log', () => {
  it('shows no control character of either kind, and no text of any length', async () => {
    const log = keptLog();
    log.warn('a \u009b2J \u007f \u2028', { name: 'b \u009b\u2028 c', uri: 'x'.repeat(70_000) });
    await log.close();
    expect(log.lines.join('')).toMatch(/a \\u009b2J \\u007f \\u2028 name="b \\u009b\\u2028 c"/);
    expect(log.lines.join('').length).toBeLessThan(2_000);
  });
});

describe('the API', () => {
  it('refuses a body that names something twice, be it written otherwise', async () => {
    const { ask, registry } = await runApi();
    const twice = '{"ringingDevice":"WebApp","ringing\\u0044evice":"MobileApp"}';
    const refused = await ask('PUT', '/v1/users/anna', twice);
    expect(refused).toMatchObject({ status: 400, json: { detail: 'The body names "ringingDevice" more than once.' } });
    expect(await registry.user('anna')).toBeUndefined();
    expect((await ask('PUT', '/v1/users/anna', '{"ringingDevice":"WebApp","webAppEndpoint":null}')).status).toBe(201);
  });

  it('refuses half a letter in a text', async () => {
    const { ask } = await runApi();
    await ask('PUT', '/v1/users/anna', { ringingDevice: 'WebApp' });
    const refused = await ask(
      'PUT',
      '/v1/users/anna/devices/a',
      '{"platform":"android","token":"t","model":"\\ud800"}',
    );
    expect(refused).toMatchObject({ status: 422, json: { errors: [{ name: 'model' }] } });
  });

  it.each([
    ['without a host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 .*names no host/s],
    ['that would make it a proxy', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 400 .*problem\+json/s],
    [
      'that asks for another protocol',
      'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n',
      /^HTTP\/1\.1 200 .*"ok"/s,
    ],
    [
      'that expects what nobody knows',
      'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 200 .*"ok"/s,
    ],
  ])('answers a request %s', async (_what, request, answer) => {
    const { api } = await runApi();
    const { socket, received } = rawConnection(api.port);
    socket.write(request);
    expect(await received).toMatch(answer);
  });
});

describe('the store', () => {
  it('leaves out a row with a number that is too large, tells of it once, and serves the others', async () => {
    const file = scratch.path();
    const database = scratch.open(file);
    const log = fakeLog();
    const registry = registryIn(database, systemClock, log);
    await registry.putUser({
      userId: 'anna',
      ringingDevice: 'MobileApp',
      mobileEndpoint: undefined,
      webAppEndpoint: undefined,
    });
    const bare = {
      userId: 'anna',
      platform: 'android',
      alertToken: undefined,
      appId: undefined,
      osVersion: undefined,
      model: undefined,
      language: undefined,
    } as const;
    for (const deviceId of ['a', 'b']) await registry.putDevice({ ...bare, deviceId, token: `token-${deviceId}` });
    const journal = callHistoryIn(database, log);
    const other = new DatabaseSync(file);
    other.exec(`UPDATE devices SET registered_at_ms = 9223372036854775807 WHERE device_id = 'a';
      INSERT INTO calls VALUES (1, 'c1', '7', '', '', 9223372036854775807, NULL, '[]', 0), (2, 'c2', '7', '', '', 1, NULL, '[]', 0);`);
    other.close();
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await registry.callee('anna')).devices.map(({ deviceId }) => deviceId)).toEqual(['b']);
      expect((await journal.latest(10)).map(({ callId }) => callId)).toEqual(['c2']);
    }
    journal.shut();
    expect(log.at('error').map(({ message }) => message)).toEqual([
      expect.stringMatching(/devices is damaged and is left out: wrong in registered_at_ms/),
      expect.stringMatching(/calls is damaged and is left out: wrong in started_at_ms/),
    ]);
  });
});
