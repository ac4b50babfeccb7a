/** The HTTP server against clients that have no key, no manners or no end. */
import { describe, expect, it } from 'vitest';
import { ApiError, startApi } from '../../src/api/server.ts';
import { usualLimits } from '../../src/api/visitors.ts';
import { apiKey, rawConnection, readKey, runApi } from './running-api.ts';

const user = { ringingDevice: 'WebApp' };

describe('the key', () => {
  it.each([
    ['none', undefined],
    ['another', 'Bearer wrong'],
    ['an empty one', 'Bearer '],
    ['its beginning', `Bearer ${apiKey.slice(0, -1)}`],
    ['another scheme', `Basic ${apiKey}`],
    ['two', `Bearer ${apiKey} ${apiKey}`],
  ])('opens nothing when it is %s', async (_, authorization) => {
    const { url } = await runApi();
    for (const path of ['/v1/users/anna', '/metrics', '/nowhere', '/v1/calls']) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const response = await fetch(url + path, { headers });
      expect([path, response.status]).toEqual([path, 401]);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(await response.json()).toMatchObject({ status: 401 });
    }
  });

  it('may be sent with any case of the scheme', async () => {
    const { url } = await runApi();
    expect((await fetch(`${url}/v1/calls`, { headers: { authorization: `bearer ${apiKey}` } })).status).toBe(200);
  });
});

describe('a key that may only read', () => {
  const authorization = `Bearer ${readKey}`;

  it('opens what is read, and is told why it may not write', async () => {
    const { ask } = await runApi();
    await ask('PUT', '/v1/users/anna', user);
    for (const path of ['/v1/users/anna', '/v1/users/anna/devices', '/v1/calls', '/metrics'])
      expect((await ask('GET', path, undefined, { authorization })).status).toBe(200);
    for (const [method, path, body] of [
      ['PUT', '/v1/users/anna', { ringingDevice: 'MobileApp' }],
      ['PUT', '/v1/users/anna/devices/phone', { platform: 'android', token: 'x' }],
      ['DELETE', '/v1/users/anna', undefined],
      ['DELETE', '/v1/users/anna/devices/phone', undefined],
    ] as const) {
      const refused = await ask(method, path, body, { authorization });
      expect(refused).toMatchObject({ status: 403, json: { type: 'urn:xivo-mapp:problem:forbidden' } });
      expect(refused.json.detail).toMatch(/may only read/);
    }
    expect((await ask('GET', '/v1/users/anna')).json.ringingDevice).toBe('WebApp');
    expect((await ask('POST', '/v1/users/anna', undefined, { authorization })).status).toBe(405);
  });
});

describe('a key in the URL', () => {
  it.each(['api_key', 'apikey', 'X-API-Key', 'access_token', 'Token', 'authorization', 'key'])(
    'as ?%s= is refused in words, with and without the header, and never logged',
    async (name) => {
      const { url, ask, log } = await runApi();
      const query = `?limit=1&${name}=${apiKey}`;
      const without = await fetch(`${url}/v1/calls${query}`);
      expect(without.status).toBe(401);
      expect(await without.json()).toMatchObject({ detail: expect.stringMatching(/^Never send a key in the URL/) });
      const refused = await ask('GET', `/v1/users/anna${query}`);
      expect(refused.status).toBe(400);
      expect(refused.json.detail).toMatch(/^Never send a key in the URL.*change it now.*Authorization: Bearer/);
      expect((await fetch(`${url}/healthz?${name}=${apiKey}`)).status).toBe(400);
      await ask('GET', `/v1/calls/${apiKey}`);
      await ask('GET', `/${apiKey}/%zz`);
      await ask('GET', `/v1/users/anna?x=${apiKey}`);
      expect(JSON.stringify(log.lines)).not.toContain(apiKey);
      expect(log.at('debug').map(({ fields }) => fields.route)).toContain('/v1/calls/:callId');
    },
  );
});

describe('paths and methods', () => {
  it('answers 404, and 405 with what is allowed', async () => {
    const { ask } = await runApi();
    for (const path of [
      '/',
      '/v1',
      '/v1/users',
      '/v1/users/anna/',
      '/v1/users/anna/devices/x/y',
      '/V1/calls',
      '//healthz',
    ])
      expect([path, (await ask('GET', path)).status]).toEqual([path, 404]);
    const wrong = await ask('POST', '/v1/users/anna', user);
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'PUT, GET, HEAD, DELETE']);
    expect((await ask('GET', '/v1/users/anna/devices/phone')).headers.get('allow')).toBe('PUT, DELETE');
    expect((await ask('DELETE', '/healthz')).headers.get('allow')).toBe('GET, HEAD');
  });

  it('answers HEAD as GET without the body', async () => {
    const { ask } = await runApi();
    const get = await ask('GET', '/v1/calls');
    const head = await ask('HEAD', '/v1/calls');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
    expect((await ask('HEAD', '/v1/users/none')).status).toBe(404);
  });
});

describe('bodies', () => {
  it.each(['', '{', '{"ringingDevice":"WebApp"', 'undefined', '{"a":1}}', '\u0000'])(
    'that are %j are 400',
    async (body) => {
      const { ask } = await runApi();
      expect(await ask('PUT', '/v1/users/anna', body)).toMatchObject({
        status: 400,
        json: { type: 'urn:xivo-mapp:problem:malformed-json' },
      });
    },
  );

  it('that are no UTF-8 are 400', async () => {
    const { ask } = await runApi();
    expect((await ask('PUT', '/v1/users/anna', Buffer.from([0x22, 0xff, 0xfe, 0x22]))).status).toBe(400);
  });

  it.each([
    [{ 'content-type': 'text/plain' }],
    [{ 'content-type': 'application/jsonp' }],
    [{ 'content-type': 'application/json; charset=latin1' }],
    [{ 'content-encoding': 'gzip' }],
  ])('with %j are 415', async (headers) => {
    const { ask } = await runApi();
    expect((await ask('PUT', '/v1/users/anna', user, headers)).status).toBe(415);
  });

  it('may name their charset', async () => {
    const { ask } = await runApi();
    expect((await ask('PUT', '/v1/users/a', user, { 'content-type': 'application/json; charset=UTF-8' })).status).toBe(
      201,
    );
  });

  it('of 1 MB are 413, whether announced or not, and the API goes on', async () => {
    const { ask, url } = await runApi();
    const junk = Buffer.alloc(1_048_576, 0x5b);
    expect(await ask('PUT', '/v1/users/anna', junk)).toMatchObject({ status: 413, json: { title: 'Body too large' } });
    const stream = new Blob([junk]).stream();
    const chunked = await fetch(`${url}/v1/users/anna`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: stream,
      duplex: 'half',
    });
    expect(chunked.status).toBe(413);
    await chunked.text();
    expect((await ask('PUT', '/v1/users/anna', user)).status).toBe(201);
  });

  it('of 64 KB of nesting are refused without harm', async () => {
    const { ask } = await runApi();
    expect((await ask('PUT', '/v1/users/anna', '['.repeat(65_536))).status).toBe(400);
    expect((await ask('PUT', '/v1/users/anna', `${'['.repeat(32_768)}${']'.repeat(32_768)}`)).status).toBe(422);
    expect((await ask('PUT', '/v1/users/anna', `{"a":${'[{"a":'.repeat(5_000)}`)).status).toBe(400);
  });

  it('with a thousand unknown fields are told of twenty', async () => {
    const { ask } = await runApi();
    const fields = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`${n}${'x'.repeat(40)}`, 1]));
    const refused = await ask('PUT', '/v1/users/anna', { ...user, ...fields });
    expect(refused.json.errors).toHaveLength(20);
  });

  it('that never end are cut off', async () => {
    const { api, ask } = await runApi();
    const { socket, received } = rawConnection(api.port);
    socket.write(
      `PUT /v1/users/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\nContent-Type: application/json\r\n`,
    );
    socket.write('Transfer-Encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const pour = (): void => {
      while (!socket.destroyed && socket.write(chunk));
      if (!socket.destroyed) socket.once('drain', pour);
    };
    pour();
    expect(await received).toMatch(/^HTTP\/1\.1 413 /);
    expect((await ask('GET', '/v1/calls')).status).toBe(200);
  });

  it('are not asked for where the head says enough', async () => {
    const { api } = await runApi();
    const put = (length: number): string =>
      `PUT /v1/users/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
    const big = rawConnection(api.port);
    big.socket.write(put(1_048_576));
    expect(await big.received).toMatch(/^HTTP\/1\.1 413 /);
    const small = rawConnection(api.port);
    const body = JSON.stringify(user);
    small.socket.write(put(body.length));
    small.socket.once('data', () => small.socket.write(body));
    expect(await small.received).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
  });
});

describe('bad clients', () => {
  it('that are no HTTP get 400', async () => {
    const { api } = await runApi();
    const { socket, received } = rawConnection(api.port);
    socket.write('\u0016\u0003\u0001 REGISTER sip:x\r\n\r\n');
    const text = await received;
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('application/problem+json');
  });

  it('that send a head without end get 431', async () => {
    const { api } = await runApi();
    const { socket, received } = rawConnection(api.port);
    socket.write(`GET /healthz HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`);
    expect(await received).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('that send their head drop by drop get 408', async () => {
    const { api } = await runApi({ headersMs: 50, requestMs: 60 });
    const { socket, received } = rawConnection(api.port);
    socket.write('GET /healthz HTTP/1.1\r\nX-Slow: ');
    expect(await received).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('that leave in the middle of a body leave nothing behind', async () => {
    const { api, ask, log } = await runApi();
    const { socket, received } = rawConnection(api.port);
    socket.write(
      `PUT /v1/users/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"ringing`,
      () => socket.destroy(),
    );
    await received;
    expect((await ask('GET', '/v1/users/a')).status).toBe(404);
    expect(log.at('error')).toEqual([]);
  });
});

describe('clients that ask too much', () => {
  const few = { perSecond: 0.001, atOnce: 3 };
  const quick = { perSecond: 1_000, atOnce: 5 };
  const limits = { ...usualLimits, rates: { keyed: quick, open: few, keyless: few }, holdMs: 20 };

  it('without a key are told so in words, later, and the connection is closed; whoever has the key never notices', async () => {
    const { api, url, ask, log } = await runApi({ limits });
    for (let n = 0; n < 3; n += 1) expect((await fetch(`${url}/v1/calls`)).status).toBe(401);
    const refused = await fetch(`${url}/v1/calls`, { headers: { authorization: 'Bearer wrong' } });
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual([
      429,
      '2',
      'close',
    ]);
    expect(await refused.json()).toMatchObject({
      type: 'urn:xivo-mapp:problem:too-many-requests',
      status: 429,
      detail: expect.stringContaining('Authorization: Bearer'),
    });
    const { socket, received } = rawConnection(api.port);
    socket.write('NONSENSE\r\n\r\n');
    expect(await received).toBe('');
    for (let n = 0; n < 30; n += 1) expect((await ask('GET', '/v1/calls')).status).toBe(200);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(log.at('warn').map(({ message }) => message)).toEqual([
      'HTTP: 127.0.0.1 asks too much and is slowed down: too many requests without a right key',
    ]);
  });

  it('/healthz answers all the same, a little later', async () => {
    const { url } = await runApi({ limits });
    const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/healthz`)));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
  });

  it('a script with its key that puts many users is slowed down, and each is put', { timeout: 60_000 }, async () => {
    const { ask, registry } = await runApi({ limits });
    const puts = Array.from({ length: 60 }, (_, n) => ask('PUT', `/v1/users/u${n}`, user));
    expect((await Promise.all(puts)).map(({ status }) => status)).toEqual(Array(60).fill(201));
    expect(await registry.user('u59')).toBeDefined();
  });

  it('one that asks on and on without reading is cut off, and costs nobody else', async () => {
    const { api, ask } = await runApi();
    const { socket, received } = rawConnection(api.port);
    socket.write('GET /v1/calls HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5_000));
    await received;
    expect((await ask('GET', '/v1/calls')).status).toBe(200);
  });

  it('more connections than there is room for: the newest are served, and the key opens for all that', async () => {
    const { api, ask } = await runApi({ limits: { ...usualLimits, connectionsPerAddress: 8 } });
    const crowd = Array.from({ length: 40 }, () => rawConnection(api.port));
    await Promise.all(crowd.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
    expect((await ask('GET', '/v1/calls')).status).toBe(200);
    await Promise.all(crowd.slice(0, 32).map(({ received }) => received));
  });
});

describe('starting and stopping', () => {
  it('says what stands in the way of listening', async () => {
    const { api, ...rest } = await runApi();
    const again = startApi({
      ...{ host: '127.0.0.1', port: api.port, apiKey, registry: rest.registry, metrics: rest.metrics, log: rest.log },
      calls: { latest: async () => [], story: async () => undefined },
      health: () => rest.health,
    });
    await expect(again).rejects.toThrow(ApiError);
    await expect(again).rejects.toThrow(/is taken: end the other program, or set HTTP_PORT/);
    await expect(runApi({ host: '192.0.2.1' })).rejects.toThrow(/no such address: set HTTP_HOST/);
  });

  it('stops though clients hang on', async () => {
    const { api, url } = await runApi();
    await (await fetch(`${url}/healthz`)).text();
    const slow = rawConnection(api.port);
    slow.socket.write('GET /healthz HTTP/1.1\r\n');
    await new Promise((resolve) => slow.socket.once('connect', resolve));
    await api.close();
    await slow.received;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});
