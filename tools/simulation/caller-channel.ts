/**
 * A caller's channel in the exchange: where it is, whether its media is up, and what is heard on it. Orders change it, and the caller may hang up at any moment.
 * It must say truly what is heard: a ringing signal is worth nothing once media is up.
 */
import type { VirtualClock } from '../../lab/fakes/clock.ts';
import type { Trace } from './orders.ts';
import { Silence } from './silence.ts';

type Left = 'dialplan' | 'talking' | 'gone';
export type EndedBy = 'caller' | 'us' | 'dialplan';

export class CallerChannel {
  readonly channelId: string;
  where: 'app' | 'dialplan' | 'talking' | 'gone' = 'app';
  /** The leg that has won it; undefined while it waits for one. */
  wonBy: string | undefined;
  /** What the dialplan was told, each time that it got the channel. */
  readonly givenBack: { status: string; reason: string; readonly atMs: number }[] = [];
  readonly variables = new Map<string, string>();
  goneAtMs: number | undefined;
  /** Who has ended it, where it is gone. */
  endedBy: EndedBy | undefined;
  /** It has been moved to another place in the dialplan, from which it does not come back. */
  isMoved = false;
  /** Asterisk's cause of its end. */
  cause = 16;
  /** For as long as one router has had it. */
  silence: Silence;
  /** Whether somebody has undertaken to keep the caller company by now. */
  companyIsDue: boolean;
  /** Orders under way that change what is heard. */
  soundOrders = 0;
  waits = false;
  /** Holds that were ordered when the caller waited no more. */
  holdsTooLate = 0;
  readonly #clock: VirtualClock;
  readonly #trace: Trace;
  readonly #onEnd: (where: Left, from: CallerChannel['where']) => void;
  isAnswered: boolean;
  #mediaIsUp: boolean;
  #rings: boolean;
  #plays: { readonly untilMs: number } | undefined;
  #music = false;

  constructor(
    channelId: string,
    answered: boolean,
    clock: VirtualClock,
    trace: Trace,
    onEnd: (where: Left, from: CallerChannel['where']) => void,
  ) {
    this.channelId = channelId;
    this.#clock = clock;
    this.#trace = trace;
    this.#onEnd = onEnd;
    this.isAnswered = answered;
    this.#mediaIsUp = answered;
    this.#rings = !answered;
    this.companyIsDue = false;
    this.silence = new Silence(() => clock.nowMs());
  }

  get isOurs(): boolean {
    return this.where === 'app';
  }

  /** A router has taken it. From now on it answers for what the caller hears; one that finds it, as soon as it can know what that should be. */
  taken(isFound: boolean): void {
    this.waits = true;
    this.companyIsDue = !isFound && !this.isAnswered;
    this.soundOrders = 0;
    this.silence = new Silence(() => this.#clock.nowMs());
    this.listen();
  }

  /** No router is there any more: what plays goes on. */
  abandoned(): void {
    this.waits = false;
    this.listen();
  }

  /** The dialplan gives it to the application again. */
  comesBack(): void {
    this.#trace(`${this.channelId} comes back from the dialplan`);
    this.where = 'app';
    this.wonBy = undefined;
  }

  hangsUp(by: EndedBy = 'caller', cause = 16): void {
    if (this.where === 'gone') return;
    this.#trace(`${this.channelId} ${by === 'caller' ? `hangs up: ${cause}` : `is hung up by ${by}`}`);
    this.endedBy = by;
    this.cause = cause;
    this.#leave('gone');
  }

  /** Somebody has moved it to another place in the dialplan. */
  moves(): void {
    this.isMoved = true;
    this.#trace(`${this.channelId} is moved elsewhere`);
    this.#leave('dialplan');
  }

  /** The dialplan has taken it out of the application, to a leg that may be gone by now. */
  talks(does: boolean): void {
    this.#trace(`${this.channelId} ${does ? 'talks' : 'comes to nobody'}`);
    this.#mediaIsUp = true;
    this.isAnswered = true;
    this.#leave('talking');
  }

  goesOn(status: string, reason: string): void {
    this.givenBack.push({ status, reason, atMs: this.#clock.nowMs() });
    this.#trace(`${this.channelId} goes on in the dialplan: ${status} ${reason}`);
    this.#leave('dialplan');
  }

  answer(): void {
    this.isAnswered = true;
    this.#mediaIsUp = true;
    this.listen();
  }

  ring(): void {
    this.#rings = true;
    this.listen();
  }

  /** @param forMs Infinity for a tone */
  play(forMs: number): void {
    this.#mediaIsUp = true;
    const plays = { untilMs: this.#clock.nowMs() + forMs };
    this.#plays = plays;
    this.listen();
    if (Number.isFinite(forMs)) this.#clock.later(forMs, () => this.listen());
  }

  playMusic(): void {
    this.#mediaIsUp = true;
    this.#music = true;
    this.listen();
  }

  stopSound(): void {
    this.#plays = undefined;
    this.#music = false;
    this.#rings = false;
    this.listen();
  }

  /** To be called whenever something may have changed. */
  listen(): void {
    const plays = this.#plays !== undefined && this.#clock.nowMs() < this.#plays.untilMs;
    const heard = this.#music || plays || (this.#rings && !this.#mediaIsUp);
    const waits = this.waits && this.isOurs && this.companyIsDue;
    this.silence.is(waits && !heard && this.soundOrders === 0);
  }

  #leave(where: Left): void {
    const from = this.where;
    this.where = where;
    if (where === 'gone') this.goneAtMs = this.#clock.nowMs();
    this.listen();
    this.#onEnd(where, from);
  }
}
