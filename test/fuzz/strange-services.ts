/**
 * Push services on loopback, over real TLS, that answer each push with what a test has drawn for its token: statuses, headers, bodies, and broken connections. They judge nothing.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { makeCertificates } from '../../lab/push/certificate.ts';
import { Connections } from '../../lab/push/connections.ts';
import type { PushSettings } from '../../src/push/create-push.ts';

export interface StrangeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** `raw`: the bytes of the body are the answer, and the end of the connection. `end`: nothing is answered, the connection ends. */
  readonly how: 'whole' | 'raw' | 'end';
}

export interface StrangeServices {
  /** What is answered to a push to this token. */
  readonly answers: Map<string, StrangeAnswer>;
  /** What is answered to requests for an access token from now on; undefined: a good one. */
  tokenAnswer: StrangeAnswer | undefined;
  /** Pushes that have come, each attempt by itself. */
  attempts: number;
  readonly settings: Pick<PushSettings, 'fcm' | 'apns'>;
  close(): Promise<void>;
}

const goodToken: StrangeAnswer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"access_token":"ya29.good","expires_in":3600,"token_type":"Bearer"}'),
  how: 'whole',
};
const gone: StrangeAnswer = { status: 404, headers: {}, body: Buffer.alloc(0), how: 'whole' };

export async function startStrangeServices(): Promise<StrangeServices> {
  const { ca, cert, key } = makeCertificates();
  const answers = new Map<string, StrangeAnswer>();
  const services: StrangeServices = { answers, tokenAnswer: undefined, attempts: 0, settings: {}, close };

  const play = (stream: ServerHttp2Stream, { status, headers, body, how }: StrangeAnswer) => {
    if (stream.destroyed) return;
    if (how === 'end') stream.close(2);
    else if (how === 'raw') stream.session?.destroy();
    else stream.respond({ ':status': status, ...headers }) ?? stream.end(body);
  };
  const fcm = createSecureServer({ cert, key, allowHTTP1: true }, async (request, response) => {
    const sent = await text(request).catch(() => '');
    if (request.url === '/token') {
      const { status, headers, body, how } = services.tokenAnswer ?? goodToken;
      if (how === 'end') response.socket?.destroy();
      else if (how === 'raw') response.socket?.end(body);
      else {
        response.statusCode = status;
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        response.setHeader('content-length', body.length);
        response.end(body);
      }
      return;
    }
    services.attempts += 1;
    play(request.stream, answers.get(/"token":"([^"]*)"/.exec(sent)?.[1] ?? '') ?? gone);
  });
  fcm.on('sessionError', () => undefined);
  fcm.on('stream', (stream) => stream.on('error', () => undefined));
  const apns = createSecureServer({ cert, key });
  apns.on('sessionError', () => undefined);
  apns.on('stream', (stream: ServerHttp2Stream, head) => {
    stream.on('error', () => undefined);
    services.attempts += 1;
    stream.resume();
    stream.once('end', () => play(stream, answers.get(String(head[':path']).replace('/3/device/', '')) ?? gone));
  });
  const [toFcm, toApns] = [new Connections(fcm), new Connections(apns)];
  const folder = await mkdtemp(join(tmpdir(), 'mapp-fuzz-push-'));
  const write = async (name: string, content: string) => {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const pem = { type: 'pkcs8', format: 'pem' } as const;
  const account = {
    type: 'service_account',
    project_id: 'fuzz',
    private_key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem),
    client_email: 'a@fuzz.iam.gserviceaccount.com',
  };
  const apple = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pem).toString();
  const settings = {
    fcm: { credentialsFile: await write('account.json', JSON.stringify(account)), url: await toFcm.listen(), ca },
    apns: {
      keyFile: await write('key.p8', apple),
      keyId: 'ABCDE12345',
      teamId: 'ABCDE12345',
      topic: 'a.b',
      url: await toApns.listen(),
      ca,
    },
  };
  async function close(): Promise<void> {
    await Promise.all([toFcm.close(), toApns.close()]);
    await rm(folder, { recursive: true });
  }
  return Object.assign(services, { settings });
}
