/**
 * The TLS sockets to one push service, over which HTTP/2 is spoken. It must never leave one open that does not come to stand, nor open one after its
 * end.
 */
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { Addresses } from './dns-cache.ts';
import { ended } from './socket-end.ts';
import { WireError } from './wire-error.ts';

/** How long one may take to open, whatever its stages, in ms. */
export const openMs = 10_000;

export class Sockets {
  readonly host: string;
  readonly port: number;
  private readonly ca: string | undefined;
  private readonly addresses: Pick<Addresses, 'connecting'>;
  private readonly open = new Set<TLSSocket>();
  private closed = false;

  /** @param ca PEM: trusted in place of the well-known authorities */
  constructor(server: URL, ca: string | undefined, addresses: Pick<Addresses, 'connecting'>) {
    this.host = hostOf(server);
    this.port = Number(server.port || 443);
    this.ca = ca;
    this.addresses = addresses;
  }

  /** True once no more are opened. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** One that is about to connect. It ends with ESILENT where that takes too long. */
  begin(): TLSSocket {
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
    const timer = setTimeout(() => socket.destroy(new WireError('ESILENT')), openMs);
    socket.once('secureConnect', () => clearTimeout(timer));
    socket.once('close', () => {
      clearTimeout(timer);
      this.open.delete(socket);
    });
    this.open.add(socket);
    if (this.closed) socket.destroy();
    return socket;
  }

  /** Ends every one. Resolves when none is left. */
  async close(): Promise<void> {
    this.closed = true;
    const gone = [...this.open].map(ended);
    for (const socket of this.open) socket.destroy();
    await Promise.all(gone);
  }
}

/** As a socket wants it: an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
