/**
 * Legs as the router has them, over the exchange. The adapter's own Leg takes in the events, so that what is held back, dropped or told late is what the
 * real adapter does. A leg that shows itself and is nobody's is hung up.
 */
import { Leg } from '../../../src/asterisk/leg.ts';
import { PbxError } from '../../../src/call/errors.ts';
import type { DialRequest, LegEvent, LegHangUpReason, Legs } from '../../../src/call/ports.ts';
import type { EventLine } from './event-line.ts';
import type { Exchange, LegChannel } from './exchange.ts';
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
  readonly told: readonly ToldEvent[];
  readonly hangUps: { readonly atMs: number; readonly step: number; readonly reason: LegHangUpReason }[];
  refusedAtMs: number | undefined;
}

export interface LegsWorld {
  readonly exchange: () => Exchange;
  readonly line: () => EventLine;
  readonly orders: Orders;
  readonly trace: Trace;
  readonly nowMs: () => number;
  /** How many things have happened: what came first of what happened in the same instant. */
  readonly step: () => number;
  /** Told of each order, once it is known to be one. */
  readonly onDial: (request: DialRequest) => void;
}

export class LegsPort implements Legs {
  readonly files = new Map<string, LegFile>();
  readonly #owned = new Map<string, Leg>();
  readonly #world: LegsWorld;

  constructor(world: LegsWorld) {
    this.#world = world;
  }

  async dial(request: DialRequest, onEvent: (event: LegEvent) => void): Promise<void> {
    const { orders, exchange, line, nowMs, step, onDial, trace } = this.#world;
    const { legId, contact } = request;
    const told: ToldEvent[] = [];
    const file: LegFile = { request, orderedAtMs: nowMs(), told, hangUps: [], refusedAtMs: undefined };
    this.files.set(legId, file);
    onDial(request);
    try {
      if (!line().isUp) throw new PbxError('not connected to Asterisk: the event line is down');
      const leg = new Leg({
        onEvent: (event) => {
          const end = event.kind === 'ended' ? event.end : undefined;
          told.push({ kind: event.kind, atMs: nowMs(), step: step(), end });
          trace(`told that ${legId} ${event.kind}${end === undefined ? '' : `: ${end}`}`);
          onEvent(event);
        },
        onLateAnswer: (reason) => exchange().hangUp(legId, reason),
        onGone: () => this.#forget(legId, leg),
      });
      this.#owned.set(legId, leg);
      try {
        await orders.send('legs.dial', `${legId} to ${contact.uri}`, () => exchange().originate(request));
      } catch (error) {
        leg.refused();
        this.#forget(legId, leg);
        // Asterisk may have taken the order all the same.
        exchange().hangUp(legId, 'normal');
        throw error;
      }
      leg.taken();
    } catch (error) {
      file.refusedAtMs = nowMs();
      throw error;
    }
  }

  /** Nobody dies in this world, so that nothing is found; the port has it all the same. */
  adopt(legId: string, onEvent: (event: LegEvent) => void): void {
    const leg = new Leg({
      onEvent,
      onLateAnswer: (reason) => this.#world.exchange().hangUp(legId, reason),
      onGone: () => this.#forget(legId, leg),
    });
    this.#owned.set(legId, leg);
    leg.taken();
  }

  async hangUp(legId: string, reason: LegHangUpReason): Promise<void> {
    const { orders, exchange, nowMs, step } = this.#world;
    this.files.get(legId)?.hangUps.push({ atMs: nowMs(), step: step(), reason });
    const leg = this.#owned.get(legId);
    leg?.condemn(reason);
    await leg?.ordered;
    await orders.send('legs.hangUp', `${legId} ${reason}`, () => exchange().hangUp(legId, reason));
  }

  /** Asterisk tells that a leg rings. */
  rings(legId: string): void {
    this.#owned.get(legId)?.onState('Ringing');
  }

  answers({ request: { legId } }: LegChannel): void {
    const leg = this.#owned.get(legId);
    if (leg === undefined) this.#world.exchange().hangUp(legId, 'normal');
    else leg.onStart();
  }

  destroyed(legId: string, cause: number, words: string): void {
    this.#owned.get(legId)?.onDestroyed(cause, words);
  }

  /** After a reconnect. Returns what is to be done with what Asterisk has by then. */
  beginToCompare(): (channels: ReadonlyMap<string, LegChannel['state']>) => void {
    const known = [...this.#owned].filter(([, leg]) => leg.settled);
    return (channels) => {
      for (const [legId, leg] of known) {
        const state = channels.get(legId);
        if (state === undefined || state === 'gone') leg.onDestroyed(0, 'gone while the connection was down');
        else if (state === 'up') leg.onStart();
        else if (state === 'ringing') leg.onState('Ringing');
      }
      for (const [legId, state] of channels) {
        if (state !== 'gone' && !this.#owned.has(legId)) this.#world.exchange().hangUp(legId, 'normal');
      }
    };
  }

  #forget(legId: string, leg: Leg): void {
    if (this.#owned.get(legId) === leg) this.#owned.delete(legId);
  }
}
