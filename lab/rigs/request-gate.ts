/**
 * A gate between the router and Asterisk's ARI: it holds back the requests that a test names until they are let through, so that the instant between two of
 * the router's steps lasts as long as a scenario needs. Events pass always. It must never change a byte, nor put one request before another of its connection.
 *
 *     const lab = await startLab({ version, startRouter: false });
 *     const gate = await RequestGate.before(lab);          // the router now asks through the gate
 *     const held = gate.hold(/\/subscription/);            // a request line: `POST /ari/applications/xivo-mapp/subscription?...`
 *     await held.arrived();                                 // the router has asked, Asterisk has not heard it
 *     held.release();
 */
import { createServer, type Server, type Socket } from 'node:net';
import { SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';
import { connectBeyond, endServer, standBefore } from './between.ts';

const REQUEST_LINE = /^(GET|POST|PUT|DELETE) \S+ HTTP\/1\.1\r\n/;

interface Rule {
  readonly which: RegExp;
  readonly waiting: { readonly go: () => void; readonly lose: () => void }[];
  readonly arrived: PromiseWithResolvers<string>;
}

export interface Held {
  /** The line of the first request that was held back, now or within the deadline. */
  arrived(withinMs?: number): Promise<string>;
  /** Lets what was held back go on, and holds nothing more back. */
  release(): void;
  /** What was held back never arrives: its connections break, as they do when the router dies. Holds nothing more back. */
  lose(): void;
}

export class RequestGate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #rules = new Set<Rule>();

  private constructor(target: URL) {
    this.#server = createServer({ noDelay: true }, (near) => {
      const far = connectBeyond(near, target, this.#sockets);
      far.pipe(near);
      near.on('data', (piece: Buffer) => this.#pass(piece, near, far));
    });
  }

  /** Starts the lab's router (which must not run yet) with a gate before its Asterisk. Stopped by stop(). */
  static async before(lab: Lab): Promise<RequestGate> {
    const gate = new RequestGate(new URL(lab.asterisk.ariUrl));
    await standBefore(lab, gate.#server);
    await lab.router.start();
    return gate;
  }

  /** From now on, requests whose first line fits wait. */
  hold(which: RegExp): Held {
    const rule: Rule = { which, waiting: [], arrived: Promise.withResolvers<string>() };
    this.#rules.add(rule);
    return {
      arrived: (withinMs = SOON_MS) => {
        const late = setTimeout(
          () => rule.arrived.reject(new Error(`the router asked nothing like ${which} within ${withinMs} ms`)),
          withinMs,
        );
        return rule.arrived.promise.finally(() => clearTimeout(late));
      },
      release: () => {
        this.#rules.delete(rule);
        for (const { go } of rule.waiting.splice(0)) go();
      },
      lose: () => {
        this.#rules.delete(rule);
        for (const { lose } of rule.waiting.splice(0)) lose();
      },
    };
  }

  async stop(): Promise<void> {
    await endServer(this.#server, this.#sockets);
  }

  /** The router sends one request at a time over a connection, so that a piece that begins one begins with its line. */
  #pass(piece: Buffer, near: Socket, far: Socket): void {
    const line = REQUEST_LINE.exec(piece.toString('latin1'))?.[0].trim();
    const rule = line === undefined ? undefined : [...this.#rules].find(({ which }) => which.test(line));
    if (line === undefined || rule === undefined) {
      far.write(piece);
      return;
    }
    near.pause();
    rule.waiting.push({
      go: () => {
        far.write(piece);
        near.resume();
      },
      lose: () => near.destroy(),
    });
    rule.arrived.resolve(line);
  }
}
