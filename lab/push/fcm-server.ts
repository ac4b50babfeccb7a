/**
 * FCM over TLS on loopback: the OAuth token endpoint and `messages:send` of the HTTP v1 API, as strict as Google's, with answers that a test sets. It
 * speaks HTTP/2, and HTTP/1.1 with whoever fetches a token. It must never accept a message that the real service would refuse.
 */
import type { KeyObject } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { text } from 'node:stream/consumers';
import { AnswerBook } from './answers.ts';
import type { LoopbackCertificates } from './certificate.ts';
import { Connections } from './connections.ts';
import { googleError, judgeMessage } from './fcm-message.ts';
import { http2Reply } from './http2-reply.ts';
import { readJwt } from './jwt.ts';
import { Mailbox } from './mailbox.ts';
import { outcomeOf, Performer, type Reply } from './performer.ts';

type Response = ServerResponse | Http2ServerResponse;

export interface FcmAccount {
  readonly projectId: string;
  readonly clientEmail: string;
  readonly publicKey: KeyObject;
}

export class FcmServer extends Mailbox {
  /** Answers to messages. */
  readonly answers = new AnswerBook();
  /** Answers to requests for an access token. */
  readonly tokenAnswers = new AnswerBook();
  readonly connections: Connections;
  /** How far this service's clock is ahead of the one of this machine, in ms. */
  clockAheadMs = 0;
  /** How long an access token lives, in s. */
  tokenLifeSec = 3600;
  /** Access tokens that were handed out. */
  tokensIssued = 0;
  /** Whatever else was asked: `GET /`. */
  readonly strays: string[] = [];
  private readonly account: FcmAccount;
  private readonly accessTokens = new Set<string>();
  private readonly performer = new Performer();

  constructor(certificates: LoopbackCertificates, account: FcmAccount) {
    super();
    this.account = account;
    const { cert, key } = certificates;
    const server = createSecureServer({ cert, key, allowHTTP1: true }, (request, response) => {
      // A request that breaks off has no answer to be given.
      this.handle(request, response).catch(() => request.destroy());
    });
    // A client that goes away mid-way is not the server's trouble.
    server.on('sessionError', () => undefined);
    server.on('stream', (stream) => stream.on('error', () => undefined));
    this.connections = new Connections(server);
  }

  /** From here on no access token that was handed out is good any more. */
  expireTokens(): void {
    this.accessTokens.clear();
  }

  async close(): Promise<void> {
    this.performer.close();
    await this.connections.close();
  }

  private async handle(request: Http2ServerRequest, response: Response): Promise<void> {
    const body = await text(request);
    const { method, url } = request;
    if (method === 'POST' && url === '/token') return this.grant(body, response);
    if (method === 'POST' && url === `/v1/projects/${this.account.projectId}/messages:send`) {
      return this.take(request, body, response);
    }
    this.strays.push(`${method} ${url}`);
    say(response, 404, { 'content-type': 'text/html' }, '<html>Not Found</html>');
  }

  private grant(body: string, response: Response): void {
    const issue = () => this.issue(body, response);
    this.performer.play(this.tokenAnswers.take(''), this.replyTo(response, issue));
  }

  private issue(body: string, response: Response): void {
    const form = new URLSearchParams(body);
    const wrong = this.wrongWithGrant(form.get('grant_type'), form.get('assertion') ?? '');
    if (wrong !== undefined) {
      reply(response, 400, { error: 'invalid_grant', error_description: wrong });
      return;
    }
    const token = `ya29.${randomBytes(24).toString('base64url')}`;
    this.accessTokens.add(token);
    this.tokensIssued += 1;
    reply(response, 200, { access_token: token, expires_in: this.tokenLifeSec, token_type: 'Bearer' });
  }

  private wrongWithGrant(grantType: string | null, assertion: string): string | undefined {
    if (grantType !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return 'wrong grant type';
    const claims = readJwt(assertion, 'RS256', this.account.publicKey)?.claims;
    if (claims === undefined) return 'Invalid JWT Signature.';
    if (claims.iss !== this.account.clientEmail) return 'Invalid issuer';
    if (claims.aud !== 'https://oauth2.googleapis.com/token') return 'Invalid audience';
    if (!String(claims.scope).includes('/auth/firebase.messaging')) return 'Invalid scope';
    const { iat, exp } = claims;
    const nowSec = (Date.now() + this.clockAheadMs) / 1000;
    if (typeof iat !== 'number' || typeof exp !== 'number' || exp - iat > 3600 || exp < nowSec || iat > nowSec + 60) {
      return 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.';
    }
    return undefined;
  }

  private take(request: Http2ServerRequest, body: string, response: Response): void {
    const judged = judgeMessage(parsed(body));
    const token = 'message' in judged ? judged.message.token : '';
    const bearer = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    let answer = this.answers.take(token);
    if (!this.accessTokens.has(bearer)) answer = { kind: 'refuse', status: 401, reason: 'UNAUTHENTICATED' };
    else if ('wrong' in judged) answer = { kind: 'refuse', status: 400, reason: 'INVALID_ARGUMENT' };

    this.add({
      service: 'fcm',
      token,
      payload: 'message' in judged ? judged.message.data : {},
      body: parsed(body),
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      atMs: performance.now(),
      connection: this.connections.numberOf(request.socket.remotePort),
      outcome: outcomeOf(answer, 'wrong' in judged ? judged.wrong : undefined),
    });
    const name = `projects/${this.account.projectId}/messages/0:${randomBytes(8).toString('hex')}`;
    this.performer.play(
      answer,
      this.replyTo(response, () => reply(response, 200, { name })),
    );
  }

  private replyTo(response: Response, accept: () => void): Reply {
    const refuse: Reply['refuse'] = ({ status, reason, retryAfter }) =>
      reply(response, status, googleError(status, reason), retryAfter ? { 'retry-after': retryAfter } : {});
    const beginning = { status: 200, text: '{"name":' };
    const headers = { 'content-type': 'application/json' };
    return response instanceof ServerResponse
      ? this.http1Reply(response, { accept, refuse })
      : http2Reply(response.stream, this.connections, { accept, refuse, beginning, headers });
  }

  private http1Reply(response: ServerResponse, own: Pick<Reply, 'accept' | 'refuse'>): Reply {
    let hasBegun = false;
    return {
      ...own,
      garbage({ status, body, headers }) {
        response.writeHead(status, headers).end(body);
      },
      pour(what) {
        if (response.destroyed) return false;
        if (what === 'body') response.write(piece);
        if (what === 'headers') response.socket?.write(`${hasBegun ? '' : 'HTTP/1.1 200 OK\r\n'}X-More: ${piece}\r\n`);
        if (what === 'interim answers') response.writeProcessing();
        hasBegun = true;
        return true;
      },
      begin(then) {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 }).write('{"name":', then);
      },
      breakOff() {
        response.socket?.destroy();
      },
    };
  }
}

const piece = 'x'.repeat(1000);

function reply(response: Response, status: number, body: object, headers: Record<string, string> = {}): void {
  say(response, status, { 'content-type': 'application/json; charset=UTF-8', ...headers }, JSON.stringify(body));
}

function say(response: Response, status: number, headers: Record<string, string>, text: string): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(text);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
