/**
 * An Asterisk in memory for the domain's stories: one caller's channel, legs to scripted phones, bridges and registrations, in virtual time.
 * It keeps the promises that ports.ts makes and is as unkind as the real one: orders take time, a leg may answer while it is being hung up.
 * Every port call passes through `through`, where a story can make the caller leave, the router stop, or the call fail.
 */
import { CallerGone, PbxError } from '../../../src/call/errors.ts';
import type {
  Bridges,
  Caller,
  Contact,
  DialplanStatus,
  DialRequest,
  Hold,
  HoldNews,
  LegEvent,
  LegHangUpReason,
  Legs,
  Registrations,
} from '../../../src/call/ports.ts';
import type { VirtualClock } from './clock.ts';

/** What a phone does with a call; ms count from the INVITE, `hangsUpAfterMs` from the answer. */
export interface PhoneScript {
  readonly ringsAfterMs?: number;
  readonly answersAfterMs?: number;
  readonly endsAfterMs?: readonly [number, 'declined' | 'busy' | 'unreachable'];
  readonly hangsUpAfterMs?: number;
  /** The order itself is refused by Asterisk. */
  readonly refused?: boolean;
}

export interface FakeLeg {
  readonly request: DialRequest;
  state: 'ordered' | 'dialling' | 'ringing' | 'answered' | 'ended';
  hangUpReason: LegHangUpReason | undefined;
}

export type Moment = 'before' | 'after';

const ORDER_MS = 3;

export class FakePbx {
  readonly clock: VirtualClock;
  readonly variables = new Map<string, string>();
  readonly globals = new Map<string, string>();
  readonly contacts: Contact[] = [];
  readonly scripts = new Map<string, PhoneScript>();
  readonly legs = new Map<string, FakeLeg>();
  readonly openBridges = new Set<string>();
  /** Bridges with who talks in them. */
  readonly talks: { readonly bridgeId: string; readonly legId: string }[] = [];
  readonly written = new Map<string, string>();
  readonly holds: Hold[] = [];
  /** Tells the call what has become of its latest hold. */
  onHoldNews: (news: HoldNews) => void = () => {};
  readonly givenBack: { readonly status: DialplanStatus; readonly reason: string }[] = [];
  readonly portCalls: string[] = [];
  callerAnswered = false;
  callerHungUp = false;
  holding = false;
  looks = 0;
  /** Port calls by name that take so many ms longer. */
  readonly slowMs = new Map<string, number>();
  private registerings = 0;
  private readonly announced = new Set<Contact>();
  /** Set by a story: called just before and just after each port call. A throw in it is the port's fault. */
  intervene: (call: string, number: number, moment: Moment) => void = () => {};
  private readonly watches = new Set<{
    endpoints: readonly string[];
    onContact: (contact: Contact) => void;
    onGone: (contact: Contact) => void;
  }>();
  private readonly reporters = new Map<string, (event: LegEvent) => void>();
  private readonly leaving = new AbortController();
  private readonly world: AbortSignal;

  /** @param world aborts when the story is over, so that what phones had in mind is forgotten. */
  constructor(clock: VirtualClock, world: AbortSignal) {
    this.clock = clock;
    this.world = world;
  }

  get openWatches(): number {
    return this.watches.size;
  }

  callerLeaves(): void {
    this.leaving.abort(new CallerGone());
  }

  get callerIsGone(): boolean {
    return this.leaving.signal.aborted || this.givenBack.length > 0 || this.callerHungUp;
  }

  /**
   * A phone registers: a new contact, or the same with a later expiry. Asterisk tells whoever watches.
   * @param how `announced`: an address that was not there, told of before anybody has read until when it is; reading it then is no news
   */
  register(
    endpoint: string,
    uri: string,
    script: PhoneScript = this.scripts.get(uri) ?? {},
    how: 'read' | 'announced' = 'read',
  ): void {
    this.scripts.set(uri, script);
    if (how === 'announced') this.unregister(endpoint, uri);
    const index = this.contacts.findIndex((contact) => contact.uri === uri);
    this.registerings += 1;
    const expiresAtSec = Math.round(this.clock.wallMs() / 1000) + 600 + this.registerings;
    const contact: Contact = { endpoint, uri, expiresAtSec };
    if (index >= 0) this.contacts[index] = contact;
    else this.contacts.push(contact);
    if (how === 'announced') this.announced.add(contact);
    const told = how === 'announced' ? { ...contact, expiresAtSec: undefined } : contact;
    for (const watch of this.watches) if (watch.endpoints.includes(endpoint)) watch.onContact(told);
  }

  /** A contact is removed: it has expired, its phone has taken it off, or another has taken its place. Asterisk tells whoever watches. */
  unregister(endpoint: string, uri: string): void {
    const [removed] = this.contacts.splice(this.contacts.findIndex((contact) => contact.uri === uri) >>> 0, 1);
    if (removed === undefined) return;
    for (const watch of this.watches) if (watch.endpoints.includes(endpoint)) watch.onGone(removed);
  }

  later(ms: number, act: () => void): void {
    this.clock.sleep(ms, this.world).then(act, () => {});
  }

  async through<T>(name: string, act: () => T | Promise<T>, isCallers = false): Promise<T> {
    this.portCalls.push(name);
    const number = this.portCalls.length;
    this.intervene(name, number, 'before');
    const gone = () => {
      if (isCallers && this.callerIsGone) throw new CallerGone();
    };
    gone();
    await this.clock.sleep(ORDER_MS + (this.slowMs.get(name) ?? 0), this.world);
    gone();
    const result = await act();
    this.intervene(name, number, 'after');
    return result;
  }

  caller(): Caller {
    const own = <T>(name: string, act: () => T | Promise<T>) => this.through(`caller.${name}`, act, true);
    return {
      channelId: 'caller-1',
      party: { name: 'Carol', number: '0123456789' },
      answered: this.callerAnswered,
      left: this.leaving.signal,
      read: ({ variables, globals, contactsOf }) =>
        own('read', () => ({
          variables: new Map(variables.map((name) => [name, this.variables.get(name) ?? this.written.get(name) ?? ''])),
          globals: new Map(globals.map((name) => [name, this.globals.get(name) ?? ''])),
          contacts: this.contacts.filter((contact) => contactsOf.includes(contact.endpoint)),
        })),
      write: (variables) =>
        own('write', () => {
          for (const [name, value] of Object.entries(variables)) this.written.set(name, value);
        }),
      answer: () =>
        own('answer', () => {
          this.callerAnswered = true;
        }),
      startHold: (hold, onNews = () => {}) =>
        own('startHold', () => {
          this.onHoldNews = onNews;
          this.holds.push(hold);
          this.holding = true;
        }),
      stopHold: () =>
        this.through('caller.stopHold', () => {
          this.holding = false;
        }),
      giveBack: (status, reason) =>
        own('giveBack', () => {
          this.holding = false;
          this.givenBack.push({ status, reason });
        }),
      hangUp: () =>
        this.through('caller.hangUp', () => {
          this.callerHungUp = true;
        }),
    } satisfies Caller;
  }

  readonly legsPort = {
    dial: (request: DialRequest, onEvent: (event: LegEvent) => void) => {
      const leg: FakeLeg = { request, state: 'ordered', hangUpReason: undefined };
      return this.through('legs.dial', () => {
        const script = this.scripts.get(request.contact.uri) ?? {};
        const { endpoint, uri } = request.contact;
        const exists = this.contacts.some((contact) => contact.endpoint === endpoint && contact.uri === uri);
        if (script.refused || !exists) throw new PbxError('500 Allocation failed');
        this.legs.set(request.legId, leg);
        this.reporters.set(request.legId, onEvent);
        leg.state = 'dialling';
        this.play(leg, script);
      });
    },
    adopt: (legId: string, onEvent: (event: LegEvent) => void) => {
      this.reporters.set(legId, onEvent);
      const state = this.legs.get(legId)?.state;
      if (state === 'ringing' || state === 'answered') onEvent({ kind: state });
    },
    hangUp: (legId: string, reason: LegHangUpReason) =>
      this.through('legs.hangUp', async () => {
        // The order may still be under way: it is waited for.
        await this.clock.sleep(ORDER_MS, this.world);
        const leg = this.legs.get(legId);
        if (leg === undefined) return;
        leg.hangUpReason ??= reason;
        this.report(leg, { kind: 'ended', end: 'hung-up', detail: '16 Normal Clearing' });
      }),
  } satisfies Legs;

  readonly bridgesPort = {
    open: (bridgeId: string) =>
      this.through('bridges.open', () => {
        this.openBridges.add(bridgeId);
      }),
    connect: (bridgeId: string, _caller: Caller, legId: string) =>
      this.through(
        'bridges.connect',
        () => {
          if (!this.openBridges.has(bridgeId)) throw new PbxError('404 no such bridge');
          if (this.legs.get(legId)?.state !== 'answered') throw new PbxError('404 no such channel');
          this.callerAnswered = true;
          this.holding = false;
          this.talks.push({ bridgeId, legId });
        },
        true,
      ),
    close: (bridgeId: string) =>
      this.through('bridges.close', () => {
        this.openBridges.delete(bridgeId);
      }),
  } satisfies Bridges;

  readonly registrationsPort = {
    watch: async (
      endpoints: readonly string[],
      known: readonly Contact[],
      _through: string,
      onContact: (contact: Contact) => void,
      onGone: (contact: Contact) => void,
    ) => {
      const lookedAt = (contact: Contact) =>
        this.announced.has(contact) ||
        known.some((before) => before.uri === contact.uri && before.expiresAtSec === contact.expiresAtSec);
      const look = () => {
        this.looks += 1;
        for (const contact of this.contacts) {
          if (endpoints.includes(contact.endpoint) && !lookedAt(contact)) onContact(contact);
        }
      };
      const watch = { endpoints, onContact, onGone };
      return this.through('registrations.watch', () => {
        this.watches.add(watch);
        look();
        return {
          lookAgain: () => this.through('watch.lookAgain', look),
          close: () =>
            this.through('watch.close', () => {
              this.watches.delete(watch);
            }),
        };
      });
    },
  } satisfies Registrations;

  /** A leg that an earlier run of the router has dialled, and what its phone does from now on. */
  leaveLeg(
    legId: string,
    contact: Contact,
    state: 'dialling' | 'ringing' | 'answered',
    script: PhoneScript = {},
  ): void {
    const nobody = { name: '', number: '' };
    const request = { legId, contact, caller: nobody, callee: nobody, ringMs: 0, forChannelId: 'caller-1', memory: '' };
    const leg: FakeLeg = { request, state, hangUpReason: undefined };
    this.legs.set(legId, leg);
    this.play(leg, script);
  }

  private play(leg: FakeLeg, script: PhoneScript): void {
    const at = (ms: number | undefined, act: () => void) => {
      if (ms !== undefined) this.later(ms, act);
    };
    at(script.ringsAfterMs, () => this.report(leg, { kind: 'ringing' }));
    at(script.answersAfterMs, () => this.report(leg, { kind: 'answered' }));
    at(script.endsAfterMs?.[0], () =>
      this.report(leg, { kind: 'ended', end: script.endsAfterMs?.[1] ?? 'unreachable', detail: 'scripted' }),
    );
    if (script.answersAfterMs !== undefined && script.hangsUpAfterMs !== undefined) {
      at(script.answersAfterMs + script.hangsUpAfterMs, () =>
        this.report(leg, { kind: 'ended', end: 'hung-up', detail: '16 Normal Clearing' }),
      );
    }
  }

  private report(leg: FakeLeg, event: LegEvent): void {
    if (leg.state === 'ended') return;
    leg.state = event.kind === 'ended' ? 'ended' : event.kind;
    this.reporters.get(leg.request.legId)?.(event);
  }
}
