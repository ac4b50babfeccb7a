/**
 * A push service of either kind that does with connection and push whatever a test wants: takes leave, is silent, ends what it likes. It judges
 * nothing. All passes through a front that can keep a new connection waiting.
 */
import { once } from 'node:events';
import { createSecureServer, type Http2Session, type ServerHttp2Stream, type Settings } from 'node:http2';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import { fakeLog } from '../../lab/fakes/log.ts';
import type { Clock } from '../../src/call/ports.ts';
import { createPush } from '../../src/push/create-push.ts';
import { systemClock } from '../../src/system/clock.ts';
import { type Bench, settingsFor } from './bench.ts';

export type OnPush = (stream: ServerHttp2Stream, nth: number, session: number) => void;

/** Does with each push what the test wants; the front can hold a connection's beginning. */
export async function strangeServer(
  bench: Bench,
  onPush: OnPush,
  settings: Settings = {},
  onSession: (session: Http2Session) => void = () => undefined,
) {
  const { cert, key } = bench.services.certificates;
  const tokens: string[] = [];
  const sessions: Http2Session[] = [];
  const server = createSecureServer({ cert, key, allowHTTP1: true, settings });
  server.on('sessionError', () => undefined);
  server.on('session', (session) => {
    sessions.push(session);
    onSession(session);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    let body = '';
    stream.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    stream.on('end', () => {
      const path = String(headers[':path']);
      if (body === '' || stream.destroyed || !stream.session) return;
      tokens.push(path.startsWith('/3/') ? path.slice('/3/device/'.length) : tokenIn(body));
      onPush(stream, tokens.length, sessions.indexOf(stream.session) + 1);
    });
  });
  server.on('request', (request, response) => {
    if (request.httpVersion !== '1.1') return;
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ access_token: 'ya29.x', expires_in: 3600, token_type: 'Bearer' }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const open = new Set<[Socket, Socket]>();
  const front = { ever: 0, now: 0, holdMs: (_nth: number) => 0 };
  const gate = createServer((client) => {
    front.ever += 1;
    front.now += 1;
    const upstream = connect(portOf(server), '127.0.0.1');
    const pair: [Socket, Socket] = [client, upstream];
    open.add(pair);
    for (const socket of pair) socket.setNoDelay(true).on('error', () => client.destroy());
    client.on('close', () => {
      front.now -= 1;
      open.delete(pair);
      upstream.destroy();
    });
    upstream.on('close', () => client.resume().end());
    const held: Buffer[] = [];
    const hold = (piece: Buffer) => void held.push(piece);
    client.on('data', hold);
    setTimeout(() => {
      client.off('data', hold);
      for (const piece of held) upstream.write(piece);
      client.pipe(upstream).pipe(client);
    }, front.holdMs(front.ever)).unref();
  });
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
  const url = `https://localhost:${portOf(gate)}`;
  const log = fakeLog();
  const desk = (platform: 'fcm' | 'apns', clock: Clock = systemClock) => {
    const { fcm, apns } = settingsFor(bench.services);
    const one = platform === 'fcm' ? { fcm: { ...fcm, url } } : { apns: { ...apns, url } };
    return createPush({ ...one, clock, log });
  };
  return {
    desk,
    log,
    front,
    sessions,
    /** Of the pushes, each attempt by itself. */
    tokens,
    timesOf: (token: string) => tokens.filter((one) => one === token).length,
    /** The connections that there are die, and nobody is told. */
    freeze() {
      for (const socket of [...open].flat()) socket.unpipe().resume();
    },
    async close() {
      for (const [client] of open) client.destroy();
      for (const session of sessions) session.destroy();
      gate.close();
      server.close();
      await Promise.all([once(gate, 'close'), once(server, 'close')]);
    },
  };
}

export function accept(stream: ServerHttp2Stream): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
  stream.end('{"name":"projects/lab-softphone/messages/0:1"}');
}

const message = z.object({ message: z.object({ token: z.string() }) });

function tokenIn(body: string): string {
  return message.parse(JSON.parse(body)).message.token;
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
