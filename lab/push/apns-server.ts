/**
 * APNs over HTTP/2 and TLS on loopback, as strict as Apple's: the provider's token, every header, the payload, with answers that a test sets. It must never
 * accept a notification that the real service would refuse.
 */
import type { KeyObject } from 'node:crypto';
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { text } from 'node:stream/consumers';
import { AnswerBook, type ServiceAnswer } from './answers.ts';
import { judgeNotification, readBody } from './apns-notification.ts';
import type { LoopbackCertificates } from './certificate.ts';
import { Connections } from './connections.ts';
import { http2Reply } from './http2-reply.ts';
import { readJwt } from './jwt.ts';
import { Mailbox } from './mailbox.ts';
import { outcomeOf, Performer, type Reply } from './performer.ts';

export interface ApnsAccount {
  readonly keyId: string;
  readonly teamId: string;
  /** Bundle ids. */
  readonly topics: readonly string[];
  readonly publicKey: KeyObject;
}

export class ApnsServer extends Mailbox {
  readonly answers = new AnswerBook();
  readonly connections: Connections;
  /** The providers' tokens that have been seen: Apple wants few. */
  readonly providerTokens = new Set<string>();
  private readonly account: ApnsAccount;
  private readonly performer = new Performer();
  /** How far this service's clock is ahead of the one of this machine, in ms. */
  clockAheadMs = 0;
  private oldestIssuedSec = 0;

  constructor(certificates: LoopbackCertificates, account: ApnsAccount) {
    super();
    this.account = account;
    const server = createSecureServer({ cert: certificates.cert, key: certificates.key });
    // A client that goes away mid-way is not the server's trouble.
    server.on('sessionError', () => undefined);
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      this.handle(stream, headers).catch(() => stream.destroy());
    });
    this.connections = new Connections(server);
  }

  /** From here on a provider's token that was signed before now counts as expired. */
  expireTokens(): void {
    this.oldestIssuedSec = this.nowSec;
  }

  async close(): Promise<void> {
    this.performer.close();
    await this.connections.close();
  }

  private async handle(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const port = stream.session?.socket.remotePort;
    const body = await text(stream);
    const token = /^\/3\/device\/([^/]+)$/.exec(String(headers[':path']))?.[1];
    const reply = this.replyTo(stream, { 'apns-id': String(headers['apns-id']) });
    if (headers[':method'] !== 'POST' || token === undefined) {
      reply.refuse({ kind: 'refuse', status: 404, reason: 'BadPath' });
      return;
    }

    const wrong = this.wrongWithSender(headers) ?? judgeNotification(headers, token, body, this.account.topics);
    const answer: ServiceAnswer = wrong === undefined ? this.answers.take(token) : { kind: 'refuse', ...wrong };
    const { aps: _, ...payload } = readBody(body) ?? {};
    this.add({
      service: 'apns',
      token,
      payload: Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, String(value)])),
      body: readBody(body),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      atMs: performance.now(),
      connection: this.connections.numberOf(port),
      outcome: outcomeOf(answer),
    });
    this.performer.play(answer, reply);
  }

  private get nowSec(): number {
    return (Date.now() + this.clockAheadMs) / 1000;
  }

  private wrongWithSender(headers: IncomingHttpHeaders): { status: number; reason: string } | undefined {
    const token = /^bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) return { status: 403, reason: 'MissingProviderToken' };
    const signed = readJwt(token, 'ES256', this.account.publicKey);
    const issuedSec = signed?.claims.iat;
    if (
      signed?.header.kid !== this.account.keyId ||
      signed.claims.iss !== this.account.teamId ||
      typeof issuedSec !== 'number'
    ) {
      return { status: 403, reason: 'InvalidProviderToken' };
    }
    this.providerTokens.add(token);
    if (issuedSec > this.nowSec + 60) return { status: 403, reason: 'InvalidProviderToken' };
    const tooOld = issuedSec < this.nowSec - 3600 || issuedSec + 1 <= this.oldestIssuedSec;
    return tooOld ? { status: 403, reason: 'ExpiredProviderToken' } : undefined;
  }

  private replyTo(stream: ServerHttp2Stream, id: Readonly<Record<string, string>>): Reply {
    return http2Reply(stream, this.connections, {
      headers: id,
      beginning: { status: 400, text: '{"reason":' },
      accept() {
        stream.respond({ ':status': 200, ...id }, { endStream: true });
      },
      refuse({ status, reason, retryAfter, sinceMs }) {
        stream.respond({ ':status': status, ...id, ...(retryAfter ? { 'retry-after': retryAfter } : {}) });
        stream.end(JSON.stringify({ reason, ...(sinceMs === undefined ? {} : { timestamp: sinceMs }) }));
      },
    });
  }
}
