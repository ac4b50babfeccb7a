/**
 * The connections to FCM. firebase-admin and google-auth-library send over this agent, and it mends here what they do badly on a call's path: it
 * leads both to another server where one is set, ends a connection that has fallen silent, keeps the library from trying again by itself, and
 * holds back what was called back before it left. It must never hold a request in a queue: turnstile.ts bounds them before.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, type RequestOptions } from 'node:https';
import type { Addresses } from './addresses.ts';
import { ended } from './socket-end.ts';

declare module 'http' {
  interface Agent {
    /** What Node's http.request asks of any agent. */
    addRequest(request: ClientRequest, options: RequestOptions): void;
  }
}

/** How long a connection in use may be silent, in ms: while it opens and until the answer begins, and again until the answer ends. */
const silenceMs = 1200;
/** How long an idle connection is kept, in ms: Google's servers close theirs after 240 s. */
const idleMs = 230_000;

/** A failure of ours on the wire, with a code as system errors have it. */
class WireError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** No answer of Google's is longer, in bytes. */
const longestAnswer = 65_536;

/** One message on its way: one request at most, and what became of it, seen on the wire itself. */
export class Exchange {
  /** Rejects when the connection fails, or its answer is none, which the library does not always tell. */
  readonly broken: Promise<never>;
  /** Of the answer; undefined where none has come. */
  status: number | undefined;
  retryAfter: string | undefined;
  /** The Authorization header that was sent. */
  authorization: string | undefined;
  private readonly signal: AbortSignal;
  private readonly breaking = Promise.withResolvers<never>();
  private request: ClientRequest | undefined;

  /** @param overdue aborts where whatever is under way must end now */
  constructor(signal: AbortSignal, overdue: AbortSignal) {
    this.signal = signal;
    this.broken = this.breaking.promise;
    this.broken.catch(() => undefined);
    const breakOff = () => {
      this.request?.destroy(new WireError('EOVERDUE'));
      this.breaking.reject(new WireError('EOVERDUE'));
    };
    overdue.addEventListener('abort', breakOff, { once: true });
  }

  /** Takes the request as the one of this exchange. False: it must not leave. */
  begin(request: ClientRequest): boolean {
    if (this.authorization !== undefined || this.signal.aborted) return false;
    this.request = request;
    this.authorization = String(request.getHeader('authorization'));
    // A request that has left is let be: to break it off would cost the connection and bring nothing back.
    const withdraw = () => request.writableFinished || request.destroy(new WireError('EWITHDRAWN'));
    this.signal.addEventListener('abort', withdraw, { once: true });
    request.once('error', (error) => this.breaking.reject(error));
    let answer: IncomingMessage | undefined;
    request.prependOnceListener('response', (response) => {
      answer = response;
      this.take(response);
    });
    request.once('close', () => {
      this.signal.removeEventListener('abort', withdraw);
      // No answer, one of another protocol, or one that has broken off: what the library never tells of.
      if (answer?.complete !== true) this.breaking.reject(new WireError('ECONNRESET'));
    });
    return true;
  }

  private take(response: IncomingMessage): void {
    const { headers } = response;
    this.status = response.statusCode;
    this.retryAfter = headers['retry-after'];
    // The library tries again on 503 by itself, unless it is told to wait for longer than it likes.
    if (this.status === 503) headers['retry-after'] = '86400';
    // What it takes for packed, or for several parts, it unpacks for ever, or throws where nobody catches. Neither was asked for: it is no answer.
    delete headers['content-encoding'];
    headers['content-type'] = 'application/json';
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > longestAnswer) response.destroy(new WireError('EFLOOD'));
    });
  }
}

export class FcmAgent extends Agent {
  /** What a request belongs to: the library's send() has no argument that would carry it. */
  readonly exchanges = new AsyncLocalStorage<Exchange>();
  private readonly server: URL | undefined;
  private closed = false;

  /** @param server in place of Google's. @param ca PEM: trusted in place of the well-known authorities */
  constructor(server: URL | undefined, ca: string | undefined, { lookup }: Pick<Addresses, 'lookup'>) {
    super({ keepAlive: true, keepAliveMsecs: 10_000, timeout: idleMs, lookup, ...(ca === undefined ? {} : { ca }) });
    this.server = server;
  }

  /** Where a request to this host of Google's goes. */
  hostInPlaceOf(host: string): string {
    return this.server?.hostname.replace(/^\[|\]$/g, '') ?? host;
  }

  override addRequest(request: ClientRequest, options: RequestOptions): void {
    const exchange = this.exchanges.getStore();
    if (this.closed || exchange?.begin(request) === false) {
      // Only once the library listens.
      queueMicrotask(() => request.emit('error', new WireError('EWITHDRAWN')));
      return;
    }
    this.watch(request);
    if (this.server === undefined) {
      super.addRequest(request, options);
      return;
    }
    // The certificate is asked for and checked by the Host header and by host: both are the other server's from here on.
    const host = this.hostInPlaceOf(this.server.hostname);
    request.setHeader('host', this.server.host);
    super.addRequest(request, { ...options, host, hostname: host, port: this.server.port || 443 });
  }

  /** Ends every connection. Resolves when none is left. */
  async close(): Promise<void> {
    this.closed = true;
    const sockets = [this.sockets, this.freeSockets].flatMap((pool) =>
      Object.values(pool).flatMap((some) => some ?? []),
    );
    const gone = sockets.map(ended);
    this.destroy();
    await Promise.all(gone);
  }

  /** A connection that is dead, as behind a NAT that has forgotten it, shows by silence alone; then the idle ones beside it are dead too. */
  private watch(request: ClientRequest): void {
    let timer: NodeJS.Timeout | undefined;
    const listen = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        request.destroy(new WireError('ESILENT'));
        for (const idle of Object.values(this.freeSockets)) for (const socket of idle ?? []) socket.destroy();
      }, silenceMs);
    };
    request.once('socket', listen);
    request.prependOnceListener('response', listen);
    request.once('close', () => clearTimeout(timer));
  }
}
