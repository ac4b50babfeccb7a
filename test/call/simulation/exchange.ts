/**
 * The truth about legs, as an Asterisk holds it: what we order and what phones do changes it at once, and we learn of it by events. Every leg that ever was
 * is kept, with what became of it. It must be as unkind as the real one: an INVITE may be answered while it is being hung up, or while no router is there.
 */
import { PbxError } from '../../../src/call/errors.ts';
import type { DialRequest, LegHangUpReason } from '../../../src/call/ports.ts';
import type { VirtualClock } from '../fakes/clock.ts';
import { Bridges } from './bridges.ts';
import type { Trace } from './orders.ts';
import type { Telephones } from './telephones.ts';
import type { TakePlan } from './world-plan.ts';

export interface LegChannel {
  readonly request: DialRequest;
  readonly orderedAtMs: number;
  state: 'dialling' | 'ringing' | 'up' | 'gone';
  upAtMs: number | undefined;
  goneAtMs: number | undefined;
  /** Who ended it. */
  endedBy: 'phone' | 'us' | 'asterisk' | undefined;
  take: TakePlan | undefined;
  /** It has been hung up, and its phone answers all the same. */
  crossing: boolean;
  /** It is in our application; one that is answered while no router is there is so only once one is back. */
  inApp: boolean;
}

/** What Asterisk tells of legs. */
export interface LegEvents {
  readonly ordered: (legId: string) => void;
  readonly rings: (legId: string) => void;
  readonly answers: (leg: LegChannel) => void;
  readonly entersApp: (leg: LegChannel) => void;
  readonly destroyed: (legId: string, cause: number, words: string) => void;
}

interface ExchangeWorld {
  readonly clock: VirtualClock;
  readonly phones: Telephones;
  readonly events: LegEvents;
  /** Whether Asterisk can give a channel to a router now. */
  readonly hasApplication: () => boolean;
  readonly trace: Trace;
}

const CAUSES = {
  declines: { cause: 21, words: 'Call Rejected' },
  busy: { cause: 17, words: 'User busy' },
  fails: { cause: 20, words: 'Subscriber absent' },
} as const;
const NO_ANSWER = { cause: 19, words: 'No Answer' };
const CLEARED = { cause: 16, words: 'Normal Clearing' };

/** How long a leg that has answered waits for a router, trying once a second, before it is hung up. */
const LEG_WAITS_MS = 10_000;
const TRIES_MS = 1000;

export class Exchange {
  readonly legs = new Map<string, LegChannel>();
  readonly bridges: Bridges;
  readonly #clock: VirtualClock;
  readonly #phones: Telephones;
  readonly #events: LegEvents;
  readonly #hasApplication: () => boolean;
  readonly #trace: Trace;

  constructor(world: ExchangeWorld) {
    this.#clock = world.clock;
    this.#phones = world.phones;
    this.#events = world.events;
    this.#hasApplication = world.hasApplication;
    this.#trace = world.trace;
    this.bridges = new Bridges(world.trace);
  }

  originate(request: DialRequest, orderedAtMs: number): void {
    const { legId, contact } = request;
    const home = this.#phones.invite(contact.uri);
    if (home === undefined || home.take?.does === 'refused') throw new PbxError('500 Allocation failed');
    const leg: LegChannel = {
      request,
      orderedAtMs,
      state: 'dialling',
      upAtMs: undefined,
      goneAtMs: undefined,
      endedBy: undefined,
      take: home.take,
      crossing: false,
      inApp: false,
    };
    this.legs.set(legId, leg);
    this.#events.ordered(legId);
    this.#clock.later(request.ringMs, () => {
      if (leg.state === 'dialling' || leg.state === 'ringing') this.#end(leg, 'asterisk', NO_ANSWER);
    });
    const { take, phone } = home;
    if (take !== undefined) this.#ring(leg, take);
    else if (phone.deadContactFailsMs !== undefined) {
      this.#clock.later(phone.deadContactFailsMs, () => this.#end(leg, 'phone', CAUSES.fails));
    }
  }

  /** Hangs a leg up. One whose phone answers late is hung up by this only once it has answered. */
  hangUp(legId: string, reason: LegHangUpReason): void {
    const leg = this.legs.get(legId);
    if (leg === undefined || leg.state === 'gone') return;
    const lateMs = leg.take?.answersLateMs;
    this.bridges.isPulled(legId);
    if (leg.state === 'up' || leg.crossing || lateMs === undefined) {
      this.#end(leg, 'us', { cause: reason === 'answered-elsewhere' ? 26 : 16, words: reason });
      return;
    }
    leg.crossing = true;
    this.#clock.later(lateMs, () => this.#answer(leg));
  }

  isUp(legId: string): boolean {
    return this.legs.get(legId)?.state === 'up';
  }

  #ring(leg: LegChannel, take: TakePlan): void {
    const { legId } = leg.request;
    if (take.ringsAfterMs !== undefined) {
      this.#clock.later(take.ringsAfterMs, () => {
        if (leg.state !== 'dialling') return;
        leg.state = 'ringing';
        this.#trace(`${legId} rings`);
        this.#events.rings(legId);
      });
    }
    this.#clock.later(take.afterMs, () => {
      // The phone has got the CANCEL, unless its answer crosses it, which is told for itself.
      if (leg.crossing) return;
      if (take.does === 'answers') this.#answer(leg);
      else if (take.does !== 'nothing' && take.does !== 'refused') this.#end(leg, 'phone', CAUSES[take.does]);
    });
  }

  #answer(leg: LegChannel): void {
    if (leg.state === 'gone' || leg.state === 'up') return;
    leg.state = 'up';
    leg.upAtMs = this.#clock.nowMs();
    this.#trace(`${leg.request.legId} answers`);
    this.#events.answers(leg);
    this.#clock.later(leg.take?.talksMs ?? 0, () => this.#end(leg, 'phone', CLEARED));
    this.#giveToApplication(leg, this.#clock.nowMs() + LEG_WAITS_MS);
  }

  #giveToApplication(leg: LegChannel, untilMs: number): void {
    if (leg.state !== 'up') return;
    if (this.#hasApplication()) {
      leg.inApp = true;
      this.#events.entersApp(leg);
    } else if (leg.crossing || this.#clock.nowMs() >= untilMs) this.#end(leg, 'asterisk', CLEARED);
    else this.#clock.later(TRIES_MS, () => this.#giveToApplication(leg, untilMs));
  }

  #end(leg: LegChannel, by: LegChannel['endedBy'], { cause, words }: { cause: number; words: string }): void {
    if (leg.state === 'gone') return;
    const { legId } = leg.request;
    leg.state = 'gone';
    leg.goneAtMs = this.#clock.nowMs();
    leg.endedBy = by;
    this.bridges.leave(legId);
    this.#trace(`${legId} ends: ${cause} ${words}`);
    this.#events.destroyed(legId, cause, words);
  }
}
