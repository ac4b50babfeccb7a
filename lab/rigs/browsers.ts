/**
 * Browsers that use up Asterisk's HTTP sessions (http.conf `sessionlimit`): each holds a WebSocket to ARI for as long as it is open, and takes every session that comes free. Where a test
 * says so, the router's own requests lose their connections meanwhile, so that no session is left to it but that of its events.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { awaitThat } from '../asterisk/deadline.ts';
import { SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';
import { endServer, standBefore } from './between.ts';

const AGAIN_MS = 20;
/** Turned away so often in a row, and none is left. */
const ENOUGH = 5;
const EVENTS = /^GET \S*\/events\?/;

export class Browsers {
  readonly #lab: Lab;
  readonly #open = new Set<WebSocket>();
  #isGreedy = true;
  #turnedAway = 0;
  #count = 0;
  readonly #work: Promise<void>;

  private constructor(lab: Lab) {
    this.#lab = lab;
    this.#work = this.#takeAll();
  }

  /** Returns when no session is left. @param atLeast and when there are so many of them */
  static async come(lab: Lab, atLeast = 1): Promise<Browsers> {
    const browsers = new Browsers(lab);
    await browsers.#haveAll(atLeast);
    return browsers;
  }

  async #haveAll(atLeast: number): Promise<void> {
    await awaitThat(
      async () => (this.#turnedAway >= ENOUGH && this.#open.size >= atLeast ? true : undefined),
      SOON_MS,
      async () => `${this.#open.size} browsers have not used up the sessions`,
    );
  }

  async leave(): Promise<void> {
    this.#isGreedy = false;
    await this.#work;
    await Promise.all(
      [...this.#open].map(async (socket) => {
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.terminate();
        await closed;
      }),
    );
    // Asterisk hears of it a little later.
    await awaitThat(
      async () => await this.#lab.asterisk.ari('GET', '/asterisk/info').catch(() => undefined),
      SOON_MS,
      async () => 'the browsers have left, and there is no session all the same',
    );
  }

  async #takeAll(): Promise<void> {
    while (this.#isGreedy) {
      if (await this.#takeOne()) this.#turnedAway = 0;
      else {
        this.#turnedAway += 1;
        await delay(AGAIN_MS);
      }
    }
  }

  #takeOne(): Promise<boolean> {
    const { ariUrl, ariUsername, ariPassword } = this.#lab.asterisk;
    this.#count += 1;
    const url = `${ariUrl.replace('http', 'ws')}/ari/events?app=browser-${this.#count}`;
    const socket = new WebSocket(url, { auth: `${ariUsername}:${ariPassword}` });
    socket.on('close', () => this.#open.delete(socket));
    return new Promise((resolve) => {
      socket.once('open', () => {
        this.#open.add(socket);
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
  }
}

/** The line between router and Asterisk, on which all that carries no events can be cut, and stays cut until it is mended. */
export class RequestLine {
  readonly #server: Server;
  readonly #near = new Map<Socket, Socket>();
  readonly #requests = new Set<Socket>();
  #isCut = false;
  readonly #held = new Set<() => void>();

  private constructor(target: URL) {
    this.#server = createServer({ noDelay: true }, (near) => {
      const join = () => this.#join(near, Number(target.port));
      if (this.#isCut) this.#held.add(join);
      else join();
    });
  }

  /** Starts the lab's router, which must not run yet. */
  static async before(lab: Lab): Promise<RequestLine> {
    const line = new RequestLine(new URL(lab.asterisk.ariUrl));
    await standBefore(lab, line.#server);
    await lab.router.start();
    return line;
  }

  /** Ends every connection but that of the events; new ones wait. */
  cutRequests(): void {
    this.#isCut = true;
    for (const socket of this.#requests) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
    for (const join of this.#held) join();
    this.#held.clear();
  }

  async stop(): Promise<void> {
    await endServer(this.#server, [...this.#near.keys(), ...this.#near.values()]);
  }

  #join(near: Socket, port: number): void {
    const far = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#near.set(near, far);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    near.on('close', () => {
      this.#near.delete(near);
      this.#requests.delete(near);
    });
    near.once('data', (piece: Buffer) => {
      if (!EVENTS.test(piece.toString('latin1'))) this.#requests.add(near);
      far.write(piece);
      near.pipe(far);
    });
    far.pipe(near);
  }
}
