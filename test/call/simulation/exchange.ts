/**
 * The truth about legs and bridges, as an Asterisk holds it: what we order and what phones do changes it at once, and we learn of it by events. Every leg that ever was
 * is kept, with what became of it. It must be as unkind as the real one: an INVITE may be answered while it is being hung up.
 */
import { PbxError } from '../../../src/call/errors.ts';
import type { DialRequest, LegHangUpReason } from '../../../src/call/ports.ts';
import type { VirtualClock } from '../fakes/clock.ts';
import type { Trace } from './orders.ts';
import type { Telephones } from './telephones.ts';
import type { TakePlan } from './world-plan.ts';

export interface LegChannel {
  readonly request: DialRequest;
  readonly dialledAtMs: number;
  state: 'dialling' | 'ringing' | 'up' | 'gone';
  upAtMs: number | undefined;
  goneAtMs: number | undefined;
  /** Who ended it. */
  endedBy: 'phone' | 'us' | 'asterisk' | undefined;
  take: TakePlan | undefined;
  /** It has been hung up, and its phone answers all the same. */
  crossing: boolean;
}

/** What Asterisk tells of legs. */
export interface LegEvents {
  readonly rings: (legId: string) => void;
  readonly answers: (leg: LegChannel) => void;
  readonly destroyed: (legId: string, cause: number, words: string) => void;
}

const CAUSES = {
  declines: { cause: 21, words: 'Call Rejected' },
  busy: { cause: 17, words: 'User busy' },
  fails: { cause: 20, words: 'Subscriber absent' },
} as const;
const NO_ANSWER = { cause: 19, words: 'No Answer' };
const CLEARED = { cause: 16, words: 'Normal Clearing' };

export class Exchange {
  readonly legs = new Map<string, LegChannel>();
  readonly bridges = new Map<string, Set<string>>();
  readonly #clock: VirtualClock;
  readonly #phones: Telephones;
  readonly #events: LegEvents;
  readonly #trace: Trace;

  constructor(clock: VirtualClock, phones: Telephones, events: LegEvents, trace: Trace) {
    this.#clock = clock;
    this.#phones = phones;
    this.#events = events;
    this.#trace = trace;
  }

  originate(request: DialRequest): void {
    const { legId, contact } = request;
    const home = this.#phones.invite(contact.uri);
    if (home === undefined || home.take?.does === 'refused') throw new PbxError('500 Allocation failed');
    const leg: LegChannel = {
      request,
      dialledAtMs: this.#clock.nowMs(),
      state: 'dialling',
      upAtMs: undefined,
      goneAtMs: undefined,
      endedBy: undefined,
      take: home.take,
      crossing: false,
    };
    this.legs.set(legId, leg);
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
  }

  #end(leg: LegChannel, by: LegChannel['endedBy'], { cause, words }: { cause: number; words: string }): void {
    if (leg.state === 'gone') return;
    const { legId } = leg.request;
    leg.state = 'gone';
    leg.goneAtMs = this.#clock.nowMs();
    leg.endedBy = by;
    for (const members of this.bridges.values()) members.delete(legId);
    this.#trace(`${legId} ends: ${cause} ${words}`);
    this.#events.destroyed(legId, cause, words);
  }
}
