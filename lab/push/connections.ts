/**
 * The connections of a lab server: how many there have been, how many there are, and the power to make them die as they do in a network: all at
 * once, or unnoticed. All bytes pass through here on their way to the server, which is why one that died unnoticed does not even answer a ping. It
 * must never let a server that is closed keep one.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import type { LoopbackCertificates } from './certificate.ts';

const LOOPBACK = '127.0.0.1';

interface Connection {
  readonly number: number;
  readonly client: Socket;
  readonly server: Socket;
}

export class Connections {
  private readonly server: Server;
  private readonly front: Server;
  private readonly open = new Set<Connection>();
  private count = 0;
  private port = 0;
  /** How far away the server is, as a round trip in ms: of connections that come from now on. */
  roundTripMs = 0;

  constructor(server: Server) {
    this.server = server;
    this.front = createServer((client) => this.take(client));
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
    for (const { client, server } of this.open) {
      client.unpipe();
      server.unpipe();
      // Read, and lost.
      client.resume();
      server.resume();
    }
  }

  /** The number of a connection, by the port from which the server sees it come. */
  numberOf(port: number | undefined): number {
    return this.of(port)?.number ?? 0;
  }

  /** Breaks off one connection, or all. */
  drop(port?: number): void {
    const some = port === undefined ? [...this.open] : [this.of(port)];
    for (const one of some) one?.client.resetAndDestroy();
  }

  /** Listens on a free port of loopback and gives the URL. */
  async listen(): Promise<string> {
    this.server.listen(0, LOOPBACK);
    await once(this.server, 'listening');
    await this.listenInFront();
    return `https://localhost:${this.port}`;
  }

  /** Takes the server away: who comes is refused. Resolves when nothing listens there. */
  async leave(): Promise<void> {
    const closed = once(this.front, 'close');
    this.front.close();
    for (const { client } of this.open) client.destroy();
    await closed;
  }

  /** The server is back where it was. */
  async comeBack(): Promise<void> {
    await this.listenInFront();
  }

  /** Shows this certificate to whoever comes from now on, and breaks off the present connections. */
  show({ cert, key }: Pick<LoopbackCertificates, 'cert' | 'key'>): void {
    if (!(this.server instanceof TlsServer)) throw new Error('this server has no certificate');
    this.server.setSecureContext({ cert, key });
    this.drop();
  }

  async close(): Promise<void> {
    if (this.front.listening) await this.leave();
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }

  private of(port: number | undefined): Connection | undefined {
    return [...this.open].find(({ server }) => server.localPort === port);
  }

  private async listenInFront(): Promise<void> {
    this.front.listen(this.port, LOOPBACK);
    await once(this.front, 'listening');
    this.port = portOf(this.front);
  }

  private take(client: Socket): void {
    this.count += 1;
    const server = connect(portOf(this.server), LOOPBACK);
    const connection = { number: this.count, client, server };
    this.open.add(connection);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // A client that goes away is not the server's trouble.
      socket.on('error', () => client.destroy());
    }
    client.once('close', () => {
      this.open.delete(connection);
      server.destroy();
    });
    // Its own end is read though nobody takes in what it sends any more.
    server.once('close', () => client.resume());
    if (this.roundTripMs === 0) client.pipe(server).pipe(client);
    else {
      const wayMs = this.roundTripMs / 2;
      client.pipe(far(wayMs)).pipe(server).pipe(far(wayMs)).pipe(client);
    }
  }
}

/** What goes in comes out so much later, in order. */
function far(ms: number): Transform {
  return new Transform({
    transform(chunk, _, done) {
      setTimeout(() => this.push(chunk), ms).unref();
      done();
    },
    flush(done) {
      setTimeout(done, ms).unref();
    },
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
