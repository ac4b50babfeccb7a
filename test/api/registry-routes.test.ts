/** Users and devices over HTTP: what works, and what is refused with which words. */
import { describe, expect, it } from 'vitest';
import { runApi } from './running-api.ts';

const anna = { ringingDevice: 'WebAppAndMobileApp', mobileEndpoint: 'PJSIP/anna.1-m_x', webAppEndpoint: null };
const elevenEndpoints = Array.from({ length: 11 }, (_, at) => `PJSIP/desk-${at}`).join('&');
const android = { platform: 'android', token: 'fcm:token-0123456789' };
const iphone = { platform: 'ios', token: 'aB'.repeat(32), alertToken: 'cd'.repeat(32) };

describe('users', () => {
  it('are made, read, replaced and deleted', async () => {
    const { ask } = await runApi();
    const made = await ask('PUT', '/v1/users/anna', anna);
    expect([made.status, made.json]).toEqual([201, { userId: 'anna', ...anna }]);
    const read = await ask('GET', '/v1/users/anna');
    expect([read.status, read.json]).toEqual([200, { userId: 'anna', ...anna }]);
    const replaced = await ask('PUT', '/v1/users/anna', { ringingDevice: 'WebApp' });
    expect([replaced.status, replaced.json]).toMatchObject([200, { mobileEndpoint: null, webAppEndpoint: null }]);
    const gone = await ask('DELETE', '/v1/users/anna');
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect((await ask('DELETE', '/v1/users/anna')).status).toBe(404);
    const unknown = await ask('GET', '/v1/users/anna');
    expect(unknown.status).toBe(404);
    expect(unknown.headers.get('content-type')).toBe('application/problem+json');
    expect(unknown.json).toMatchObject({ type: 'urn:xivo-mapp:problem:unknown-user', status: 404 });
  });

  it('may have several endpoints for one ringing device, joined by &', async () => {
    const { ask } = await runApi();
    const many = {
      ...anna,
      mobileEndpoint: 'PJSIP/anna-mobile&PJSIP/anna-desk',
      webAppEndpoint: 'PJSIP/a&PJSIP/b&PJSIP/c',
    };
    expect((await ask('PUT', '/v1/users/anna', many)).status).toBe(201);
    expect((await ask('GET', '/v1/users/anna')).json).toEqual({ userId: 'anna', ...many });
  });

  it.each([
    ['a SIP endpoint', { ...anna, mobileEndpoint: 'SIP/anna' }, 'mobileEndpoint', /chan_sip.*only PJSIP/],
    ['no technology', { ...anna, webAppEndpoint: 'anna' }, 'webAppEndpoint', /must be PJSIP\/<name>/],
    [
      'another channel among endpoints',
      { ...anna, mobileEndpoint: 'PJSIP/a&Local/b@c' },
      'mobileEndpoint',
      /must be PJSIP/,
    ],
    ['chan_sip among endpoints', { ...anna, webAppEndpoint: 'PJSIP/a&SIP/b' }, 'webAppEndpoint', /chan_sip/],
    ['nothing between two &', { ...anna, mobileEndpoint: 'PJSIP/a&&PJSIP/b' }, 'mobileEndpoint', /must be PJSIP/],
    ['a blank around &', { ...anna, mobileEndpoint: 'PJSIP/a & PJSIP/b' }, 'mobileEndpoint', /without blanks/],
    ['one endpoint twice', { ...anna, mobileEndpoint: 'PJSIP/a&PJSIP/a' }, 'mobileEndpoint', /each endpoint once/],
    ['eleven endpoints', { ...anna, mobileEndpoint: elevenEndpoints }, 'mobileEndpoint', /at most 10/],
    ['a dial option', { ...anna, mobileEndpoint: 'PJSIP/a/sip:x@y' }, 'mobileEndpoint', /must be PJSIP/],
    ['a name of 81', { ...anna, mobileEndpoint: `PJSIP/${'a'.repeat(81)}` }, 'mobileEndpoint', /1 to 80/],
    ['a newline at the end', { ...anna, mobileEndpoint: 'PJSIP/a\n' }, 'mobileEndpoint', /must be PJSIP/],
    ['a number', { ...anna, mobileEndpoint: 7 }, 'mobileEndpoint', /expected string/],
    ['no ringing device', { mobileEndpoint: 'PJSIP/a' }, 'ringingDevice', /is missing/],
    ['an unknown ringing device', { ringingDevice: 'Fax' }, 'ringingDevice', /"WebApp"/],
    ['an unknown field', { ...anna, ringTime: 3 }, 'ringTime', /is not known here/],
    ['a prototype', '{"ringingDevice":"WebApp","__proto__":{"x":1}}', '__proto__', /is not known here/],
  ])('are refused with %s', async (_, body, name, detail) => {
    const { ask } = await runApi();
    const refused = await ask('PUT', '/v1/users/anna', body);
    expect(refused.status).toBe(422);
    expect(refused.json.errors).toEqual([
      { in: 'body', name, pointer: `#/${name}`, detail: expect.stringMatching(detail) },
    ]);
    expect((await ask('GET', '/v1/users/anna')).status).toBe(404);
  });

  it('are refused with all faults at once', async () => {
    const { ask } = await runApi();
    const refused = await ask('PUT', '/v1/users/anna', { ringingDevice: 1, mobileEndpoint: 'x', 'a/b~': 1, y: 2 });
    expect(refused.json.errors).toMatchObject([
      { name: 'ringingDevice' },
      { name: 'mobileEndpoint' },
      { name: 'a/b~', pointer: '#/a~1b~0' },
      { name: 'y' },
    ]);
  });

  it.each(['null', '[]', '"text"', '7', '[{}]'])('are no %s', async (body) => {
    const { ask } = await runApi();
    expect(await ask('PUT', '/v1/users/anna', body)).toMatchObject({
      status: 422,
      json: { detail: 'The body must be a JSON object.' },
    });
  });

  it.each(['a%20b', 'a%2Fb', '%2e%2e%00', 'x'.repeat(129), 'h%C3%A9', '', '%252e'])('have no id %j', async (id) => {
    const { ask } = await runApi();
    const refused = await ask('GET', `/v1/users/${id}`);
    expect(refused.status).toBe(422);
    expect(refused.json.errors).toMatchObject([{ in: 'path', name: 'userId' }]);
  });

  it('have an id that may be percent-encoded', async () => {
    const { ask } = await runApi();
    await ask('PUT', '/v1/users/%61nna', anna);
    expect((await ask('GET', '/v1/users/anna')).status).toBe(200);
    expect(await ask('GET', '/v1/users/%zz')).toMatchObject({ status: 400 });
  });
});

describe('devices', () => {
  it('are registered, listed without their tokens, and deleted', async () => {
    const { ask } = await runApi();
    await ask('PUT', '/v1/users/anna', anna);
    const made = await ask('PUT', '/v1/users/anna/devices/phone', {
      ...iphone,
      appId: 'org.example.app',
      osVersion: '18.1',
      model: 'iPhone 12 “mini”',
      language: 'fr-FR',
    });
    const shown = {
      userId: 'anna',
      deviceId: 'phone',
      platform: 'ios',
      tokenEnd: '…aBaBaB',
      alertTokenEnd: '…cdcdcd',
      appId: 'org.example.app',
      osVersion: '18.1',
      model: 'iPhone 12 “mini”',
      language: 'fr-FR',
      registeredAt: '2024-05-01T00:00:00.000Z',
      alive: true,
      dead: null,
    };
    expect([made.status, made.json]).toEqual([201, shown]);
    expect((await ask('PUT', '/v1/users/anna/devices/phone', iphone)).status).toBe(200);
    await ask('PUT', '/v1/users/anna/devices/tab', { ...android, alertToken: null });
    const list = await ask('GET', '/v1/users/anna/devices');
    expect(list.json.devices).toMatchObject([{ deviceId: 'phone', model: null }, { deviceId: 'tab' }]);
    expect(list.text).not.toContain(iphone.token);
    expect(list.text).not.toContain(android.token);
    expect((await ask('DELETE', '/v1/users/anna/devices/tab')).status).toBe(204);
    expect((await ask('DELETE', '/v1/users/anna/devices/tab')).json.type).toMatch(/unknown-device$/);
  });

  it('tell when their token is dead', async () => {
    const { ask, registry } = await runApi();
    await ask('PUT', '/v1/users/anna', anna);
    await ask('PUT', '/v1/users/anna/devices/phone', android);
    for (const device of (await registry.callee('anna')).devices) await registry.markTokenDead(device, 'UNREGISTERED');
    expect((await ask('GET', '/v1/users/anna/devices')).json.devices).toMatchObject([
      { alive: false, dead: { since: '2024-05-01T00:00:00.000Z', reason: 'UNREGISTERED' } },
    ]);
  });

  it('need a user', async () => {
    const { ask } = await runApi();
    expect(await ask('PUT', '/v1/users/anna/devices/phone', android)).toMatchObject({
      status: 404,
      json: { detail: expect.stringContaining('PUT /v1/users/anna') },
    });
    expect((await ask('GET', '/v1/users/anna/devices')).status).toBe(404);
    expect((await ask('DELETE', '/v1/users/anna/devices/phone')).status).toBe(404);
  });

  it('move with their token', async () => {
    const { ask } = await runApi();
    for (const user of ['anna', 'bert']) await ask('PUT', `/v1/users/${user}`, anna);
    await ask('PUT', '/v1/users/anna/devices/phone', android);
    await ask('PUT', '/v1/users/bert/devices/phone', android);
    expect((await ask('GET', '/v1/users/anna/devices')).json).toEqual({ devices: [] });
    expect((await ask('GET', '/v1/users/bert/devices')).json.devices).toHaveLength(1);
  });

  it.each([
    ['an alert token on Android', { ...android, alertToken: 'x' }, 'alertToken', /for ios only/],
    ['a token that is not hex on iOS', { ...iphone, token: 'fcm:x' }, 'token', /hexadecimal/],
    ['a short token on iOS', { ...iphone, token: 'ab'.repeat(31) }, 'token', /64 to 200/],
    ['a long token on iOS', { ...iphone, token: 'ab'.repeat(101) }, 'token', /64 to 200/],
    ['the same token twice', { ...iphone, alertToken: iphone.token }, 'alertToken', /is the same as token/],
    ['an empty token', { ...android, token: '' }, 'token', /1 to 4096/],
    ['a token with a space', { ...android, token: 'a b' }, 'token', /visible ASCII/],
    ['a token of 4097', { ...android, token: 'a'.repeat(4_097) }, 'token', /4096/],
    ['no token', { platform: 'android' }, 'token', /is missing/],
    ['an unknown platform', { ...android, platform: 'windows' }, 'platform', /"android"/],
    ['an app id with a slash', { ...android, appId: 'a/b' }, 'appId', /letters/],
    ['a control character', { ...android, model: 'a\u0007' }, 'model', /control/],
    ['a long OS version', { ...android, osVersion: '1'.repeat(65) }, 'osVersion', /64/],
    ['an unknown field', { ...android, pushToken: 'x' }, 'pushToken', /is not known here/],
  ])('are refused with %s', async (_, body, name, detail) => {
    const { ask } = await runApi();
    await ask('PUT', '/v1/users/anna', anna);
    const refused = await ask('PUT', '/v1/users/anna/devices/phone', body);
    expect(refused.status).toBe(422);
    expect(refused.json.errors).toEqual([
      { in: 'body', name, pointer: `#/${name}`, detail: expect.stringMatching(detail) },
    ]);
    expect((await ask('GET', '/v1/users/anna/devices')).json).toEqual({ devices: [] });
  });
});

it('answers 409 when a user would have more devices than it may have, and says what to do', async () => {
  const { ask } = await runApi();
  await ask('PUT', '/v1/users/anna', anna);
  for (let n = 1; n <= 50; n += 1)
    expect((await ask('PUT', `/v1/users/anna/devices/d${n}`, { ...android, token: `t${n}` })).status).toBe(201);
  const refused = await ask('PUT', '/v1/users/anna/devices/d51', { ...android, token: 't51' });
  expect(refused).toMatchObject({
    status: 409,
    json: {
      type: 'urn:xivo-mapp:problem:too-many-devices',
      detail: expect.stringMatching(/has 50 devices.*DELETE one/),
    },
  });
  expect((await ask('PUT', '/v1/users/anna/devices/d7', { ...android, token: 't7' })).status).toBe(200);
  expect((await ask('GET', '/v1/users/anna/devices')).json.devices).toHaveLength(50);
});

it('answers 503 while the store is broken, and leaves it to the store to say why in the log', async () => {
  const { ask, breakStore, log } = await runApi();
  breakStore();
  const answers = [await ask('PUT', '/v1/users/anna', anna), await ask('GET', '/v1/calls')];
  for (const { status, headers, text } of answers) {
    expect([status, headers.get('retry-after')]).toEqual([503, '2']);
    expect(text).not.toContain(':memory:');
  }
  expect(log.at('error')).toEqual([]);
  const told = log.at('debug').filter(({ message }) => message === 'an HTTP request could not be answered');
  expect(told.map(({ fields }) => String(fields.error))).toEqual(
    answers.map(() => expect.stringContaining('the database')),
  );
});
