/** The FastAGI server over real sockets: who is served, who is refused, who is cut, and that none of them hurts another. */
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeLog, fakeLog } from '../../../lab/fakes/log.ts';
import { type Agi, type AgiArrival, agiServer } from '../../../src/asterisk/agi/server.ts';
import { DialplanClient, requestLines } from './dialplan-client.ts';

const SOON_MS = 2_000;
const LATE_MS = 20_000;

describe('the FastAGI server', () => {
  let log: FakeLog;
  let agi: Agi;
  let port: number;
  let served: AgiArrival[];
  let clients: DialplanClient[];

  const serve = async (arrival: AgiArrival): Promise<void> => {
    served.push(arrival);
    if (arrival.asked === 'ended') throw new Error('something of ours is broken');
    if (arrival.asked === 'lookup') await arrival.caller.giveBack('READY', 'registered');
    else if (!arrival.caller.left.aborted)
      await new Promise((resolve) => arrival.caller.left.addEventListener('abort', resolve, { once: true }));
  };
  const client = (): DialplanClient => {
    const one = new DialplanClient(port);
    clients.push(one);
    return one;
  };
  const told = (): readonly string[] => log.at('warn').map(({ message }) => message);

  beforeEach(async () => {
    log = fakeLog();
    served = [];
    clients = [];
    agi = agiServer({ host: '127.0.0.1', port: 0, log, requestMs: SOON_MS, commandMs: SOON_MS, mostSessions: 4 });
    port = await agi.listen(serve);
  });
  afterEach(async () => {
    for (const one of clients) one.socket.destroy();
    await agi.close();
    expect(agi.sessions()).toBe(0);
  });

  it('serves a request, says what came of it, and lets the dialplan go on', async () => {
    const asking = client().ask('lookup', ['7']);
    asking.variables.set('XIVO_MAPP_WOKEN', 'v1 é "%');
    await asking.ended;
    expect(served[0]).toMatchObject({ asked: 'lookup', userId: '7', checkpoint: 'v1 é "%' });
    expect(served[0]?.caller).toMatchObject({ channelId: '1700000000.1', answered: false });
    expect(asking.variables.get('XIVO_MAPP_STATUS')).toBe('READY');
    expect(asking.variables.get('XIVO_MAPP_REASON')).toBe('registered');
  });

  it('takes a request and answers byte by byte', async () => {
    const asking = client();
    asking.answers = (_command, usual) => {
      for (const byte of Buffer.from(usual)) asking.socket.write(Buffer.of(byte));
      return '';
    };
    const bytes = Buffer.from(`${requestLines('lookup', ['7'], { agi_calleridname: 'Zoé 電話' }).join('\n')}\n\n`);
    for (const byte of bytes) asking.socket.write(Buffer.of(byte));
    await asking.ended;
    expect(served[0]?.caller.party.name).toBe('Zoé 電話');
    expect(asking.variables.get('XIVO_MAPP_STATUS')).toBe('READY');
  });

  it.each([
    ['something that there is not', requestLines('fetch', ['7'])],
    ['something with a query', requestLines('wake?user=7')],
    ['nobody', requestLines('wake')],
    ['the same twice', [...requestLines('wake', ['7']), 'agi_arg_1: 8']],
  ])('refuses who asks for %s: the dialplan reads FAILED, the log tells once', async (_what, lines) => {
    for (let again = 0; again < 3; again += 1) {
      const asking = client();
      asking.send(...lines, '');
      await asking.ended;
      expect(asking.variables.get('XIVO_MAPP_STATUS')).toBe('FAILED');
      expect(asking.variables.get('XIVO_MAPP_REASON')).toBe('bad-request');
    }
    await expect.poll(told).toHaveLength(1);
    expect(served).toEqual([]);
  });

  it('tells of a fault of ours, and the dialplan reads FAILED', async () => {
    const asking = client().ask('ended');
    await asking.ended;
    expect(asking.variables.get('XIVO_MAPP_REASON')).toBe('router-error');
    expect(log.at('error')[0]?.message).toContain('something of ours is broken');
  });

  it.each([
    ['says nothing', [] as string[], /no whole request came/],
    ['begins and stops', requestLines('wake', ['7']), /no whole request came/],
    ['never ends a line', ['x'.repeat(70_000)], /a line is longer/],
    ['never ends its request', Array<string>(300).fill('agi_x: 1'), /a request is longer/],
  ])('cuts a client that %s, while another is served', async (_what, lines, why) => {
    const bad = client();
    if (lines.length > 0) bad.socket.write(lines.join('\n'));
    const good = client().ask('lookup', ['7']);
    await good.ended;
    expect(good.variables.get('XIVO_MAPP_STATUS')).toBe('READY');
    await bad.ended;
    await expect.poll(() => told().join()).toMatch(why);
  });

  it.each([
    ['no command', () => undefined, /did not answer an AGI command/],
    ['with what is no answer', () => 'HTTP/1.1 200 OK', /an answer is not as AGI has it/],
    ['twice', (usual: string) => `${usual}\n${usual}`, /a line came that answers no command/],
    ['a refusal without end', () => Array<string>(300).fill('520-x').join('\n'), /a refusal has no end/],
  ])('cuts a client that answers %s', async (_what, answer, why) => {
    const asking = client();
    asking.answers = (_command, usual) => answer(usual);
    asking.ask('wake', ['7']);
    await asking.ended;
    await expect.poll(() => told().join()).toMatch(why);
  });

  it('lets a client that is reset go without a word', async () => {
    const asking = client().ask('wake', ['7']);
    await asking.commanded(/GET FULL/);
    await expect.poll(() => served.length).toBe(1);
    asking.socket.resetAndDestroy();
    await expect.poll(() => agi.sessions()).toBe(0);
    expect(served[0]?.caller.left.aborted).toBe(true);
    expect(log.lines).toEqual([]);
  });

  it('takes no more than so many at once, and tells so; and takes again when some have gone', async () => {
    const waiting = Array.from({ length: 4 }, () => client().ask('wake', ['7']));
    await expect.poll(() => served.length).toBe(4);
    await client().ask('lookup', ['7']).ended;
    expect(told()).toEqual(['FastAGI: 4 sessions are open; no more are taken']);
    for (const one of waiting) one.socket.destroy();
    await expect.poll(() => agi.sessions()).toBe(0);
    const good = client().ask('lookup', ['7']);
    await good.ended;
    expect(good.variables.get('XIVO_MAPP_STATUS')).toBe('READY');
  });

  it('lets those that ask for nothing make room, the oldest first, and serves who asks', async () => {
    const narrow = agiServer({
      host: '127.0.0.1',
      port: 0,
      log,
      requestMs: LATE_MS,
      commandMs: LATE_MS,
      mostSessions: 4,
    });
    port = await narrow.listen(serve);
    const silent = Array.from({ length: 3 }, client);
    const waiting = client().ask('wake', ['7']);
    await expect.poll(() => served.length).toBe(1);
    const asking = client().ask('lookup', ['7']);
    await silent[0]?.ended;
    await asking.ended;
    expect(asking.variables.get('XIVO_MAPP_STATUS')).toBe('READY');
    expect(waiting.socket.destroyed).toBe(false);
    expect(told()).toEqual(['FastAGI: 4 sessions are open; those that ask for nothing make room']);
    for (const one of clients) one.socket.destroy();
    await narrow.close();
  });

  it('takes 500 calls at once from one address, and no more than its bound', async () => {
    const wide = agiServer({
      host: '127.0.0.1',
      port: 0,
      log,
      requestMs: LATE_MS,
      commandMs: LATE_MS,
      mostPerAddress: 500,
    });
    port = await wide.listen(serve);
    const waiting = Array.from({ length: 500 }, () => client().ask('wake', ['7']));
    await expect.poll(() => served.length, { timeout: 20_000 }).toBe(500);
    await client().ask('lookup', ['7']).ended;
    expect(told()).toEqual(['FastAGI: 500 sessions of one address are open; no more are taken']);
    for (const one of waiting) one.socket.destroy();
    await wide.close();
    expect(wide.sessions()).toBe(0);
  });

  it('closes although nobody goes, and nobody is taken any more', async () => {
    const silent = client();
    const waiting = client().ask('wake', ['7']);
    await expect.poll(() => served.length).toBe(1);
    await agi.close();
    await Promise.all([silent.ended, waiting.ended]);
    await client().ended;
    expect(agi.sessions()).toBe(0);
  });

  it('says what to do where it cannot listen', async () => {
    const holder = createServer();
    const taken = await new Promise<number>((resolve) =>
      holder.listen(0, '127.0.0.1', () => {
        const address = holder.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      }),
    );
    const second = agiServer({ host: '127.0.0.1', port: taken, log });
    await expect(second.listen(serve)).rejects.toThrow(/the port is taken: end the other program, or set AGI_PORT/);
    await second.close();
    await new Promise((resolve) => holder.close(resolve));
  });
});
