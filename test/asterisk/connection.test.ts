/** The event connection against a server that misbehaves: what is said, and that it always comes back. */
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Asterisk, connectAsterisk } from '../../src/asterisk/asterisk.ts';
import type { Caller, Clock } from '../../src/call/ports.ts';
import { systemClock } from '../../src/system/clock.ts';
import { soon } from '../soon.ts';
import { PbxStub } from './pbx-stub.ts';
import { toldLog } from './told-log.ts';

/** Seconds pass twenty times as fast, for back-off and pings. */
const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 20, signal) };

const startOf = (id: string, args: readonly string[] = ['42']) => ({
  type: 'StasisStart',
  args,
  channel: { id, name: 'PJSIP/trunk-1', state: 'Ring', caller: { name: 'Carol', number: '0612' }, dialplan: {} },
});

describe('the event connection', () => {
  let pbx: PbxStub;
  let asterisk: Asterisk;
  let log: ReturnType<typeof toldLog>;
  let callers: { readonly caller: Caller; readonly userId: string; readonly arrival: string }[];

  const connect = (url = pbx.url) => {
    asterisk = connectAsterisk({ url, username: 'u', password: 'secret', app: 'app', log, clock });
    asterisk.onCaller(({ caller, userId, how: arrival }) => {
      callers.push({ caller, userId, arrival });
    });
  };
  const connected = () => soon(() => expect(asterisk.trouble()).toBeUndefined());
  const trouble = (words: RegExp) => soon(() => expect(asterisk.trouble()).toMatch(words));

  beforeEach(async () => {
    pbx = await PbxStub.start();
    log = toldLog();
    callers = [];
  });

  afterEach(async () => {
    await asterisk.close();
    await soon(() => expect(pbx.connections).toBe(0));
    await pbx[Symbol.asyncDispose]();
  });

  it('asks for this application alone, with the password in a header', async () => {
    connect();
    await connected();
    expect(pbx.handshakes[0]?.url).toBe('/ari/events?app=app&subscribeAll=false');
    expect(pbx.handshakes[0]?.headers.authorization).toMatch(/^Basic /);
  });

  it('says which password is wrong', async () => {
    pbx.refuseEvents = 401;
    connect();
    await trouble(/ARI_USERNAME and ARI_PASSWORD must match a user in ari.conf/);
    pbx.refuseEvents = 0;
    await connected();
    expect(log.told.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(JSON.stringify(log.told)).not.toContain('secret');
  });

  it('says that ARI is not there', async () => {
    pbx.refuseEvents = 404;
    connect();
    await trouble(/enabled=yes in ari.conf and http.conf/);
  });

  it('says that something else answers', async () => {
    pbx.refuseEvents = 503;
    connect();
    await trouble(/HTTP 503.*is ARI_URL that of an Asterisk/);
  });

  it('says that nothing listens, and connects once something does', async () => {
    const { port } = pbx;
    await pbx[Symbol.asyncDispose]();
    connect(`http://127.0.0.1:${port}`);
    await trouble(/nothing listens at 127.0.0.1/);
    await expect(
      asterisk.legs.dial(
        {
          legId: 'xm-1-leg-1',
          contact: { endpoint: 'PJSIP/m', uri: 'sip:m@127.0.0.1', expiresAtSec: undefined },
          on: 'mobile',
          calleeUserId: '7',
          caller: { name: '', number: '' },
          callee: { name: '', number: '' },
          ringMs: 1,
          forChannelId: '1',
          checkpoint: '',
        },
        () => undefined,
      ),
    ).rejects.toThrow(/not connected.*nothing listens/);
    pbx = await PbxStub.start();
  });

  it('says that the name does not resolve', async () => {
    connect('http://no-such-host.invalid:8088');
    await trouble(/does not resolve/);
  });

  it('says that TLS fails', async () => {
    connect(pbx.url.replace('http', 'https'));
    await trouble(/TLS with .* fails/);
  });

  it('gives up a server that takes the connection and says nothing', async () => {
    const mute = createServer(() => undefined);
    const { promise, resolve } = Promise.withResolvers<void>();
    mute.listen(0, '127.0.0.1', resolve);
    await promise;
    const address = mute.address();
    connect(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    await trouble(/does not answer/);
    await asterisk.close();
    mute.close();
  });

  it('finds a half-open connection and comes back', async () => {
    connect();
    await connected();
    pbx.deafen();
    await trouble(/has not answered a ping|sends it no events/);
    pbx.hear();
    await connected();
  });

  it('comes back after a drop, with one dispatcher', async () => {
    connect();
    await connected();
    pbx.cut();
    await soon(() => expect(pbx.events).toHaveLength(2));
    await connected();
    pbx.send(startOf('1.1'));
    await soon(() => expect(callers).toHaveLength(1));
    pbx.send(startOf('1.2'));
    await soon(() => expect(callers).toHaveLength(2));
  });

  it('comes back when Asterisk mutes the application although it took the connection', async () => {
    pbx.mute = true;
    connect();
    await trouble(/has the application app but sends it no events/);
    pbx.mute = false;
    await connected();
    const before = pbx.events.length;
    pbx.mute = true;
    await soon(() => expect(pbx.events.length).toBeGreaterThan(before));
    pbx.mute = false;
    await connected();
  });

  it('does not fight for its name', async () => {
    connect();
    await connected();
    pbx.send({ type: 'ApplicationReplaced', application: 'app' });
    await trouble(/another connection has taken the application name app.*ARI_APP/);
    expect(pbx.events).toHaveLength(1);
  });

  it('survives junk, unknown events and malformed ones, and says so once', async () => {
    connect();
    await connected();
    for (const junk of ['', '{', '[]', '"type"', '{"type":5}', '{"type":"Nonsense","x":1}', '{"x":1,"type":"Late"}']) {
      pbx.send(junk);
      pbx.send(junk);
    }
    pbx.send({ type: 'StasisStart', channel: { id: 7 } });
    pbx.send({ type: 'StasisStart', channel: { id: 7 } });
    pbx.send({ type: 'constructor' });
    pbx.send(startOf('1.1'));
    await soon(() => expect(callers).toHaveLength(1));
    expect(callers[0]).toMatchObject({
      userId: '42',
      arrival: 'new',
      caller: { party: { name: 'Carol', number: '0612' } },
    });
    const dropped = log.told.filter(({ message }) => message.includes('was dropped'));
    expect(dropped.map(({ fields }) => fields.type)).toEqual(['', 'StasisStart']);
    expect(log.told.filter(({ message }) => message.includes('not used')).map(({ fields }) => fields.type)).toEqual([
      'Nonsense',
      'Late',
      'constructor',
    ]);
  });

  it('takes a caller without a user id, and outlives a handler that throws', async () => {
    asterisk = connectAsterisk({ url: pbx.url, username: 'u', password: 'p', app: 'app', log, clock });
    asterisk.onCaller(({ userId }) => {
      throw new Error(`no such user: ${userId}`);
    });
    await connected();
    pbx.send(startOf('1.1', []));
    await soon(() => expect(log.told.some(({ message }) => message.includes('could not be taken'))).toBe(true));
    expect(asterisk.trouble()).toBeUndefined();
  });
});
