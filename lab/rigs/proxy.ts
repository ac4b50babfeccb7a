/**
 * A TCP proxy on loopback that a test can cut, mend or make silent, to stand between a program and its server: a cable with a switch. It must never change
 * a byte of what it lets through.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { endServer, listenOnLoopback } from './between.ts';

export class Cable {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #open = true;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (near) => this.#join(near));
  }

  /** Listens on a port of its own and passes everything on to 127.0.0.1:`target`. */
  static async start(target: number): Promise<Cable> {
    const server = createServer({ noDelay: true });
    await listenOnLoopback(server);
    return new Cable(server, target);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that pass through now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Ends every connection at once, and each new one, until mend(). */
  cut(): void {
    this.#open = false;
    this.drop();
  }

  /** Ends every connection at once; new ones pass. */
  drop(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** Lets nothing through any more on the connections that there are, and does not say so: they are half-open. */
  silence(): void {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
      near.resume();
      far.resume();
    }
  }

  mend(): void {
    this.#open = true;
  }

  async stop(): Promise<void> {
    this.cut();
    await endServer(this.#server);
  }

  #join(near: Socket): void {
    if (!this.#open) {
      near.destroy();
      return;
    }
    const far = connect({ port: this.#target, host: '127.0.0.1', noDelay: true });
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    const end = () => {
      near.destroy();
      far.destroy();
      this.#pairs.delete(pair);
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    near.pipe(far).pipe(near);
  }
}
