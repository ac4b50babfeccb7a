/**
 * The ringing of one call: its legs, one to each contact, and what each has come to. The first answer wins; nothing here decides when to stop.
 * Every leg gets its id and its undo before it is ordered, and is known until Asterisk has let go of it.
 */

import type { Call } from '../call.ts';
import { NoAddress, wordsOf } from '../errors.ts';
import type { Plan } from '../plan.ts';
import type {
  Contact,
  ContactAddress,
  Forward,
  FoundLeg,
  LegEndKind,
  LegEvent,
  LegHangUpReason,
  Party,
} from '../ports.ts';
import { type LegCheckpoint, readLegCheckpoint, writeLegCheckpoint } from '../resume/checkpoint.ts';
import { CLEARING_MS, NEVER, retry } from '../retry.ts';
import { isSameAddress } from './contact-address.ts';
import { type DeviceKind, hasRefused, type Leg, seeksPhone } from './leg.ts';
import { Phones } from './phones.ts';

function forwardedTo(forward: Forward | undefined): { readonly forwardedTo?: string } {
  return forward === undefined ? {} : { forwardedTo: forward.to };
}

export class Ringing {
  private readonly legs = new Map<string, Leg>();
  private dialled = 0;
  /** Tells our legs' ids from those of an earlier run. */
  private readonly series: string;
  private readonly call: Call;
  private readonly callee: Party;
  private readonly longestMs: number;
  /** Whose addresses the legs have been dialled to. */
  readonly phones: Phones;

  /** @param longestMs bound that Asterisk itself puts on each leg's ringing, in case we die. */
  constructor(call: Call, { callee, devices, mobileEndpoints }: Plan, longestMs: number) {
    this.call = call;
    this.phones = new Phones(devices.length === 1 ? mobileEndpoints : []);
    this.callee = callee;
    this.longestMs = longestMs;
    this.series = call.resumed === undefined ? '' : `-${Math.round(call.ports.clock.wallMs()).toString(36)}`;
  }

  /** The leg that talks to the caller, or has. */
  connected: Leg | undefined;

  /** Legs that may still be answered. */
  alive(on?: DeviceKind): readonly Leg[] {
    return [...this.legs.values()].filter(
      (leg) => !leg.dropped && leg.state !== 'ended' && (on === undefined || leg.on === on),
    );
  }

  /** All legs to this endpoint's contacts, those that have ended included, oldest first. */
  to(endpoint: string): readonly Leg[] {
    return [...this.legs.values()].filter(({ contact }) => contact.endpoint === endpoint);
  }

  /** Ends that the other side gave, of legs that we did not end ourselves. */
  ends(on?: DeviceKind): readonly LegEndKind[] {
    return [...this.legs.values()].filter((leg) => on === undefined || leg.on === on).flatMap((leg) => leg.end ?? []);
  }

  /** The latest leg to this contact's phone, whatever its state. */
  lastTo(contact: ContactAddress): Leg | undefined {
    return [...this.legs.values()].findLast((leg) => this.phones.areSame(leg.contact, contact));
  }

  /** The latest leg to this very address. */
  lastAt(contact: ContactAddress): Leg | undefined {
    return [...this.legs.values()].findLast((leg) => isSameAddress(leg.contact, contact));
  }

  isCalledElsewhere({ endpoint, uri }: ContactAddress): boolean {
    const others = this.to(endpoint).filter(({ contact }) => contact.uri !== uri);
    return others.some((leg) => leg.fresh || leg.rang || hasRefused(leg));
  }

  isBeingCalled(contact: ContactAddress): boolean {
    const last = this.lastAt(contact);
    return last !== undefined && seeksPhone(last) && last.fresh && !last.dropped;
  }

  /** How many mobiles have said that they do not want the call; one that has said so at several addresses counts once. */
  get mobilesRefusing(): number {
    const refusing = [...this.legs.values()].filter((leg) => leg.on === 'mobile' && hasRefused(leg));
    return this.phones.among(refusing.map(({ contact }) => contact)).length;
  }

  /** Orders a leg to the contact, or to where its phone has sent the call on. */
  ring(contact: Contact, on: DeviceKind, fresh: boolean, forward?: Forward): void {
    const { call } = this;
    this.dialled += 1;
    // Of one length: Asterisk refuses an id with which that of a living channel begins.
    const legId = `${call.callId}-leg${this.series}-${String(this.dialled).padStart(4, '0')}`;
    const dialledAtMs = call.ports.clock.wallMs();
    call.note('leg-dialled', {
      leg: legId,
      on,
      endpoint: contact.endpoint,
      contact: contact.uri,
      fresh,
      ...forwardedTo(forward),
    });
    const begun = { contact, on, fresh, dialledAtMs, isForward: forward !== undefined };
    this.own({ legId, ...begun });
    const order = call.ports.legs.dial(
      {
        legId,
        contact,
        forward,
        on,
        calleeUserId: call.userId,
        caller: call.shown,
        callee: this.callee,
        ringMs: this.longestMs,
        forChannelId: call.caller.channelId,
        checkpoint: writeLegCheckpoint(begun),
      },
      (event) => call.inbox.post({ what: 'leg', legId, event }),
    );
    const refused = (fault: unknown) => {
      const detail = wordsOf(fault);
      if (fault instanceof NoAddress) call.ports.log.warn(`a phone of ${contact.endpoint} is not rung: ${detail}`);
      call.inbox.post({ what: 'leg', legId, event: { kind: 'ended', end: 'unreachable', detail } });
    };
    call.beside(`dial ${legId}`, order.catch(refused));
  }

  /** Orders a leg to the contact, unless one to it lives. */
  ringUnlessAlive(contact: Contact, on: DeviceKind, fresh: boolean): void {
    const last = this.lastAt(contact);
    if (last === undefined || last.state === 'ended') this.ring(contact, on, fresh);
  }

  /** Orders a leg to a phone that has registered newly, and gives up those of the same endpoint that ring nowhere. */
  ringAnew(contact: Contact, on: DeviceKind): void {
    const last = this.lastTo(contact);
    const dialling = this.alive(on).filter(seeksPhone);
    this.ring(contact, on, true);
    for (const leg of dialling) {
      // A fresh leg to another phone is about to ring.
      const ringsNowhere = leg.contact.endpoint === contact.endpoint && (!leg.fresh || leg === last);
      if (ringsNowhere) this.call.beside(`hang up ${leg.legId}`, this.drop(leg, 'not-needed'));
    }
  }

  /** Gives up the legs to a contact that is no more, but those that ring: a person looks at them. Returns which. */
  giveUp(contact: ContactAddress): readonly Leg[] {
    const given = this.alive().filter((leg) => seeksPhone(leg) && isSameAddress(leg.contact, contact));
    const { endpoint, uri } = contact;
    if (given.length > 0) this.call.note('contact-removed', { endpoint, contact: uri });
    for (const leg of given) this.call.beside(`hang up ${leg.legId}`, this.drop(leg, 'not-needed'));
    return given;
  }

  /** Takes over the legs that an earlier run of the router has dialled for this call, and that are heard already. One that says nothing of itself is ended. */
  adopt(found: readonly FoundLeg[]): void {
    const { call } = this;
    for (const { legId, checkpoint } of found) {
      const known = readLegCheckpoint(checkpoint);
      if (known === undefined) {
        call.beside(`hang up ${legId}`, call.ports.legs.hangUp(legId, 'not-needed'));
        continue;
      }
      const { contact, on, fresh } = known;
      call.note('leg-adopted', { leg: legId, on, endpoint: contact.endpoint, contact: contact.uri, fresh });
      this.own({ legId, ...known });
    }
  }

  private own(begun: Pick<Leg, 'legId'> & LegCheckpoint): void {
    const dialledMs = this.call.ports.clock.nowMs();
    const unheard = { state: 'dialling', rang: false, pickedUp: false, end: undefined, dropped: false } as const;
    const leg: Leg = { ...begun, dialledMs, ...unheard };
    this.legs.set(leg.legId, leg);
    this.call.undo.add(`leg ${leg.legId}`, () => this.drop(leg, 'not-needed'));
  }

  /** Takes in what a leg reports. Returns the leg where the report changed it. */
  take(legId: string, event: LegEvent): Leg | undefined {
    const leg = this.legs.get(legId);
    if (leg === undefined || leg.state === 'ended') return undefined;
    leg.state = event.kind;
    leg.rang ||= event.kind === 'ringing';
    if (event.kind === 'connected') {
      leg.pickedUp = event.pickedUp;
      this.connected = leg;
    }
    // A person who declines means it, be it on a leg that was being given up in that instant.
    if (event.kind === 'ended' && (!leg.dropped || event.end === 'declined')) leg.end = event.end;
    if (event.kind === 'ended' && !leg.dropped) leg.forward = event.forward;
    this.call.note(`leg-${event.kind}`, {
      leg: legId,
      on: leg.on,
      ...(event.kind === 'ended' ? { end: event.end, detail: event.detail, ...forwardedTo(event.forward) } : {}),
      ...(event.kind === 'connected' && event.pickedUp ? { pickedUp: true } : {}),
    });
    return leg;
  }

  /** A leg that was answered, and hung up by whoever had answered before it could be connected. */
  get answeredBriefly(): Leg | undefined {
    return [...this.legs.values()].find(({ end, dropped }) => end === 'hung-up' && !dropped);
  }

  /** Takes in what has not been looked at yet. Returns the leg that talks to the caller, if any. */
  catchUp(): Leg | undefined {
    for (const happened of this.call.inbox.takeAll())
      if (happened.what === 'leg') this.take(happened.legId, happened.event);
    return this.connected;
  }

  /** Ends a leg, once. Waits until Asterisk has let go of it. One that talks is not ours to end. */
  async drop(leg: Leg, reason: LegHangUpReason): Promise<void> {
    if (leg.dropped || leg.state === 'connected' || leg.state === 'ended') return;
    leg.dropped = true;
    this.call.note('leg-hung-up', { leg: leg.legId, on: leg.on, reason });
    const { legs, clock } = this.call.ports;
    // A leg that nobody hangs up rings on, or is answered by somebody who hears nobody.
    await retry(clock, NEVER, () => legs.hangUp(leg.legId, reason), CLEARING_MS);
  }

  /** Ends, beside the story, all living legs but one. */
  dropOthers(kept: Leg | undefined, reason: LegHangUpReason, on?: DeviceKind): void {
    for (const leg of this.alive(on)) {
      if (leg !== kept) this.call.beside(`hang up ${leg.legId}`, this.drop(leg, reason));
    }
  }
}
