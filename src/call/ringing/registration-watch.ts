/**
 * The registration watch of one call: watches the callee's registrations for as long as the call rings. Subscribe first, then look, then wait, is the adapter's
 * promise; that a watch which cannot be opened is tried again soon is this file's. What is seen goes into the call's inbox; of an endpoint that is
 * being called already, once it is known which of its phones it is.
 */

import type { Call } from '../call.ts';
import type { Plan } from '../plan.ts';
import type { Contact, ContactAddress, ContactListener, Watch } from '../ports.ts';
import { HeldBack } from './held-back.ts';
import type { Moments } from './moments.ts';
import type { Phones } from './phones.ts';

/** How soon a watch that could not be opened is tried again, in ms: a registration in between would go unseen. */
const AGAIN_MS = 500;
/** How long it may take to learn whose a registration is, in ms. Then it is taken for another phone's, which must ring. */
const UNKNOWN_MS = 500;

/** Within what time a phone that takes its registration off, or is about to lose it to its next one, registers again, in ms. */
const RETURNS_MS = 300;

/** Who is called, for what counts of a registration. */
export interface Called {
  /** A phone of this endpoint is being called at another address, or has refused: it may be the same that registers now. */
  isCalledElsewhere(contact: ContactAddress): boolean;
  /** It is being called at this very address, on a fresh registration, and does not ring yet. */
  isBeingCalled(contact: ContactAddress): boolean;
}

export class RegistrationWatch implements ContactListener {
  private readonly call: Call;
  private readonly plan: Plan;
  private readonly phones: Phones;
  private readonly called: Called;
  private watch: 'none' | 'opening' | Watch = 'none';
  private opened: Promise<Watch | undefined> = Promise.resolve(undefined);
  private closed = false;
  private lookedAtMs: number;
  private identifying: 'no' | 'now' | 'again' = 'no';
  private readonly heldBack: HeldBack;

  constructor(call: Call, plan: Plan, phones: Phones, called: Called) {
    this.call = call;
    this.plan = plan;
    this.phones = phones;
    this.called = called;
    this.heldBack = new HeldBack(call.ports.clock, phones, (news) => call.inbox.post(news));
    for (const contact of plan.known) phones.learn(contact);
    this.lookedAtMs = call.ports.clock.nowMs();
  }

  /** Somebody has registered, or has left, and it is not known yet who. */
  get holdsBack(): boolean {
    return !this.heldBack.isEmpty;
  }

  /** Looks again now; for the first time, or where it failed before, begins to watch. Nothing of the story waits for this. */
  look(): void {
    this.lookedAtMs = this.call.ports.clock.nowMs();
    if (this.watch === 'none') this.open();
    else if (this.watch !== 'opening') this.call.beside('look again', this.watch.lookAgain());
  }

  /** Passes on what has been held back long enough. */
  passOnDue(moments: Moments): void {
    this.heldBack.passOnDue(moments);
  }

  /** Looks again where a loop has gone by since the last look; then true. */
  lookEachLoop(moments: Moments): boolean {
    const isDue = moments.isOver(this.lookedAtMs + this.plan.intervalMs);
    if (isDue) this.look();
    return isDue;
  }

  /** Watches no more. Also one that is still being opened is closed. */
  close(): void {
    this.closed = true;
    const closed = this.opened.then((watch) => watch?.close());
    this.opened = Promise.resolve(undefined);
    this.call.beside('close watch', closed);
  }

  onContact(contact: Contact): void {
    this.phones.learn(contact);
    // Whoever has looked knows whose it is, or nobody does.
    const mayWait =
      contact.expiresAtSec === undefined && !this.phones.isKnown(contact) && this.called.isCalledElsewhere(contact);
    this.heldBack.tell({ what: 'contact', contact }, mayWait ? UNKNOWN_MS : 0);
    if (mayWait) this.identify();
  }

  onPhone(contact: Contact): void {
    this.phones.learn(contact);
    // Also where the look could not tell: another one will not, either.
    this.heldBack.identified(contact);
  }

  onGone(contact: ContactAddress): void {
    this.phones.lost(contact);
    this.heldBack.tell({ what: 'contact-gone', contact }, this.called.isBeingCalled(contact) ? RETURNS_MS : 0);
  }

  /** Looks at once, one look after another: whoever registers meanwhile is in the next. */
  private identify(): void {
    const { watch } = this;
    if (typeof watch === 'string' || this.closed || this.identifying !== 'no') {
      if (this.identifying === 'now') this.identifying = 'again';
      return;
    }
    this.identifying = 'now';
    const looked = watch.lookNow().finally(() => {
      const again = this.identifying === 'again' && this.holdsBack;
      this.identifying = 'no';
      if (again) this.identify();
    });
    this.call.beside('look whose it is', looked);
  }

  private open(): void {
    const { call } = this;
    this.watch = 'opening';
    const { mobileEndpoints, webAppEndpoints, known } = this.plan;
    // Whatever differs from what is known is told.
    const endpoints = [...new Set([...mobileEndpoints, ...webAppEndpoints])];
    const opening = call.ports.registrations.watch(endpoints, known, call.caller.channelId, this);
    this.opened = opening.catch(() => undefined);
    // What a call asks of the PBX at first is asked by now.
    void this.opened.then(() => call.turn?.end());
    const settled = opening.then(
      (watch) => {
        this.watch = watch;
      },
      (fault: unknown) => {
        this.watch = 'none';
        call.beside('watch again', this.openAgain());
        throw fault;
      },
    );
    call.beside('watch registrations', settled);
  }

  private async openAgain(): Promise<void> {
    await this.call.ports.clock.sleep(AGAIN_MS, this.call.signal);
    if (!this.closed && this.watch === 'none') this.open();
  }
}
