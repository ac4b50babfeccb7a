/**
 * The one connection to APNs beneath node-apn. The library opens its HTTP/2 session over a socket of ours, so that a connection that is dead, or does
 * not open, can be ended: the library then opens the next by itself and keeps its signed token, which Apple wants renewed no more than once in 20
 * minutes. It must never end a connection on which the server still speaks.
 */
import type { Http2Session } from 'node:http2';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { Clock } from '../call/ports.ts';
import type { Addresses } from './addresses.ts';
import { Liveness } from './liveness.ts';
import { ended } from './socket-end.ts';
import { WireError } from './wire-error.ts';

/** How long the connection may take to open, whatever its stages, in ms. */
const openMs = 10_000;

export class ApnsLink {
  readonly host: string;
  readonly port: number;
  private readonly ca: string | undefined;
  private readonly addresses: Pick<Addresses, 'connecting'>;
  private readonly clock: Clock;
  private readonly onLost: () => void;
  private readonly sockets = new Set<TLSSocket>();
  private readonly lives = new WeakMap<Http2Session, Liveness>();
  private current: TLSSocket | undefined;
  /** How long the current one took to open, in ms. */
  private openedMs = 0;
  private lastFault: Error | undefined;
  private closed = false;

  /** @param ca PEM: trusted in place of the well-known authorities */
  constructor(
    server: URL,
    ca: string | undefined,
    addresses: Pick<Addresses, 'connecting'>,
    clock: Clock,
    onLost: () => void,
  ) {
    this.onLost = onLost;
    this.clock = clock;
    this.addresses = addresses;
    this.host = server.hostname.replace(/^\[|\]$/g, '');
    this.port = Number(server.port || 443);
    this.ca = ca;
  }

  /** What the library calls for the socket of a session. */
  readonly connect = (): TLSSocket => {
    const startedMs = this.clock.nowMs();
    const socket = connect({
      host: this.host,
      port: this.port,
      ALPNProtocols: ['h2'],
      ...this.addresses.connecting,
      // A name is asked for and checked; an address is checked only, for TLS knows no server name that is an address.
      ...(isIP(this.host) === 0 ? { servername: this.host } : {}),
      ...(this.ca === undefined ? {} : { ca: this.ca }),
    });
    socket.setKeepAlive(true, 10_000);
    socket.setNoDelay(true);
    socket.once('error', (fault) => {
      this.lastFault = fault;
    });
    const timer = setTimeout(() => socket.destroy(new WireError('ESILENT')), openMs);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      this.openedMs = this.clock.nowMs() - startedMs;
      this.lastFault = undefined;
    });
    socket.once('close', () => {
      clearTimeout(timer);
      this.sockets.delete(socket);
    });
    this.sockets.add(socket);
    this.current = socket;
    if (this.closed) socket.destroy();
    return socket;
  };

  /** Why the connection cannot be had, where it cannot: the library wraps it beyond recognition. */
  get fault(): Error | undefined {
    return this.lastFault;
  }

  /** Of the library's session over the current connection. */
  livenessOf(session: Http2Session): Liveness | undefined {
    const known = this.lives.get(session);
    if (known !== undefined || this.current === undefined) return known;
    const liveness = new Liveness(session, this.current, this.openedMs, this.clock);
    this.lives.set(session, liveness);
    session.once('close', this.onLost);
    session.once('goaway', () => {
      // Servers say goodbye twice, and upon the second the library would end what is still to be answered.
      session.removeAllListeners('goaway');
      this.onLost();
    });
    return liveness;
  }

  /** Resolves when the connection stands. Rejects where it cannot be had. */
  async standing(): Promise<void> {
    const socket = this.current;
    if (socket === undefined) throw new Error('no connection was opened');
    // Both may have come and gone before; the protocol is known from the handshake's end on.
    if (socket.alpnProtocol !== null || socket.destroyed) {
      if (this.lastFault !== undefined) throw this.lastFault;
      return;
    }
    const standing = Promise.withResolvers<void>();
    socket.once('secureConnect', standing.resolve);
    socket.once('close', () => standing.reject(this.lastFault ?? new Error('the connection was ended')));
    await standing.promise;
  }

  /** Ends every connection. Resolves when none is left. */
  async close(): Promise<void> {
    this.closed = true;
    const gone = [...this.sockets].map(ended);
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(gone);
  }
}
