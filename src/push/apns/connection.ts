/**
 * The one connection to APNs beneath node-apn. The library opens its HTTP/2 session over a socket of ours, so that a connection that is dead, or does
 * not open, can be ended: the library then opens the next by itself and keeps its signed token, which Apple wants renewed no more than once in 20
 * minutes. It must never end a connection on which the server still speaks.
 */
import type { Http2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../call/ports.ts';
import { Liveness } from '../liveness.ts';
import type { Sockets } from '../sockets.ts';

export class ApnsLink {
  private readonly sockets: Sockets;
  private readonly clock: Clock;
  private readonly onLost: () => void;
  private readonly lives = new WeakMap<Http2Session, Liveness>();
  private current: TLSSocket | undefined;
  /** How long the current one took to open, in ms. */
  private openedMs = 0;
  private lastFault: Error | undefined;

  /** @param onLost told when a connection takes nothing any more */
  constructor(sockets: Sockets, clock: Clock, onLost: () => void) {
    this.sockets = sockets;
    this.clock = clock;
    this.onLost = onLost;
  }

  /** What the library calls for the socket of a session. */
  readonly connect = (): TLSSocket => {
    const startedMs = this.clock.nowMs();
    const socket = this.sockets.begin();
    socket.once('error', (fault) => {
      this.lastFault = fault;
    });
    socket.once('secureConnect', () => {
      this.openedMs = this.clock.nowMs() - startedMs;
      this.lastFault = undefined;
    });
    this.current = socket;
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
}
