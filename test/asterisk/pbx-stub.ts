/**
 * A small server that speaks just enough of ARI to be wrong in every way: refuses, falls silent, breaks connections, sends junk. For faults that a
 * real Asterisk cannot be made to have on demand; whatever a real one can show is tested against a real one.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: string;
}

type Answer = (request: SeenRequest, response: ServerResponse) => void;

export class PbxStub implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly events: WebSocket[] = [];
  /** Opening handshakes of the event connection. */
  readonly handshakes: IncomingMessage[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #webSockets = new WebSocketServer({ noServer: true });
  /** Answers plain requests; by default as an idle Asterisk does. */
  answer: Answer = answerIdle;
  /** Orders for an event to the application that it has got. */
  pulses = 0;
  /** Pings that it has answered. */
  pings = 0;
  /** Asked to send an event to the application, it does not. */
  mute = false;
  /** Asked to send an event to the application, it does not even answer. */
  speechless = false;
  /** HTTP status with which the event connection is refused; 0 lets it in, -1 takes the connection and says nothing more. */
  refuseEvents = 0;
  readonly #upgraded: Duplex[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      // After an upgrade nobody else hears of it when the client resets the connection.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (request, response) => void this.#take(request, response));
    server.on('upgrade', (request, socket, head) => {
      this.handshakes.push(request);
      if (this.refuseEvents > 0) {
        socket.end(`HTTP/1.1 ${this.refuseEvents} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      } else if (this.refuseEvents === 0) {
        this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
          this.events.push(webSocket);
          webSocket.on('ping', () => {
            this.pings += 1;
          });
          this.#upgraded.push(socket);
        });
      }
    });
  }

  static async start(): Promise<PbxStub> {
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    return new PbxStub(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  send(event: unknown): void {
    for (const webSocket of this.events) webSocket.send(typeof event === 'string' ? event : JSON.stringify(event));
  }

  /** Bytes on the latest event connection, frames or not. */
  sendBytes(bytes: Buffer): void {
    this.#upgraded.at(-1)?.write(bytes);
  }

  /** The event connections that there are take nothing in any more and send nothing, and what asks for an event is not answered, as if half-open. */
  deafen(): void {
    this.mute = true;
    for (const socket of this.#upgraded) socket.pause();
  }

  hear(): void {
    this.mute = false;
    for (const socket of this.#upgraded) socket.resume();
  }

  /** Cuts every connection at once, without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const url = new URL(request.url ?? '/', this.url);
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization,
      body: Buffer.concat(parts).toString('utf8'),
    };
    if (url.pathname.startsWith('/ari/events/user/')) {
      this.pulses += 1;
      if (this.speechless) return;
      answerJson(response, 204);
      if (!this.mute)
        this.events
          .at(-1)
          ?.send(JSON.stringify({ type: 'ChannelUserevent', eventname: url.pathname.split('/').at(-1) }));
      return;
    }
    this.requests.push(seen);
    this.answer(seen, response);
  }
}

export function answerJson(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

/** As an Asterisk without channels and bridges. */
function answerIdle(request: SeenRequest, response: ServerResponse): void {
  if (request.path === '/ari/channels' || request.path === '/ari/bridges') answerJson(response, 200, []);
  else if (request.method === 'GET') answerJson(response, 200, { name: 'app', value: '' });
  else answerJson(response, 204);
}
