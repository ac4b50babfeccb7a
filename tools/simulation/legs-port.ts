/**
 * Legs as one router has them: the adapter's own, over the door. Here is only taken down what the router has ordered for each leg, and what it was told of it, for the invariants.
 */
import { AriLegs, type LegsSettings } from '../../src/asterisk/channels/legs.ts';
import type { DialRequest, LegEvent, LegHangUpReason, Legs } from '../../src/call/ports.ts';
import type { Exchange } from './exchange.ts';
import type { Trace } from './orders.ts';

interface ToldEvent {
  readonly kind: LegEvent['kind'];
  readonly atMs: number;
  readonly step: number;
  readonly end: string | undefined;
  readonly pickedUp: boolean;
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
  readonly settings: LegsSettings;
  readonly trace: Trace;
  readonly nowMs: () => number;
  /** Told of each order, once it is known to be one. */
  readonly onDial: (request: DialRequest) => void;
}

export class LegsPort implements Legs {
  readonly files = new Map<string, LegFile>();
  readonly own: AriLegs;
  readonly #world: LegsWorld;

  constructor(world: LegsWorld) {
    this.#world = world;
    this.own = new AriLegs(world.settings);
  }

  async dial(request: DialRequest, onEvent: (event: LegEvent) => void): Promise<void> {
    const { nowMs, onDial } = this.#world;
    const [file, tell] = this.#openFile(request, nowMs(), onEvent);
    onDial(request);
    try {
      await this.own.dial(request, tell);
    } catch (error) {
      file.refusedAtMs = nowMs();
      throw error;
    }
  }

  adopt(legId: string, onEvent: (event: LegEvent) => void): void {
    const { exchange, trace } = this.#world;
    const channel = exchange.legs.get(legId);
    if (channel === undefined) throw new Error(`${legId} is adopted, and there never was such a leg`);
    const [, tell] = this.#openFile(channel.request, channel.orderedAtMs, onEvent, true);
    trace(`${legId} is adopted`);
    this.own.adopt(legId, tell);
  }

  hangUp(legId: string, reason: LegHangUpReason): Promise<void> {
    const { nowMs, trace } = this.#world;
    this.files.get(legId)?.hangUps.push({ atMs: nowMs(), step: trace(), reason });
    return this.own.hangUp(legId, reason);
  }

  #openFile(
    request: DialRequest,
    orderedAtMs: number,
    onEvent: (event: LegEvent) => void,
    isFound = false,
  ): readonly [LegFile, (event: LegEvent) => void] {
    const { nowMs, trace } = this.#world;
    const told: ToldEvent[] = [];
    const file: LegFile = { request, orderedAtMs, isFound, told, hangUps: [], refusedAtMs: undefined };
    this.files.set(request.legId, file);
    const tell = (event: LegEvent) => {
      const end = event.kind === 'ended' ? event.end : undefined;
      const pickedUp = event.kind === 'connected' && event.pickedUp;
      told.push({ kind: event.kind, atMs: nowMs(), step: trace(), end, pickedUp });
      trace(`told that ${request.legId} ${event.kind}${end === undefined ? '' : `: ${end}`}`);
      onEvent(event);
    };
    return [file, tell];
  }
}
