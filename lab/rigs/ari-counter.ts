/**
 * A counter between the router and Asterisk's ARI: what the router asks, by kind, which events Asterisk sends it, by type, and the bytes of both. It
 * must never change, hold back or reorder a byte.
 *
 *     const lab = await startLab({ version, startRouter: false });
 *     const counter = await AriCounter.before(lab);         // starts the router
 *     counter.begin();                                      // from now on
 *     counter.count();                                      // { requests: { 'POST /channels/{id}/moh' => … }, events: { 'StasisStart' => … }, lastedMs, … }
 */
import { createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import { awaitThat } from '../asterisk/deadline.ts';
import { SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';
import { nowMs } from '../phone/clock.ts';
import { connectBeyond, endServer, standBefore } from './between.ts';
import { FrameCutter, Handshake } from './event-frames.ts';
import { kindOf } from './request-kinds.ts';

const REQUEST_LINE = /^(GET|POST|PUT|DELETE) (\S+) HTTP\/1\.1\r\n/;
const EVENTS = /^\/ari\/events\?/;
const Typed = z.object({ type: z.string() });

/** Of one kind of request, or of one type of event. */
export interface Traffic {
  readonly times: number;
  /** Requests whose answer has begun to come; 0 of events. */
  readonly answered: number;
  /** Heads and bodies of the requests, and of their answers; whole frames of the events. */
  readonly bytes: number;
}

export interface AriCount {
  /** By kind, as kindOf() names it. */
  readonly requests: ReadonlyMap<string, Traffic>;
  /** By type: `StasisStart`. */
  readonly events: ReadonlyMap<string, Traffic>;
  /** Since begin(), ms. */
  readonly lastedMs: number;
  /** The most requests that waited for their answers at once. */
  readonly mostUnderWay: number;
}

export class AriCounter {
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #requests = new Map<string, Traffic>();
  #events = new Map<string, Traffic>();
  #sinceMs = nowMs();
  #underWay = 0;
  #mostUnderWay = 0;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (near) => this.#join(near));
  }

  /** Puts itself between the lab's router, which must not run yet, and its Asterisk; starts the router. */
  static async before(lab: Lab): Promise<AriCounter> {
    const counter = new AriCounter(new URL(lab.asterisk.ariUrl));
    await standBefore(lab, counter.#server);
    await lab.router.start();
    return counter;
  }

  /** Counts from nothing. An answer that is still under way counts. */
  begin(): void {
    this.#requests = new Map();
    this.#events = new Map();
    this.#sinceMs = nowMs();
    this.#mostUnderWay = this.#underWay;
  }

  /** What has passed since begin(), as it stands now. */
  count(): AriCount {
    const [requests, events] = [new Map(this.#requests), new Map(this.#events)];
    return { requests, events, lastedMs: nowMs() - this.#sinceMs, mostUnderWay: this.#mostUnderWay };
  }

  /** Waits until Asterisk has answered so many requests of that kind since begin(). */
  async answered(kind: string, times = 1, withinMs = SOON_MS): Promise<void> {
    const isThere = () => (this.#requests.get(kind)?.answered ?? 0) >= times;
    await awaitThat(
      async () => (isThere() ? true : undefined),
      withinMs,
      async () => `Asterisk was not asked ${times} times: ${kind}; but ${[...this.#requests.keys()].join(', ')}`,
    );
  }

  async stop(): Promise<void> {
    await endServer(this.#server, this.#sockets);
  }

  #join(near: Socket): void {
    const far = connectBeyond(near, this.#target, this.#sockets);
    near.pipe(far);
    far.pipe(near);
    this.#listen(near, far);
  }

  /** The router sends one request at a time over a connection, so that a piece that begins one begins with its line. */
  #listen(near: Socket, far: Socket): void {
    let kind: string | undefined;
    let isAnswered = true;
    const begins = () => {
      isAnswered = false;
      this.#underWay += 1;
      this.#mostUnderWay = Math.max(this.#mostUnderWay, this.#underWay);
    };
    const ends = () => {
      if (!isAnswered) this.#underWay -= 1;
      isAnswered = true;
    };
    near.on('close', ends);
    near.on('data', (piece: Buffer) => {
      const [line, method = '', target = ''] = REQUEST_LINE.exec(piece.toString('latin1')) ?? [];
      if (line !== undefined && EVENTS.test(target)) {
        kind = undefined;
        far.on('data', this.#eventsTaker());
      } else if (line !== undefined) {
        kind = kindOf(method, target);
        begins();
        add(this.#requests, kind, { times: 1 });
      }
      if (kind !== undefined) add(this.#requests, kind, { bytes: piece.length });
    });
    far.on('data', (piece: Buffer) => {
      if (kind === undefined) return;
      add(this.#requests, kind, { bytes: piece.length, answered: isAnswered ? 0 : 1 });
      ends();
    });
  }

  #eventsTaker(): (piece: Buffer) => void {
    const handshake = new Handshake();
    const cutter = new FrameCutter();
    let isOpen = false;
    return (piece) => {
      const frames = isOpen ? piece : handshake.take(piece)?.frames;
      if (frames === undefined) return;
      isOpen = true;
      for (const { bytes, text } of cutter.take(frames)) {
        // Pings and pongs are no events.
        if (text !== '') add(this.#events, Typed.parse(JSON.parse(text)).type, { times: 1, bytes: bytes.length });
      }
    };
  }
}

function add(traffic: Map<string, Traffic>, what: string, more: Partial<Traffic>): void {
  const before = traffic.get(what) ?? { times: 0, answered: 0, bytes: 0 };
  const sum = (field: keyof Traffic) => before[field] + (more[field] ?? 0);
  traffic.set(what, { times: sum('times'), answered: sum('answered'), bytes: sum('bytes') });
}
