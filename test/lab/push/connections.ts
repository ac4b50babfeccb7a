/**
 * The connections of a lab server: how many there have been, how many there are, and the power to make them die as they do in a network: all at
 * once, or unnoticed. It must never let a server that is closed keep one.
 */
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { LoopbackCertificates } from './certificate.ts';

export class Connections {
  private readonly server: Server;
  private readonly open = new Map<number, { readonly socket: Socket; readonly number: number }>();
  private readonly frozen = new Set<number>();
  private count = 0;
  private port = 0;

  constructor(server: Server) {
    this.server = server;
    server.on('connection', (socket: Socket) => {
      const port = socket.remotePort ?? 0;
      this.count += 1;
      this.frozen.delete(port);
      this.open.set(port, { socket, number: this.count });
      // A client that goes away is not the server's trouble.
      socket.on('error', () => undefined);
      socket.once('close', () => this.open.delete(port));
    });
  }

  /** How many there have been. */
  get ever(): number {
    return this.count;
  }

  /** How many there are. */
  get now(): number {
    return this.open.size;
  }

  /** From here on nothing that comes over the present connections is heard or answered, and nobody is told; new ones work. */
  freeze(): void {
    for (const port of this.open.keys()) this.frozen.add(port);
  }

  isFrozen(port: number | undefined): boolean {
    return port !== undefined && this.frozen.has(port);
  }

  /** The number of a connection, by its client's port. */
  numberOf(port: number | undefined): number {
    return this.open.get(port ?? 0)?.number ?? 0;
  }

  /** Breaks off one connection, or all. */
  drop(port?: number): void {
    for (const [from, { socket }] of this.open) if (port === undefined || from === port) socket.resetAndDestroy();
  }

  /** Listens on a free port of loopback and gives the URL. */
  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `https://localhost:${this.listeningPort()}`;
  }

  private listeningPort(): number {
    const address: AddressInfo | string | null = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return address.port;
  }

  /** Takes the server away: who comes is refused. Resolves when nothing listens there. */
  async leave(): Promise<void> {
    this.port = this.listeningPort();
    await this.close();
  }

  /** The server is back where it was. */
  async comeBack(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  /** Shows this certificate to whoever comes from now on, and breaks off the present connections. */
  show({ cert, key }: Pick<LoopbackCertificates, 'cert' | 'key'>): void {
    if (!(this.server instanceof TlsServer)) throw new Error('this server has no certificate');
    this.server.setSecureContext({ cert, key });
    this.drop();
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const { socket } of this.open.values()) socket.destroy();
    await closed;
  }
}
