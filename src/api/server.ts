/**
 * The HTTP server under the API: binds, bounds what one client can take, and ends. It must never wait for a slow client, neither while it serves
 * nor when it stops, and never leave a socket without somebody who hears of its error.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '../call/ports.ts';
import { discardRest } from './body.ts';
import { dispatchTo } from './dispatch.ts';
import { type ApiKey, keyCheck } from './key.ts';
import { refuseConnection, refuseExcess } from './refuse.ts';
import { type Gateways, routesTo } from './routes.ts';
import { slowdownTeller } from './slowdown.ts';
import { type Limits, usualLimits, Visitors } from './visitors.ts';

export interface ApiOptions extends Gateways {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** May write. */
  readonly apiKey: string;
  /** Further keys. */
  readonly keys?: readonly ApiKey[];
  readonly log: Log;
  /** How long a client may take to send its headers, and the whole of its request, ms. */
  readonly headersMs?: number;
  readonly requestMs?: number;
  readonly limits?: Limits;
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

const largestHeadBytes = 8 * 1024;
const lastMomentMs = 1_000;

/** @throws ApiError where the address cannot be had */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { host, port, apiKey, keys = [], log, headersMs = 5_000, requestMs = 10_000, limits = usualLimits } = options;
  const routes = routesTo(options);
  const openPaths = new Set(routes.flatMap(({ open, path }) => (open ? [path] : [])));
  const holderOf = keyCheck([{ name: 'API_KEY', scope: 'write', key: apiKey }, ...keys]);
  const handle = dispatchTo(routes, log);
  const visitors = new Visitors(limits, () => performance.now(), slowdownTeller(log));
  const server = createServer({
    maxHeaderSize: largestHeadBytes,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: Math.min(1_000, headersMs),
    // Node refuses without a word; dispatch.ts does it in words.
    requireHostHeader: false,
  });
  // Those that have been told to go count until they are gone.
  server.maxConnections = 2 * limits.connections;
  // Before Node reads from it.
  server.prependListener('connection', (socket) => {
    // Node lets go of a socket whose request is a CONNECT: a reset would then end the router. A fault of a connection is its end, and Node goes by that.
    socket.on('error', () => undefined);
    visitors.welcome(socket, socket.remoteAddress);
  });
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    const holder = holderOf(request.headers.authorization);
    const isKeyed = holder !== undefined;
    const isOpen = openPaths.has((request.url ?? '').split('?', 1)[0] ?? '');
    const turn = visitors.turn(socket, isKeyed ? 'keyed' : isOpen ? 'open' : 'keyless');
    if (turn === 'forgotten') return;
    response.once('close', () => visitors.answered(socket));
    // It is served as if it had not asked; but then Node no longer sees at once when what follows is no HTTP.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    later(response, turn.inMs, () => {
      if (turn.be === 'refused') {
        if (!request.complete) discardRest(request, isKeyed);
        refuseExcess(response, isKeyed);
        return;
      }
      handle(request, response, holder).catch((error: unknown) => {
        log.error('an HTTP answer could not be sent', { error });
        response.destroy();
      });
    });
  };
  const refuse = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' || error.code === 'ECONNRESET';
    const turn = isLate ? undefined : visitors.turn(socket, 'keyless');
    if (turn === 'forgotten') socket.destroy();
    else if (turn?.be === 'refused') later(socket, turn.inMs, () => socket.destroy());
    else refuseConnection(error, socket);
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

/** In so many ms, unless it is closed before; at once where it need not wait. */
function later(closing: ServerResponse | Duplex, inMs: number, act: () => void): void {
  if (inMs === 0) {
    act();
    return;
  }
  const timer = setTimeout(act, inMs);
  closing.once('close', () => clearTimeout(timer));
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
