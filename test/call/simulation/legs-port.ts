/**
 * Legs as one router has them, over the exchange. The adapter's own Leg and Switchboard take in the events, so that what is held back, dropped or told late is what
 * the real adapter does.
 */
import { Leg } from '../../../src/asterisk/leg.ts';
import type { Switchboard } from '../../../src/asterisk/switchboard.ts';
import { PbxError } from '../../../src/call/errors.ts';
import type { DialRequest, LegEvent, LegHangUpReason, Legs } from '../../../src/call/ports.ts';
import type { EventLine } from './event-line.ts';
import type { Exchange } from './exchange.ts';
import type { Orders, Trace } from './orders.ts';

interface ToldEvent {
  readonly kind: LegEvent['kind'];
  readonly atMs: number;
  readonly step: number;
  readonly end: string | undefined;
}

/** What the router has ordered for, and has been told of, one leg. */
export interface LegFile {
  readonly request: DialRequest;
  readonly orderedAtMs: number;
  /** True where an earlier life of the router has ordered it. */
  readonly isFound: boolean;
  readonly told: readonly ToldEvent[];
  readonly hangUps: { readonly atMs: number; readonly step: number; readonly reason: LegHangUpReason }[];
  refusedAtMs: number | undefined;
}

export interface LegsWorld {
  readonly exchange: Exchange;
  readonly line: EventLine;
  readonly board: Switchboard;
  readonly orders: Orders;
  readonly trace: Trace;
  /** What the adapter does for a leg whose events may have been missed. */
  readonly catchUp: (legId: string, leg: Leg) => Promise<void>;
  readonly nowMs: () => number;
  /** How many things have happened: what came first of what happened in the same instant. */
  readonly step: () => number;
  /** Told of each order, once it is known to be one. */
  readonly onDial: (request: DialRequest) => void;
}

export class LegsPort implements Legs {
  readonly files = new Map<string, LegFile>();
  readonly #owned = new Map<string, Leg>();
  readonly #doubted = new Set<Leg>();
  readonly #world: LegsWorld;

  constructor(world: LegsWorld) {
    this.#world = world;
  }

  async dial(request: DialRequest, onEvent: (event: LegEvent) => void): Promise<void> {
    const { orders, exchange, line, nowMs, onDial, catchUp } = this.#world;
    const { legId, contact } = request;
    const [file, tell] = this.#openFile(request, nowMs(), onEvent);
    onDial(request);
    try {
      if (!line.isUp) throw new PbxError('not connected to Asterisk: the event line is down');
      const leg = this.#own(legId, tell);
      try {
        await orders.send('legs.dial', `${legId} to ${contact.uri}`, () =>
          exchange.originate(request, file.orderedAtMs),
        );
      } catch (error) {
        leg.refused();
        this.#forget(legId, leg);
        // Asterisk may have taken the order all the same.
        exchange.hangUp(legId, 'normal');
        throw error;
      }
      leg.taken();
      if (this.#doubted.delete(leg)) void catchUp(legId, leg).catch(() => undefined);
    } catch (error) {
      file.refusedAtMs = nowMs();
      throw error;
    }
  }

  connected(): void {
    for (const leg of this.#owned.values()) if (!leg.settled) this.#doubted.add(leg);
  }

  /** Answers for a leg that an earlier life has left, until adopt() says to whom. */
  find(legId: string): Leg {
    const leg = this.#own(legId, () => {});
    leg.found();
    return leg;
  }

  adopt(legId: string, onEvent: (event: LegEvent) => void): void {
    const { exchange, trace } = this.#world;
    const leg = this.#owned.get(legId);
    const channel = exchange.legs.get(legId);
    if (channel === undefined) throw new Error(`${legId} is adopted, and there never was such a leg`);
    const [, tell] = this.#openFile(channel.request, channel.orderedAtMs, onEvent, true);
    trace(`${legId} is adopted`);
    if (leg === undefined) tell({ kind: 'ended', end: 'unreachable', detail: 'gone before it was taken over' });
    else leg.adopt(tell);
  }

  async hangUp(legId: string, reason: LegHangUpReason): Promise<void> {
    const { orders, exchange, nowMs, step } = this.#world;
    this.files.get(legId)?.hangUps.push({ atMs: nowMs(), step: step(), reason });
    const leg = this.#owned.get(legId);
    leg?.condemn(reason);
    await leg?.ordered;
    await orders.send('legs.hangUp', `${legId} ${reason}`, () => exchange.hangUp(legId, reason));
  }

  #openFile(
    request: DialRequest,
    orderedAtMs: number,
    onEvent: (event: LegEvent) => void,
    isFound = false,
  ): readonly [LegFile, (event: LegEvent) => void] {
    const { nowMs, step, trace } = this.#world;
    const told: ToldEvent[] = [];
    const file: LegFile = { request, orderedAtMs, isFound, told, hangUps: [], refusedAtMs: undefined };
    this.files.set(request.legId, file);
    const tell = (event: LegEvent) => {
      const end = event.kind === 'ended' ? event.end : undefined;
      told.push({ kind: event.kind, atMs: nowMs(), step: step(), end });
      trace(`told that ${request.legId} ${event.kind}${end === undefined ? '' : `: ${end}`}`);
      onEvent(event);
    };
    return [file, tell];
  }

  #own(legId: string, onEvent: (event: LegEvent) => void): Leg {
    const { exchange, board } = this.#world;
    const leg = new Leg({
      onEvent,
      onLateAnswer: (reason) => exchange.hangUp(legId, reason),
      onGone: () => this.#forget(legId, leg),
    });
    this.#owned.set(legId, leg);
    board.own(legId, leg);
    return leg;
  }

  #forget(legId: string, leg: Leg): void {
    this.#world.board.disown(legId, leg);
    if (this.#owned.get(legId) === leg) this.#owned.delete(legId);
  }
}
