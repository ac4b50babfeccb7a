/**
 * How often one endpoint is dialled for one call, and how many legs it has at once. A phone that rings nowhere and registers again and again, since
 * it flaps between two networks, would otherwise be dialled each time, until Asterisk has no port left for anybody's voice. The first registrations
 * are dialled at once, for a user feels that; from then on whatever has stood for a moment, at growing distances. The last registration always wins:
 * what is postponed is dialled in the end, if it still stands. A phone that registers again while it is being called is not called anew, unless it
 * does not ring.
 */

import type { Call } from '../call.ts';
import type { Contact, ContactAddress } from '../ports.ts';
import { isSameAddress, newestFirst } from './contact-address.ts';
import { type DeviceKind, hasRefused, type Leg, seeksPhone } from './leg.ts';
import type { Moments } from './moments.ts';
import type { Ringing } from './ringing.ts';

/** Legs of one endpoint that may be answered at the same time: more than anybody has phones at one endpoint, and few enough for a thousand calls. */
export const MOST_ALIVE = 10;
/** Fresh legs of one endpoint that may ring nowhere before its registrations have to stand for a while. */
const FREE = 3;
/** How long they have to stand then, and how far apart the dials are at first and at most, in ms. */
const STANDS_MS = 1_000;
const LONGEST_PAUSE_MS = 8_000;

/** How long a phone that has registered again may take to ring where it was called, in ms. It may not be there any more. */
const ANSWERS_INVITE_MS = 2_000;

/** Most calls never postpone a dial, and thousands may wait: as long as a list is empty it takes no memory. */
const NONE: readonly never[] = [];

interface Postponed {
  readonly contact: Contact;
  readonly on: DeviceKind;
  readonly paceMs: number;
  /** Its app has been started anew since it rang: nobody sees what rings there. */
  readonly startedAnew: boolean;
}

export class Pace {
  private readonly call: Call;
  private readonly ringing: Ringing;
  private readonly moments: Moments;
  /** Each contact once, the oldest first. */
  private postponed: readonly Postponed[] = NONE;
  /** Endpoints whose contacts have to stand for a while, since the last dial. */
  private unsteady: readonly string[] = NONE;
  private bounded: readonly string[] = NONE;
  /** Whose contact was removed while it was dialled, or about to be: who changes networks comes back. */
  private away: readonly DeviceKind[] = NONE;
  /** Who shall not be dialled any more. */
  private over: readonly DeviceKind[] = NONE;

  constructor(call: Call, ringing: Ringing, moments: Moments) {
    this.call = call;
    this.moments = moments;
    this.ringing = ringing;
  }

  /** Somebody is to be dialled soon, or may come back. */
  get expectsSomebody(): boolean {
    return this.postponed.length > 0 || this.away.length > 0;
  }

  /** True while this endpoint's registrations are too many to be told of one by one. */
  isUnsteady(endpoint: string): boolean {
    return this.unsteady.includes(endpoint);
  }

  /** Dials a contact that has registered newly: at once, or, where this endpoint's come and go, once it has stood for a while. */
  dial(contact: Contact, on: DeviceKind, startedAnew = false): void {
    const waiting: Postponed = { contact, on, paceMs: this.paceMs(contact.endpoint), startedAnew };
    this.strike(contact);
    this.away = without(this.away, on);
    const dueMs = this.dueMs(waiting);
    if (this.moments.isOver(dueMs)) {
      this.dialNow(contact, on);
      return;
    }
    const { endpoint } = contact;
    // Told once, until it has stood: it may come again and again.
    if (!this.isUnsteady(endpoint)) {
      const dialled = this.ringing.to(endpoint).length;
      const forMs = Math.round(-this.moments.since(dueMs));
      const calledBy = this.behind(waiting)?.legId;
      const facts = { endpoint, on, dialled, ...(forMs < Infinity && { forMs }), ...(calledBy && { calledBy }) };
      this.call.note('dial-postponed', facts);
    }
    this.unsteady = withOne(this.unsteady, endpoint);
    this.postponed = [...this.postponed, waiting].slice(-MOST_ALIVE);
  }

  /** The leg that calls its phone just now, on a fresh registration, or rings there; or where it has sent the call on. */
  private behind({ contact, startedAnew }: Postponed): Leg | undefined {
    const last = this.ringing.lastTo(contact);
    if (startedAnew || last === undefined || last.dropped || last.state === 'ended') return undefined;
    return last.fresh || !seeksPhone(last) ? last : undefined;
  }

  private dueMs(waiting: Postponed): number {
    const { paceMs } = waiting;
    const behind = this.behind(waiting);
    if (behind === undefined) return paceMs;
    // Where it rings, or has sent the call on, it is reached, as long as that lasts.
    return seeksPhone(behind) ? Math.max(paceMs, behind.dialledMs + ANSWERS_INVITE_MS) : Number.POSITIVE_INFINITY;
  }

  /** Dials what has stood long enough. Of one phone what has registered last; then the others, if it does not ring there. */
  dialDue(): void {
    for (const waiting of this.postponed.toReversed()) {
      if (!this.moments.isOver(this.dueMs(waiting))) continue;
      const { contact, on } = waiting;
      this.strike(contact);
      // Its phone may have refused meanwhile.
      const last = this.ringing.lastTo(contact);
      if (last === undefined || !hasRefused(last)) this.dialNow(contact, on);
    }
  }

  /** A contact is no more: its legs that ring nowhere are given up. */
  gone(contact: ContactAddress): void {
    const { endpoint } = contact;
    const waiting = this.postponed.find((one) => isSameAddress(one.contact, contact));
    this.strike(contact);
    // Another registration has taken this one's place: its phone is being called.
    if (this.postponed.some((one) => this.ringing.phones.areSame(one.contact, contact))) return;
    const given = this.ringing.giveUp(contact);
    // Asterisk may tell of the new contact before it tells that it has taken the place of the old one.
    const sinceMs = given.length > 0 ? Math.max(...given.map(({ dialledMs }) => dialledMs)) : Number.POSITIVE_INFINITY;
    const isBack =
      this.postponed.some((other) => other.contact.endpoint === endpoint) ||
      this.ringing.to(endpoint).some(({ dropped, dialledMs }) => !dropped && dialledMs >= sinceMs);
    const lost = waiting === undefined ? given : [waiting, ...given];
    for (const { on } of lost) if (!isBack && !this.over.includes(on)) this.away = withOne(this.away, on);
  }

  /** Nobody of that kind is dialled any more. */
  end(on: DeviceKind): void {
    this.over = withOne(this.over, on);
    this.away = without(this.away, on);
    this.postponed = this.postponed.filter((waiting) => waiting.on !== on);
  }

  private strike(contact: ContactAddress): void {
    this.postponed = this.postponed.filter((one) => !isSameAddress(one.contact, contact));
  }

  private paceMs(endpoint: string): number {
    const legs = this.ringing.to(endpoint);
    const inVain = legs.filter(({ fresh, rang, dropped, end }) => fresh && !rang && (dropped || end === 'unreachable'));
    const tooMany = inVain.length - FREE;
    if (tooMany < 0) return this.moments.in(0);
    const pauseMs = Math.min(LONGEST_PAUSE_MS, STANDS_MS * 2 ** tooMany);
    return Math.max(this.moments.in(STANDS_MS), Math.max(...legs.map(({ dialledMs }) => dialledMs)) + pauseMs);
  }

  private dialNow(contact: Contact, on: DeviceKind): void {
    const { call, ringing } = this;
    const { endpoint, uri } = contact;
    this.unsteady = without(this.unsteady, endpoint);
    const alive = ringing.alive().filter((leg) => leg.contact.endpoint === endpoint);
    if (alive.length >= MOST_ALIVE) {
      if (!this.bounded.includes(endpoint)) call.note('legs-bounded', { endpoint, on, alive: alive.length });
      this.bounded = withOne(this.bounded, endpoint);
      // The oldest that rings nowhere makes room. Where all ring, somebody has been reached at each of them.
      const victim = alive.find((leg) => seeksPhone(leg) && leg.contact.uri !== uri);
      if (victim === undefined) return;
      call.beside(`hang up ${victim.legId}`, ringing.drop(victim, 'not-needed'));
    }
    ringing.ringAnew(contact, on);
  }
}

/** Of each endpoint's contacts as many as may be dialled at once, those that registered last, as far as their expiry tells. */
export function newestOf(contacts: readonly Contact[]): readonly Contact[] {
  const ofEndpoint = Map.groupBy(contacts, ({ endpoint }) => endpoint);
  return [...ofEndpoint.values()].flatMap((all) =>
    all.length <= MOST_ALIVE ? all : all.toSorted(newestFirst).slice(0, MOST_ALIVE),
  );
}

function withOne<T>(all: readonly T[], one: T): readonly T[] {
  return all.includes(one) ? all : [...all, one];
}

function without<T>(all: readonly T[], one: T): readonly T[] {
  return all.filter((other) => other !== one);
}
