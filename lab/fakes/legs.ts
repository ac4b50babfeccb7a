/**
 * Legs to scripted phones, and the dialplan that connects them: whoever is first to answer while the caller waits gets it, without any router. It is as unkind as the real one: a leg may be
 * answered while its end is on the way, the phone or the caller may hang up before anybody is connected, and the word of it comes later than the thing.
 */
import { PbxError } from '../../src/call/errors.ts';
import type {
  Contact,
  DialRequest,
  Forward,
  LegEndKind,
  LegEvent,
  LegHangUpReason,
  Legs,
} from '../../src/call/ports.ts';

/** What a phone does with a call; ms count from the INVITE, `hangsUpAfterMs` from the answer. */
export interface PhoneScript {
  readonly ringsAfterMs?: number;
  readonly answersAfterMs?: number;
  readonly endsAfterMs?: readonly [number, 'declined' | 'busy' | 'unreachable' | 'answered-elsewhere'];
  readonly hangsUpAfterMs?: number;
  /** It sends the call on, and whoever that comes to does the rest. */
  readonly sendsOnAfterMs?: number;
  /** Another phone takes the call while it rings at this one. */
  readonly pickedUp?: boolean;
  /** The order itself is refused by Asterisk. */
  readonly refused?: boolean;
}

export interface FakeLeg {
  readonly request: DialRequest;
  readonly script: PhoneScript;
  state: 'ordered' | 'dialling' | 'ringing' | 'answered' | 'connected' | 'ended';
  /** Why the router has ended it. */
  hangUpReason: LegHangUpReason | undefined;
  /** How it has ended, whoever has ended it. */
  end: LegEndKind | undefined;
  /** The router has been told that it is connected. */
  toldConnected: boolean;
}

/** What legs must know of the caller, and may do with it. */
export interface LegsWorld {
  readonly callerIs: () => 'waiting' | 'talking' | 'in-dialplan' | 'gone';
  readonly callerTalks: (leg: FakeLeg) => void;
  /** The conversation is over, since the leg is. */
  readonly callerEnds: () => void;
  readonly hasContact: (contact: Contact) => boolean;
  readonly scriptOf: (uri: string) => PhoneScript;
  readonly later: (ms: number, act: () => void) => void;
  readonly pause: (ms: number) => Promise<void>;
  readonly through: <T>(name: string, act: () => T | Promise<T>) => Promise<T>;
}

/** How long the dialplan looks for a caller who is not there, before it hangs up a leg that has answered. */
const LOOKS_FOR_MS = 2000;
export const ORDER_MS = 3;

export class FakeLegs {
  readonly all = new Map<string, FakeLeg>();
  /** Legs that were connected with the caller, in order. */
  readonly talks: { readonly legId: string }[] = [];
  /** Orders to end a leg of which it was known that it talks. */
  readonly disturbed: string[] = [];
  /** From the answer until the dialplan has the lock, and from then until the router hears of it. */
  connectMs = 2;
  tellMs = 1;
  readonly #reporters = new Map<string, (event: LegEvent) => void>();
  readonly #world: LegsWorld;

  constructor(world: LegsWorld) {
    this.#world = world;
  }

  readonly port = {
    dial: (request: DialRequest, onEvent: (event: LegEvent) => void) =>
      this.#world.through('legs.dial', () => {
        const script = this.#world.scriptOf(request.contact.uri);
        if (script.refused || !this.#world.hasContact(request.contact)) throw new PbxError('500 Allocation failed');
        this.#reporters.set(request.legId, onEvent);
        this.#begin(request, script, 'dialling');
      }),
    adopt: (legId: string, onEvent: (event: LegEvent) => void) => {
      this.#reporters.set(legId, onEvent);
      const leg = this.all.get(legId);
      if (leg === undefined || leg.state === 'ended') {
        onEvent({ kind: 'ended', end: 'unreachable', detail: 'gone before it was taken over' });
      } else if (leg.state === 'connected') this.tellConnected(leg);
      else if (leg.state === 'ringing' || leg.state === 'answered') onEvent({ kind: leg.state });
    },
    hangUp: (legId: string, reason: LegHangUpReason) =>
      this.#world.through('legs.hangUp', async () => {
        const known = this.all.get(legId);
        if (known?.toldConnected === true && known.state !== 'ended') this.disturbed.push(legId);
        // Whoever has answered is the dialplan's, unless another was faster.
        if (known?.state === 'connected' || (known?.state === 'answered' && reason !== 'answered-elsewhere')) return;
        // The order may still be under way: it is waited for. Whatever the phone does meanwhile, this one arrives.
        await this.#world.pause(ORDER_MS);
        const leg = this.all.get(legId);
        if (leg === undefined) return;
        leg.hangUpReason ??= reason;
        this.#end(leg, 'hung-up', '16 Normal Clearing');
      }),
  } satisfies Legs;

  /** A leg that an earlier run of the router has dialled, and what its phone does from now on. */
  leave(legId: string, contact: Contact, state: 'dialling' | 'ringing' | 'answered', script: PhoneScript): void {
    const nobody = { name: '', number: '' };
    const parties = { caller: nobody, callee: nobody, calleeUserId: '7' };
    const on = /-mobile$/.test(contact.endpoint) ? ('mobile' as const) : ('webapp' as const);
    const leg = this.#begin(
      { legId, contact, on, ...parties, ringMs: 0, forChannelId: 'caller-1', checkpoint: '' },
      script,
      state,
    );
    if (state === 'answered') this.#world.later(this.connectMs, () => this.#underLock(leg));
  }

  /** Somebody answers now, at each living leg to this address. */
  answerNow(uri: string): void {
    for (const leg of this.all.values()) if (leg.request.contact.uri === uri) this.#answer(leg);
  }

  /** And hangs up. */
  hangUpNow(uri: string): void {
    for (const leg of this.all.values())
      if (leg.request.contact.uri === uri) this.#end(leg, 'hung-up', '16 Normal Clearing');
  }

  /** The router hears of it at last, once. */
  tellConnected(leg: FakeLeg): void {
    if (leg.toldConnected || !this.#reporters.has(leg.request.legId)) return;
    leg.toldConnected = true;
    this.#tell(leg, { kind: 'connected', pickedUp: leg.script.pickedUp === true });
  }

  /** Whoever talks to the caller, who has hung up. */
  endTalking(): void {
    for (const leg of this.all.values()) if (leg.state === 'connected') this.#end(leg, 'hung-up', '16 Normal Clearing');
  }

  #begin(request: DialRequest, script: PhoneScript, state: FakeLeg['state']): FakeLeg {
    const leg: FakeLeg = { request, script, state, hangUpReason: undefined, end: undefined, toldConnected: false };
    this.all.set(request.legId, leg);
    const at = (ms: number | undefined, act: () => void) => {
      if (ms !== undefined) this.#world.later(ms, act);
    };
    if (script.sendsOnAfterMs !== undefined && request.forward === undefined) {
      const forward = { to: 'elsewhere', by: [request.contact.endpoint], from: { name: '', number: '' } };
      at(script.sendsOnAfterMs, () => this.#end(leg, 'forwarded', 'scripted', forward));
      return leg;
    }
    at(script.ringsAfterMs, () => {
      if (leg.state !== 'dialling') return;
      leg.state = 'ringing';
      this.#tell(leg, { kind: 'ringing' });
    });
    at(script.answersAfterMs, () => this.#answer(leg));
    const [endsAfterMs, end = 'unreachable'] = script.endsAfterMs ?? [];
    at(endsAfterMs, () => this.#end(leg, end, 'scripted'));
    if (script.answersAfterMs !== undefined && script.hangsUpAfterMs !== undefined)
      at(script.answersAfterMs + script.hangsUpAfterMs, () => this.#end(leg, 'hung-up', '16 Normal Clearing'));
    return leg;
  }

  #answer(leg: FakeLeg): void {
    if (leg.state !== 'dialling' && leg.state !== 'ringing') return;
    leg.state = 'answered';
    this.#tell(leg, { kind: 'answered' });
    this.#world.later(this.connectMs, () => this.#underLock(leg));
  }

  #underLock(leg: FakeLeg): void {
    if (leg.state !== 'answered') return;
    const caller = this.#world.callerIs();
    if (caller === 'waiting') {
      leg.state = 'connected';
      this.talks.push({ legId: leg.request.legId });
      this.#world.callerTalks(leg);
      this.#world.later(this.tellMs, () => this.tellConnected(leg));
    } else if (caller === 'gone') {
      this.#world.later(LOOKS_FOR_MS, () => this.#end(leg, 'hung-up', '16 Normal Clearing'));
    } else this.#end(leg, 'answered-elsewhere', '26 Answered elsewhere');
  }

  #end(leg: FakeLeg, end: LegEndKind, detail: string, forward?: Forward): void {
    if (leg.state === 'ended') return;
    const talked = leg.state === 'connected';
    if (talked) this.tellConnected(leg);
    leg.state = 'ended';
    leg.end = end;
    this.#tell(leg, { kind: 'ended', end, detail, ...(forward === undefined ? {} : { forward }) });
    if (talked) this.#world.callerEnds();
  }

  #tell(leg: FakeLeg, event: LegEvent): void {
    this.#reporters.get(leg.request.legId)?.(event);
  }
}
