/**
 * The rule of the wait and of the ringing: what rings when, how long, and when it is decided how the call goes on. To change the rule, change this file.
 * It takes one happening at a time and then looks at three questions: has someone answered, may someone still come, is the time over? Whatever depends
 * on a moment asks `moments` whether that is over, and thereby is asked again when it is.
 * It must never hand back or speak to the caller: it only decides.
 */

import type { Call, Happening } from '../call.ts';
import type { Ending } from '../outcomes.ts';
import type { Plan } from '../plan.ts';
import type { Contact } from '../ports.ts';
import { answeredOn } from '../talk.ts';
import { KnownContacts } from './known-contacts.ts';
import { hasRefused, type Leg } from './leg.ts';
import { Moments, type Rule } from './moments.ts';
import { newestOf, Pace } from './redial-pace.ts';
import { RegistrationWatch } from './registration-watch.ts';
import type { Ringing } from './ringing.ts';
import { whyNobody } from './unanswered.ts';
import { Wait } from './wait.ts';
import type { Wake } from './wake.ts';

/** How long it may take, once a phone was told that its call is answered elsewhere, until the caller is connected there, in ms. */
const PICKUP_MS = 2_000;

export type Decision =
  | { readonly kind: 'answered'; readonly leg: Leg }
  | { readonly kind: 'ended'; readonly ending: Ending };

/** @param waitMs the wait that is left: the plan's, or less for a call that an earlier run of the router began */
export async function ringUntilDecided(
  call: Call,
  plan: Plan,
  waitMs: number,
  wake: Wake,
  ringing: Ringing,
): Promise<Decision> {
  const round = new Round(call, plan, waitMs, wake, ringing);
  round.begin();
  try {
    // What legs of an earlier run have come to meanwhile counts before the time that is over.
    for (let known = await call.inbox.next(0); known !== 'time'; known = await call.inbox.next(0)) round.take(known);
    return await round.moments.untilDecided(call.inbox, round);
  } finally {
    round.end();
  }
}

class Round implements Rule<Decision> {
  private readonly call: Call;
  private readonly plan: Plan;
  private readonly wake: Wake;
  private readonly ringing: Ringing;
  private readonly knownContacts: KnownContacts;
  private readonly registrationWatch: RegistrationWatch;
  private readonly pace: Pace;
  readonly moments: Moments;
  private readonly wait: Wait;
  /** When the ringing is over; undefined until something rings that shall ring its whole time. */
  private ringUntilMs: number | undefined;
  private waitIsOver = false;
  private hasBegun = false;
  private webAppHasRung = false;
  /** A mobile rings, or is about to. */
  private mobileHasRung = false;
  private callDeclined = false;
  /** Until when a pickup is waited for: the phone is told before caller and colleague are connected. */
  private pickedUpUntilMs = Number.NEGATIVE_INFINITY;

  constructor(call: Call, plan: Plan, waitMs: number, wake: Wake, ringing: Ringing) {
    this.call = call;
    this.plan = plan;
    this.wake = wake;
    this.moments = new Moments(call.ports.clock);
    this.wait = new Wait(call, waitMs, wake, ringing, this.moments);
    this.ringing = ringing;
    this.knownContacts = new KnownContacts(plan.known);
    this.registrationWatch = new RegistrationWatch(call, plan, ringing.phones, ringing);
    this.pace = new Pace(call, ringing, this.moments);
  }

  /** What an earlier run of the router has left ringing rings on. */
  begin(): void {
    this.call.timeline.enter(this.plan.waitMs > 0 ? 'waiting' : 'ringing');
    for (const leg of this.ringing.alive()) this.goOnRinging(leg);
  }

  /** What rings at once: registrations that may be alive, and the UC Assistant where it shall. */
  private ringFirst(): void {
    const { plan } = this;
    this.hasBegun = true;
    if (plan.webAppRings === 'at-once') this.ringWebApp();
    // A wait that ended while no router was there is over: what does not ring by now is not dialled again.
    const tooLate = this.wait.refused || (plan.waitMs > 0 && this.wait.wasOverBefore);
    for (const contact of tooLate ? [] : newestOf(this.knownContacts.of(plan.mobileEndpoints))) {
      if (this.ringing.lastAt(contact) === undefined) this.ringing.ring(contact, 'mobile', false);
    }
    this.registrationWatch.look();
  }

  /** A leg that an earlier run of the router has dialled rings for the time that is left. */
  private goOnRinging(leg: Leg): void {
    const { clock } = this.call.ports;
    if (leg.on === 'webapp') this.webAppHasRung = true;
    else if (leg.fresh) this.wait.mobileIsFresh = true;
    else return;
    const leftMs = leg.dialledAtMs + this.plan.ringMs - clock.wallMs();
    this.ringUntilMs ??= this.moments.in(Math.min(this.plan.ringMs, Math.max(0, leftMs)));
    this.call.timeline.enter('ringing');
  }

  /** Nobody needs to be watched any more. */
  end(): void {
    this.registrationWatch.close();
  }

  take(happened: Happening): void {
    if (happened.what === 'contact') {
      this.takeContact(happened.contact);
    } else if (happened.what === 'contact-gone') {
      this.knownContacts.lost(happened.contact);
      this.pace.gone(happened.contact);
    } else if (happened.what === 'leg') {
      const leg = this.ringing.take(happened.legId, happened.event);
      if (leg !== undefined) this.takeLeg(leg);
    }
    // A push's result needs no act of its own: the wake keeps it, and the wait asks.
  }

  decide(): Decision | undefined {
    const decision = this.judge();
    if (decision === undefined) this.registrationWatch.lookEachLoop(this.moments);
    return decision;
  }

  /** Someone has answered; or nobody may come any more; or the time is over. Otherwise undefined: go on. */
  private judge(): Decision | undefined {
    this.registrationWatch.passOnDue(this.moments);
    const { connected } = this.ringing;
    if (connected !== undefined) return { kind: 'answered', leg: connected };
    // Whoever answers and hangs up at once has been talked to: the same phone must not ring again.
    const brief = this.ringing.answeredBriefly;
    if (brief !== undefined) return ended({ outcome: 'answered', reason: answeredOn(brief) });
    if (this.isBeingConnected()) return undefined;
    if (this.callDeclined) return ended({ outcome: 'declined', reason: 'declined' });
    // Only now: what legs of an earlier run have come to may have decided the call.
    if (!this.hasBegun) this.ringFirst();
    if (this.mobileHasRung && this.plan.webAppRings === 'with-first-mobile') this.ringWebApp();
    if (!this.waitIsOver && !this.wait.isOn) this.endWait();
    if (this.wake.everyTokenDead) this.ringWebApp();

    const { ringUntilMs } = this;
    if (ringUntilMs !== undefined && this.moments.isOver(ringUntilMs) && !this.wait.isOn) {
      return ended({ outcome: 'no-answer', reason: 'ring-time-over' });
    }
    this.pace.dialDue();
    if (this.wait.mobileMayCome || this.registrationWatch.holdsBack) return undefined;
    const ringsOn = this.ringing.alive().length > 0 || this.pace.expectsSomebody;
    if (ringsOn && ringUntilMs !== undefined) return undefined;
    return ended(whyNobody(this.plan, this.wake, this.ringing, this.wait.wasInVain));
  }

  /** Somebody has answered, and Asterisk connects, whatever time it is; or a colleague who has picked the call up is about to be connected. */
  private isBeingConnected(): boolean {
    return !this.moments.isOver(this.pickedUpUntilMs) || this.ringing.alive().some(({ state }) => state === 'answered');
  }

  /** The wait is over: the UC Assistant rings where the mode has it; a mobile that rings on an older registration gets its ring time. */
  private endWait(): void {
    this.waitIsOver = true;
    if (this.plan.waitMs > 0) this.wait.noteEnd();
    if (!this.wait.refused) this.ringWebApp();
    const mobiles = this.ringing.alive('mobile');
    // Where there was no wait, nobody has had the time to ring yet.
    const maybeAlive = this.plan.waitMs === 0 ? mobiles : mobiles.filter((leg) => leg.state === 'ringing');
    if (maybeAlive.length > 0) {
      this.ringUntilMs ??= this.moments.in(this.plan.ringMs);
      this.call.timeline.enter('ringing');
    }
  }

  private takeContact(contact: Contact): void {
    if (!this.knownContacts.isNews(contact)) return;
    const last = this.ringing.lastTo(contact);
    if (this.plan.mobileEndpoints.includes(contact.endpoint)) {
      const { endpoint, uri } = contact;
      if (!this.pace.isUnsteady(endpoint)) this.call.note('mobile-registered', { endpoint, contact: uri });
      if (!this.wait.refused) this.ringFresh(contact, last);
    } else if (this.webAppHasRung && (last === undefined || last.dropped || !isHeardOf(last))) {
      this.pace.dial(contact, 'webapp');
      // One that was not there when the UC Assistant was to ring has its whole time, too.
      this.ringUntilMs ??= this.moments.in(this.plan.ringMs);
    }
  }

  /** A mobile has registered newly: it rings at once, and legs of the same endpoint that ring nowhere are given up. */
  private ringFresh(contact: Contact, last: Leg | undefined): void {
    if (last !== undefined && hasRefused(last)) return;
    const rings = last?.state === 'ringing' && !last.dropped;
    const startedAnew = rings && !last.isForward && this.ringing.phones.isStartedAnew(last.contact, contact);
    if (rings && !startedAnew) last.fresh = true;
    else this.pace.dial(contact, 'mobile', startedAnew);
    if (!this.wait.mobileIsFresh) {
      this.wait.mobileIsFresh = true;
      // One that comes late, while the UC Assistant rings already, joins that ringing for the time that is left.
      if (!this.waitIsOver || this.ringUntilMs === undefined) this.ringUntilMs = this.moments.in(this.plan.ringMs);
    }
    this.mobileIsReady();
  }

  private takeLeg(leg: Leg): void {
    if (leg.state === 'ringing' && leg.on === 'mobile') this.mobileIsReady();
    if (leg.state === 'ended' && leg.end === 'declined') this.takeDecline(leg);
    if (leg.forward !== undefined) this.follow(leg);
    if (leg.state === 'ended' && leg.end === 'answered-elsewhere') this.pickedUpUntilMs = this.moments.in(PICKUP_MS);
  }

  /** Its phone has sent the call on: whoever that comes to rings in its place. */
  private follow({ contact, on, fresh, forward }: Leg): void {
    if (on === 'webapp' || !this.wait.refused) this.ringing.ring(contact, on, fresh, forward);
  }

  private takeDecline(leg: Leg): void {
    if (this.plan.declineEnds === 'call') this.callDeclined = true;
    if (this.plan.declineEnds === 'mobiles' && leg.on === 'mobile') {
      this.wait.refused = true;
      this.pace.end('mobile');
      this.ringing.dropOthers(undefined, 'not-needed', 'mobile');
    }
  }

  /** A mobile is ringing or about to: the UC Assistant joins where both shall ring together. */
  private mobileIsReady(): void {
    this.call.timeline.enter('ringing');
    this.mobileHasRung = true;
  }

  private ringWebApp(): void {
    if (this.webAppHasRung || this.plan.webAppRings === 'never') return;
    this.webAppHasRung = true;
    const contacts = this.knownContacts.of(this.plan.webAppEndpoints);
    this.call.note('webapp-rings', { registered: contacts.length });
    for (const contact of newestOf(contacts)) this.ringing.ringUnlessAlive(contact, 'webapp', true);
    if (contacts.length === 0) return;
    this.ringUntilMs ??= this.moments.in(this.plan.ringMs);
    if (!this.wait.mobileMayCome) this.call.timeline.enter('ringing');
  }
}

/** It has rung, or said something. */
function isHeardOf({ state, end }: Leg): boolean {
  return state === 'ended' ? end !== 'unreachable' : state !== 'dialling';
}

function ended(ending: Ending): Decision {
  return { kind: 'ended', ending };
}
