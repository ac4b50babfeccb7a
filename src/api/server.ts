/**
 * The HTTP server under the API: binds, bounds what one client can take, and ends. It must never wait for a slow client, neither while it serves
 * nor when it stops.
 */
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '../call/ports.ts';
import { dispatchTo } from './dispatch.ts';
import { keyCheck } from './key.ts';
import { Problem, type ProblemKind } from './problem.ts';
import { type Desk, routesTo } from './routes.ts';

export interface ApiOptions extends Desk {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly apiKey: string;
  readonly log: Log;
  /** How long a client may take to send its headers, and the whole of its request, ms. */
  readonly headersMs?: number;
  readonly requestMs?: number;
}

export interface Api {
  readonly port: number;
  /** Takes no more requests, lets those under way end for a moment, and cuts the rest. */
  close(): Promise<void>;
}

/** The API cannot be served. The message says what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
}

const mostConnections = 256;
const largestHeadBytes = 8 * 1024;
const lastMomentMs = 1_000;

/** @throws ApiError where the address cannot be had */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { host, port, apiKey, log, headersMs = 5_000, requestMs = 10_000 } = options;
  const handle = dispatchTo(routesTo(options), keyCheck(apiKey), log);
  const server = createServer({
    maxHeaderSize: largestHeadBytes,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: Math.min(1_000, headersMs),
    // Node refuses without a word; dispatch.ts does it in words.
    requireHostHeader: false,
  });
  server.maxConnections = mostConnections;
  // Node lets go of a socket whose request is a CONNECT: a reset would then end the router. A fault of a connection is its end, and Node goes by that.
  server.on('connection', (socket) => socket.on('error', () => undefined));
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    // It is served as if it had not asked; but then Node no longer sees at once when what follows is no HTTP.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    handle(request, response).catch((error: unknown) => {
      log.error('an HTTP answer could not be sent', { error });
      response.destroy();
    });
  };
  server.on('request', serve);
  // The body's reader says when it wants to go on; a request that is refused by its head is answered without its body.
  server.on('checkContinue', serve);
  // What else a client expects is no reason to refuse it; Node by itself would, and without a word.
  server.on('checkExpectation', serve);
  server.on('clientError', refuse);
  // Node would close the connection without a word.
  server.on('connect', (_request, socket) => refuse(new Error('no proxy'), socket));

  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      reject(new ApiError(cannotListen(host, port, error), { cause: error }));
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      server.on('error', (error) => log.error('the HTTP server has a fault', { error }));
      resolve();
    });
  });

  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), lastMomentMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

/** What is no HTTP, too big a head, or too slow. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const kind: ProblemKind =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'headers-too-large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'request-timeout'
        : 'bad-request';
  const problem = new Problem(kind, kind === 'bad-request' ? 'This is no HTTP request.' : 'See the title.');
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): string {
  const cures: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is taken: end the other program, or set HTTP_PORT',
    EACCES: 'this port needs more rights: set HTTP_PORT to 1024 or above',
    EADDRNOTAVAIL: 'this machine has no such address: set HTTP_HOST',
    ENOTFOUND: 'the name is not known: set HTTP_HOST',
    EAI_AGAIN: 'the name cannot be looked up: set HTTP_HOST to an address',
  };
  return `the HTTP API cannot listen on ${host}:${port}: ${cures[error.code ?? ''] ?? error.message}`;
}
