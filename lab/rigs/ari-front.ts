/**
 * An HTTP server in front of Asterisk's ARI that the router takes for it: what a rig says of a request happens to it (it waits, or is answered with an error that
 * Asterisk never hears of), and everything else passes, the event connection untouched. It must never change a request that it lets through, nor its answer, which it may hold back.
 */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Lab } from '../lab.ts';
import { endServer, standBefore } from './between.ts';

/** What happens to a request, by its line without the version: `POST /ari/channels/1700000000.1/answer`. Resolves with an HTTP status to answer instead of Asterisk. */
export type Treatment = (line: string) => Promise<number | undefined>;

/** Resolves when the answer to such a request may go on to the router. */
export type Delay = (line: string) => Promise<void>;

export class AriFront {
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  readonly #treat: Treatment;
  readonly #delay: Delay;

  private constructor(target: URL, treat: Treatment, delay: Delay) {
    this.#target = target;
    this.#treat = treat;
    this.#delay = delay;
    this.#server = createServer((asked, answer) => {
      this.#take(asked, answer).catch(() => answer.destroy());
    });
    this.#server.on('upgrade', (asked: IncomingMessage, near: Socket, head: Buffer) => this.#join(asked, near, head));
    this.#server.on('connection', (socket) => this.#know(socket));
  }

  /** Puts itself between the lab's router (which must not run yet, or is to be restarted) and its Asterisk. */
  static async before(lab: Lab, treat: Treatment, delay: Delay = async () => {}): Promise<AriFront> {
    const front = new AriFront(new URL(lab.asterisk.ariUrl), treat, delay);
    await standBefore(lab, front.#server);
    return front;
  }

  async stop(): Promise<void> {
    await endServer(this.#server, this.#sockets);
  }

  #know(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => this.#sockets.delete(socket));
  }

  async #take(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of asked) parts.push(part);
    const line = `${asked.method} ${asked.url}`;
    const status = await this.#treat(line);
    if (status !== undefined) {
      answer.writeHead(status, { 'content-type': 'application/json' });
      answer.end('{"message":"Internal Server Error"}');
      return;
    }
    const { hostname, port } = this.#target;
    const { method, url, headers } = asked;
    // A connection for each, so that none is taken up just as Asterisk lets go of it.
    const passed = request({
      hostname,
      port,
      method,
      path: url,
      headers: { ...headers, connection: 'close' },
      agent: false,
    });
    passed.on('error', () => answer.destroy());
    passed.on('socket', (socket) => this.#know(socket));
    passed.on('response', async (response) => {
      await this.#delay(line);
      const { connection: _, ...rest } = response.headers;
      answer.writeHead(response.statusCode ?? 502, rest);
      response.pipe(answer);
    });
    passed.end(Buffer.concat(parts));
  }

  #join(asked: IncomingMessage, near: Socket, head: Buffer): void {
    const far = connect({ host: this.#target.hostname, port: Number(this.#target.port), noDelay: true });
    this.#know(far);
    near.setNoDelay(true);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    const headers = asked.rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
    far.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${headers}\r\n`);
    far.write(head);
    near.pipe(far).pipe(near);
  }
}
