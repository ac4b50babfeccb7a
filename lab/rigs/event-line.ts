/**
 * The line on which Asterisk's events come to the router, in the hands of a test: it can be cut in the middle of an event, and it can be flooded with events of other people's
 * channels and phones, put between those of the real Asterisk. Requests pass as they are, and so does everything that the router says; no event is changed or put before another.
 *
 *     const line = await EventLine.before(lab);                             // starts the router
 *     const cut = line.cutInside(/"type":"ContactStatusChange"/);           // half of the next such event passes, and then the connection breaks
 *     await cut;
 *     const flood = line.flood(10_000);                                      // events a second
 *     flood.stop();                                                          // gives how many were sent
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Lab } from '../lab.ts';
import { connectBeyond, endServer, standBefore } from './between.ts';
import { FrameCutter, frameOf, Handshake } from './event-frames.ts';
import { unrelatedEvents } from './unrelated-events.ts';

const TICK_MS = 10;

interface CutOrder {
  readonly which: RegExp;
  readonly done: PromiseWithResolvers<string>;
}

export interface Flood {
  /** Events sent so far. */
  readonly sent: number;
  stop(): number;
}

export class EventLine {
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  /** Where events go to, once the connection stands. */
  #router: Socket | undefined;
  #cut: CutOrder | undefined;
  #flood: (() => void) | undefined;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (near) => this.#join(near));
  }

  /** Puts itself between the lab's router, which must not run yet, and its Asterisk; starts the router. */
  static async before(lab: Lab): Promise<EventLine> {
    const line = new EventLine(new URL(lab.asterisk.ariUrl));
    await standBefore(lab, line.#server);
    await lab.router.start();
    return line;
  }

  /** Lets half of the next event that fits pass and breaks the connection. Gives the event that the router has not got. */
  cutInside(which: RegExp): Promise<string> {
    const done = Promise.withResolvers<string>();
    this.#cut = { which, done };
    return done.promise;
  }

  /** So many events a second, as far as the router takes them in, until stop(). */
  flood(perSecond: number): Flood {
    const frames = unrelatedEvents().map(frameOf);
    const state = { sent: 0 };
    let lastMs = performance.now();
    const timer = setInterval(() => {
      // Where the router is slow to take them in, or this process stood still, there are fewer, and none is made up for.
      const sinceMs = Math.min(performance.now() - lastMs, 2 * TICK_MS);
      lastMs = performance.now();
      if (this.#router === undefined || this.#router.writableNeedDrain) return;
      const some: Buffer[] = [];
      const due = state.sent + (perSecond * sinceMs) / 1000;
      for (; state.sent < due; state.sent += 1) some.push(frames[state.sent % frames.length] ?? Buffer.alloc(0));
      this.#router.write(Buffer.concat(some));
    }, TICK_MS);
    const stop = () => {
      clearInterval(timer);
      return state.sent;
    };
    this.#flood = stop;
    return {
      get sent() {
        return state.sent;
      },
      stop,
    };
  }

  async stop(): Promise<void> {
    this.#flood?.();
    await endServer(this.#server, this.#sockets);
  }

  #join(near: Socket): void {
    const far = connectBeyond(near, this.#target, this.#sockets);
    near.on('close', () => {
      if (this.#router === near) this.#router = undefined;
    });
    near.once('data', (first: Buffer) => {
      far.write(first);
      near.pipe(far);
      if (first.toString('latin1').startsWith('GET /ari/events?')) this.#carryEvents(near, far);
      else far.pipe(near);
    });
  }

  /** Asterisk's answer to the handshake passes as it is, and then whole frames. */
  #carryEvents(near: Socket, far: Socket): void {
    const cutter = new FrameCutter();
    let handshake: Handshake | undefined = new Handshake();
    far.on('data', (piece: Buffer) => {
      if (handshake === undefined) {
        this.#passFrames(cutter, piece, near, far);
        return;
      }
      const done = handshake.take(piece);
      if (done === undefined) return;
      near.write(done.answer);
      handshake = undefined;
      this.#router = near;
      this.#passFrames(cutter, done.frames, near, far);
    });
  }

  #passFrames(cutter: FrameCutter, piece: Buffer, near: Socket, far: Socket): void {
    for (const { bytes, text } of cutter.take(piece)) {
      const order = this.#cut;
      if (order === undefined || !order.which.test(text)) {
        near.write(bytes);
        continue;
      }
      this.#cut = undefined;
      // The router gets these bytes for sure: what comes after them is the end.
      near.end(bytes.subarray(0, Math.floor(bytes.length / 2)));
      far.destroy();
      order.done.resolve(text);
      return;
    }
  }
}
