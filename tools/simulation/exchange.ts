/**
 * The truth about legs, as an Asterisk holds it: what we order and what phones do changes it at once, and we learn of it by events. Every leg that ever was
 * is kept, with what became of it. From its answer on a leg is the dialplan's (talks.ts). It must be as unkind as the real one: an INVITE may be answered while it is being hung up.
 */

import type { VirtualClock } from '../../lab/fakes/clock.ts';
import { PbxError } from '../../src/call/errors.ts';
import type { DialRequest, LegHangUpReason } from '../../src/call/ports.ts';
import type { CallerChannel } from './caller-channel.ts';
import { NotesKept } from './notes.ts';
import type { Trace } from './orders.ts';
import { Talks } from './talks.ts';
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
  /** What the dialplan says on it of its caller; '' until it has won it. */
  connectedTo: string;
}

/** What Asterisk tells of legs. */
export interface LegEvents {
  readonly rings: (legId: string) => void;
  readonly answers: (leg: LegChannel) => void;
  /** The dialplan says that it connects the leg. */
  readonly connected: (leg: LegChannel, value: string) => void;
  readonly talks: (channelId: string) => void;
  readonly destroyed: (legId: string, cause: number, words: string) => void;
}

interface ExchangeWorld {
  readonly clock: VirtualClock;
  readonly phones: Telephones;
  readonly events: LegEvents;
  readonly callerOf: (channelId: string) => CallerChannel | undefined;
  readonly connectMs: number;
  readonly redirectMs: number;
  /** How long after an answer an order may leave that knows nothing of it. */
  readonly unknownMs: number;
  readonly trace: Trace;
}

const CAUSES = {
  declines: { cause: 21, words: 'Call Rejected' },
  busy: { cause: 17, words: 'User busy' },
  fails: { cause: 20, words: 'Subscriber absent' },
} as const;
const NO_ANSWER = { cause: 19, words: 'No Answer' };
const CLEARED = { cause: 16, words: 'Normal Clearing' };
const ELSEWHERE = { cause: 26, words: 'Answered elsewhere' };

export class Exchange {
  readonly legs = new Map<string, LegChannel>();
  readonly talks: Talks;
  readonly notes: NotesKept;
  readonly #clock: VirtualClock;
  readonly #phones: Telephones;
  readonly #events: LegEvents;
  readonly #callerOf: (channelId: string) => CallerChannel | undefined;
  readonly #unknownMs: number;
  readonly #trace: Trace;

  constructor(world: ExchangeWorld) {
    this.#clock = world.clock;
    this.#phones = world.phones;
    this.#events = world.events;
    this.#callerOf = world.callerOf;
    this.#unknownMs = world.unknownMs;
    this.#trace = world.trace;
    this.notes = new NotesKept(() => world.clock.nowMs());
    this.talks = new Talks({
      ...world,
      endLeg: (leg, elsewhere) => this.#end(leg, 'asterisk', elsewhere ? ELSEWHERE : CLEARED),
      says: world.events.connected,
      onTalk: world.events.talks,
    });
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
      connectedTo: '',
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

  /** The caller has left where it was: into a conversation, elsewhere, or out of the world. */
  callerLeft(channelId: string): void {
    const talk = this.talks.isOver({ channelId });
    const leg = talk?.joinedAtMs === undefined ? undefined : this.legs.get(talk.legId);
    if (leg !== undefined) this.#end(leg, 'asterisk', CLEARED);
  }

  /**
   * A router hangs a leg up. Where its phone's answer is on the way, it is answered for a moment, and then hung up.
   * @param sentAtMs when the order left: the answer may have been unknown then
   */
  hangUp(legId: string, reason: LegHangUpReason, sentAtMs: number): void {
    const leg = this.legs.get(legId);
    if (leg === undefined || leg.state === 'gone') return;
    if (leg.state === 'up' && this.#isWanted(leg) && sentAtMs > (leg.upAtMs ?? 0) + this.#unknownMs)
      this.talks.disturb(`${legId}, which was answered at ${leg.upAtMs} ms, by an order of ${sentAtMs} ms`);
    const lateMs = leg.take?.answersLateMs;
    if (leg.state === 'up' || leg.crossing || lateMs === undefined) {
      this.#end(leg, 'us', { cause: reason === 'answered-elsewhere' ? 26 : 16, words: reason });
      return;
    }
    leg.crossing = true;
    // Asterisk takes no answer for a channel that it has hung up: it hangs up the phone as well.
    this.#clock.later(lateMs, () => {
      if (leg.state === 'gone') return;
      this.#events.answers(leg);
      this.#end(leg, 'us', CLEARED);
    });
  }

  /** It has the caller, or may have it in the next moment. */
  #isWanted(leg: LegChannel): boolean {
    const { legId, forChannelId } = leg.request;
    const caller = this.#callerOf(forChannelId);
    return this.talks.isWon(legId) || (caller?.isOurs === true && caller.wonBy === undefined);
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
    this.talks.answered(leg);
  }

  #end(leg: LegChannel, by: LegChannel['endedBy'], { cause, words }: { cause: number; words: string }): void {
    if (leg.state === 'gone') return;
    const { legId } = leg.request;
    leg.state = 'gone';
    leg.goneAtMs = this.#clock.nowMs();
    leg.endedBy = by;
    this.#trace(`${legId} ends: ${cause} ${words}`);
    this.#events.destroyed(legId, cause, words);
    const talk = this.talks.isOver({ legId });
    if (talk?.joinedAtMs !== undefined) this.#callerOf(talk.channelId)?.hangsUp('dialplan');
  }
}
