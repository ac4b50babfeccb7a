/**
 * The one connection to FCM, over HTTP/2: a hundred pushes go over it at a time, and a ping tells a service that is slow from a connection that is
 * dead. It must never send anything a second time, nor end a connection on which the server still speaks.
 */
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../call/ports.ts';
import { Liveness } from '../liveness.ts';
import { answerMs, longestAnswer } from '../push-service.ts';
import type { Sockets } from '../sockets.ts';
import { WireError } from '../wire-error.ts';

export interface LinkAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

export interface LinkOrder {
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
  /** Aborts when nobody wants it any more: it does not leave then, or is given up. */
  readonly signal: AbortSignal;
}

interface Session {
  readonly http2: ClientHttp2Session;
  readonly liveness: Liveness;
}

export class FcmLink {
  private readonly server: URL;
  private readonly sockets: Sockets;
  private readonly clock: Clock;
  private readonly onLost: () => void;
  private opening: Promise<Session> | undefined;

  /** @param onLost told when a connection takes nothing any more */
  constructor(server: URL, sockets: Sockets, clock: Clock, onLost: () => void) {
    this.server = server;
    this.sockets = sockets;
    this.clock = clock;
    this.onLost = onLost;
  }

  /** Opens the connection unless it stands, and lives. Rejects with the fault. */
  async keep(): Promise<void> {
    const { liveness } = await this.session();
    await liveness.prove();
    if (liveness.isDead) await this.session();
  }

  /** Rejects with the fault of the connection, or of HTTP/2; never because of what the answer says. */
  async post({ path, authorization, body, signal }: LinkOrder): Promise<LinkAnswer> {
    const { http2, liveness } = await this.session();
    if (signal.aborted) throw new WireError('EWITHDRAWN');
    const stream = http2.request({
      ':method': 'POST',
      ':path': path,
      ':authority': this.server.host,
      authorization,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    const { promise, resolve, reject } = Promise.withResolvers<LinkAnswer>();
    const giveUp = (code: string) => {
      reject(new WireError(code));
      stream.close(constants.NGHTTP2_CANCEL);
    };
    const withdraw = () => giveUp('EWITHDRAWN');
    signal.addEventListener('abort', withdraw, { once: true });
    const timer = setTimeout(() => {
      giveUp('ENOANSWER');
      // It answers pings, and perhaps nothing else.
      http2.close();
    }, answerMs);
    const over = liveness.watch();
    let head: Omit<LinkAnswer, 'body'> | undefined;
    let text = '';
    stream.setEncoding('utf8');
    stream.once('response', ({ ':status': status = 0, 'retry-after': retryAfter }) => {
      head = { status, retryAfter };
    });
    stream.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > longestAnswer) giveUp('EFLOOD');
    });
    let isWhole = false;
    stream.once('end', () => {
      isWhole = !stream.aborted;
    });
    stream.once('error', reject);
    stream.once('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', withdraw);
      over();
      if (head !== undefined && isWhole && stream.rstCode === constants.NGHTTP2_NO_ERROR)
        resolve({ ...head, body: text });
      // Whatever has ended it without a word.
      else reject(new WireError(liveness.isDead ? 'ESILENT' : 'ECONNRESET'));
    });
    stream.end(body);
    return promise;
  }

  /** One for all who ask while it opens, and as long as it takes requests. */
  private async session(): Promise<Session> {
    const { opening } = this;
    const standing = await opening?.catch(() => undefined);
    if (standing !== undefined && !standing.http2.closed && !standing.http2.destroyed) return standing;
    if (this.sockets.isClosed) throw new WireError('EWITHDRAWN');
    // Somebody else may have begun meanwhile.
    if (this.opening === undefined || this.opening === opening) this.opening = this.open();
    return await this.opening;
  }

  private async open(): Promise<Session> {
    const startedMs = this.clock.nowMs();
    const socket = this.sockets.begin();
    await isSecure(socket);
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy();
      throw new WireError('ERR_HTTP2_ERROR');
    }
    // Nobody listens to what a server would push here.
    const http2 = connect(this.server.origin, { createConnection: () => socket, settings: { enablePush: false } });
    // Each request tells of it.
    http2.on('error', () => undefined);
    // It takes what is under way to its end, and nothing new.
    http2.once('goaway', this.onLost);
    http2.once('close', () => {
      socket.destroy();
      this.onLost();
    });
    const liveness = new Liveness(http2, socket, this.clock.nowMs() - startedMs, this.clock);
    return { http2, liveness };
  }
}

function isSecure(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new WireError('ECONNRESET')));
  });
}
