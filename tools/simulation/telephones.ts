/**
 * The callee's telephones and their registrations: what each does with an INVITE, and how it registers when it wakes. A contact may stand with nobody behind it. It
 * must keep contacts as Asterisk does: by address, with an expiry in whole seconds of a wall clock that may jump.
 */

import { MOBILE, WEBAPP } from '../../lab/fakes/world.ts';
import type { PhoneMark } from '../../src/call/ports.ts';
import type { PhonePlan, RegistrationKind, TakePlan } from './world-plan.ts';

export interface HeldContact {
  readonly endpoint: string;
  readonly uri: string;
  expiresAtSec: number;
  readonly phone: PhoneMark;
}

/** A registration as it really was, for the invariants. */
export interface Registered {
  readonly atMs: number;
  readonly endpoint: string;
  readonly uri: string;
  /** False where nobody can tell that it happened: the expiry is one that the contact had before. */
  readonly visible: boolean;
  /** When the contact was removed or registered again. */
  overAtMs: number | undefined;
}

export interface ContactEvents {
  readonly announced: (contact: HeldContact) => void;
  readonly removed: (contact: HeldContact) => void;
  readonly refreshed: (contact: HeldContact) => void;
}

interface Telephone {
  readonly plan: PhonePlan;
  readonly endpoint: string;
  port: number;
  awake: boolean;
  invites: number;
}

export class Telephones {
  readonly contacts = new Map<string, HeldContact>();
  readonly registered: Registered[] = [];
  readonly #phones = new Map<string, Telephone>();
  readonly #expiries = new Map<string, Set<number>>();
  readonly #clock: { nowMs(): number; wallMs(): number };
  readonly #events: ContactEvents;

  constructor(plans: readonly PhonePlan[], clock: { nowMs(): number; wallMs(): number }, events: ContactEvents) {
    this.#clock = clock;
    this.#events = events;
    for (const plan of plans) {
      const endpoint = plan.kind === 'mobile' ? MOBILE : WEBAPP;
      const phone = { plan, endpoint, port: 4000, awake: plan.atFirst === 'registered', invites: 0 };
      this.#phones.set(plan.name, phone);
      if (plan.atFirst !== 'not-registered') this.#hold(phone, Math.round(clock.wallMs() / 1000) + 60);
    }
  }

  register(name: string, how: RegistrationKind): void {
    const phone = this.#phones.get(name);
    if (phone === undefined) return;
    const before = this.contacts.get(uriOf(phone));
    if (how === 'unregister') {
      phone.awake = false;
      if (before !== undefined) this.#remove(before);
      return;
    }
    phone.awake = true;
    if (how === 'other-port') phone.port += 1;
    if (how === 'again' && before !== undefined) this.#remove(before);
    const isNew = !this.contacts.has(uriOf(phone));
    const contact = this.#hold(phone, Math.round(this.#clock.wallMs() / 1000) + 600);
    if (isNew) this.#events.announced(contact);
    else this.#events.refreshed(contact);
  }

  /** Somebody sends an INVITE to this address: what the phone does, or undefined where nobody is there to do anything. */
  invite(uri: string): { readonly phone: PhonePlan; readonly take: TakePlan | undefined } | undefined {
    const phone = [...this.#phones.values()].find(({ plan }) => uri.includes(`:${plan.name}@`));
    if (phone === undefined) return undefined;
    if (!phone.awake || uriOf(phone) !== uri) return { phone: phone.plan, take: undefined };
    phone.invites += 1;
    return { phone: phone.plan, take: phone.plan.takes[phone.invites - 1] ?? phone.plan.takes.at(-1) };
  }

  #hold(phone: Telephone, expiresAtSec: number): HeldContact {
    const uri = uriOf(phone);
    const key = `${phone.endpoint} ${uri}`;
    const expiries = this.#expiries.get(key) ?? new Set<number>();
    const visible = !expiries.has(expiresAtSec);
    this.#over(uri);
    const atMs = this.#clock.nowMs();
    this.registered.push({ atMs, endpoint: phone.endpoint, uri, visible, overAtMs: undefined });
    this.#expiries.set(key, expiries.add(expiresAtSec));
    const contact = {
      endpoint: phone.endpoint,
      uri,
      expiresAtSec,
      phone: { registration: phone.plan.name, make: 'app' },
    };
    this.contacts.set(uri, contact);
    return contact;
  }

  #over(uri: string): void {
    const before = this.registered.findLast((registered) => registered.uri === uri);
    if (before !== undefined) before.overAtMs ??= this.#clock.nowMs();
  }

  #remove(contact: HeldContact): void {
    this.#over(contact.uri);
    this.contacts.delete(contact.uri);
    this.#events.removed(contact);
  }
}

function uriOf(phone: Telephone): string {
  return `sip:${phone.plan.name}@10.0.0.1:${phone.port}`;
}
