/**
 * An Asterisk in memory for the domain's stories: one caller's channel, notes and registrations, in virtual time; the legs have a file of their own.
 * It keeps the promises that ports.ts makes and is as unkind as the real one: orders take time, and meanwhile somebody may answer or hang up.
 * Every port call passes through `through`, where a story can make the caller leave, the router stop, or the call fail.
 */

import { CallerAnswered, CallerGone, type HowLeft } from '../../src/call/errors.ts';
import type { AnsweredOn, DialplanStatus } from '../../src/call/outcomes.ts';
import type {
  Caller,
  Contact,
  ContactListener,
  Hold,
  HoldNews,
  Notes,
  PhoneMark,
  Registrations,
} from '../../src/call/ports.ts';
import type { VirtualClock } from './clock.ts';
import { type FakeLeg, FakeLegs, ORDER_MS, type PhoneScript } from './legs.ts';

export type { PhoneScript } from './legs.ts';

export type Moment = 'before' | 'after';

export class FakePbx {
  readonly clock: VirtualClock;
  readonly variables = new Map<string, string>();
  readonly globals = new Map<string, string>();
  readonly contacts: Contact[] = [];
  readonly scripts = new Map<string, PhoneScript>();
  readonly connecting: FakeLegs;
  /** What is noted beyond the caller's channel, by call. */
  readonly notes = new Map<string, { readonly channelId: string; readonly checkpoint: string }>();
  readonly written = new Map<string, string>();
  readonly holds: Hold[] = [];
  /** Tells the call what has become of its latest hold. */
  onHoldNews: (news: HoldNews) => void = () => {};
  readonly givenBack: { readonly status: DialplanStatus; readonly reason: string }[] = [];
  readonly portCalls: string[] = [];
  callerAnswered = false;
  /** So long the answer to a look at the caller is on its way, in ms: whatever happens meanwhile is known before. */
  readAnswersAfterMs = 0;
  /** Another one once the caller has been replaced. */
  callerChannelId = 'caller-1';
  private onReplaced: (channelId: string) => void = () => {};
  callerHungUp = false;
  holding = false;
  looks = 0;
  /** Port calls by name that take so many ms longer. */
  readonly slowMs = new Map<string, number>();
  private registerings = 0;
  private readonly announced = new Set<Contact>();
  /** Set by a story: called just before and just after each port call. A throw in it is the port's fault. */
  intervene: (call: string, number: number, moment: Moment) => void = () => {};
  private readonly watches = new Set<{ readonly endpoints: readonly string[]; readonly listener: ContactListener }>();
  /** Who has answered, from the moment in which the dialplan has connected them. */
  private talksTo: FakeLeg | undefined;
  private isOver = false;
  private howLeft: HowLeft | undefined;
  private readonly leaving = new AbortController();
  private readonly world: AbortSignal;

  /** @param world aborts when the story is over, so that what phones had in mind is forgotten. */
  constructor(clock: VirtualClock, world: AbortSignal) {
    this.clock = clock;
    this.world = world;
    this.connecting = new FakeLegs({
      callerIs: () => this.callerIs,
      callerTalks: (leg) => {
        this.talksTo = leg;
        this.callerAnswered = true;
        this.holding = false;
        this.written.set('XIVO_MAPP_STATUS', 'ANSWERED').set('XIVO_MAPP_REASON', onOf(leg));
      },
      callerEnds: () => this.callerIsEnded(),
      hasContact: ({ endpoint, uri }) =>
        this.contacts.some((contact) => contact.endpoint === endpoint && contact.uri === uri),
      scriptOf: (uri) => this.scripts.get(uri) ?? {},
      later: (ms, act) => this.later(ms, act),
      pause: (ms) => this.clock.sleep(ms, this.world),
      through: (name, act) => this.through(name, act),
    });
  }

  get legs(): ReadonlyMap<string, FakeLeg> {
    return this.connecting.all;
  }

  get legsPort() {
    return this.connecting.port;
  }

  get talks() {
    return this.connecting.talks;
  }

  /** The caller talks now. */
  get talking(): boolean {
    return this.callerIs === 'talking';
  }

  private get callerIs(): 'waiting' | 'talking' | 'in-dialplan' | 'gone' {
    if (this.isOver || this.callerHungUp || this.howLeft === 'hung-up' || this.howLeft === 'answered-elsewhere')
      return 'gone';
    if (this.givenBack.length > 0 || this.howLeft === 'moved') return 'in-dialplan';
    return this.talksTo === undefined ? 'waiting' : 'talking';
  }

  /** The leg has hung up, and with it the conversation is over: the dialplan ends the caller. */
  private callerIsEnded(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.later(1, () => this.leaving.abort(new CallerGone()));
  }

  get openWatches(): number {
    return this.watches.size;
  }

  /** @param how `moved`: to another place in the dialplan, which nobody does with one who talks already */
  /** A colleague's channel has taken the place of a leg that rang, and the caller is connected with it. */
  callerIsPickedUp(): void {
    if (!this.isOver) this.leaving.abort(new CallerAnswered('picked-up'));
  }

  callerLeaves(how: HowLeft = 'hung-up'): void {
    if (this.isOver || (how === 'moved' && this.talking)) return;
    // Events keep their order: that it was connected is told before that it is gone.
    if (this.talksTo !== undefined) this.connecting.tellConnected(this.talksTo);
    this.howLeft ??= how;
    // Of a channel that has been given back nothing is told any more.
    if (this.givenBack.length === 0) this.leaving.abort(new CallerGone(`the caller has left: ${how}`, how));
    if (this.talksTo !== undefined) this.later(1, () => this.connecting.endTalking());
  }

  /** It does not wait for us: it is given back, gone, or talks. */
  get callerIsGone(): boolean {
    return this.leaving.signal.aborted || this.callerIs !== 'waiting';
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
    phone?: PhoneMark,
  ): void {
    this.scripts.set(uri, script);
    if (how === 'announced') this.unregister(endpoint, uri);
    const index = this.contacts.findIndex((contact) => contact.uri === uri);
    this.registerings += 1;
    const expiresAtSec = Math.round(this.clock.wallMs() / 1000) + 600 + this.registerings;
    const contact: Contact = { endpoint, uri, expiresAtSec, phone };
    if (index >= 0) this.contacts[index] = contact;
    else this.contacts.push(contact);
    if (how === 'announced') this.announced.add(contact);
    const told = how === 'announced' ? { endpoint, uri, expiresAtSec: undefined } : contact;
    for (const watch of this.watches) if (watch.endpoints.includes(endpoint)) watch.listener.onContact(told);
  }

  /** A contact is removed: it has expired, its phone has taken it off, or another has taken its place. Asterisk tells whoever watches. */
  unregister(endpoint: string, uri: string): void {
    const [removed] = this.contacts.splice(this.contacts.findIndex((contact) => contact.uri === uri) >>> 0, 1);
    if (removed === undefined) return;
    for (const watch of this.watches) if (watch.endpoints.includes(endpoint)) watch.listener.onGone(removed);
  }

  later(ms: number, act: () => void): void {
    this.clock.sleep(ms, this.world).then(act, () => {});
  }

  async through<T>(name: string, act: () => T | Promise<T>, isCallers = false): Promise<T> {
    this.portCalls.push(name);
    const number = this.portCalls.length;
    this.intervene(name, number, 'before');
    const gone = () => {
      if (isCallers && this.talksTo !== undefined && !this.leaving.signal.aborted) throw this.answeredBy(this.talksTo);
      if (isCallers && this.callerIsGone) throw new CallerGone();
    };
    gone();
    await this.clock.sleep(ORDER_MS + (this.slowMs.get(name) ?? 0), this.world);
    gone();
    const result = await act();
    this.intervene(name, number, 'after');
    return result;
  }

  /** Where the caller has gone is found out before the order is refused. */
  private answeredBy(leg: FakeLeg): CallerAnswered {
    this.connecting.tellConnected(leg);
    return new CallerAnswered(onOf(leg));
  }

  caller(): Caller {
    const callerIsOn = () => this.callerChannelId;
    const own = <T>(name: string, act: () => T | Promise<T>) => this.through(`caller.${name}`, act, true);
    return {
      get channelId() {
        return callerIsOn();
      },
      party: { name: 'Carol', number: '0123456789' },
      answered: this.callerAnswered,
      left: this.leaving.signal,
      read: async ({ variables, globals, contactsOf }) => {
        const reading = await own('read', () => ({
          variables: new Map(variables.map((name) => [name, this.variables.get(name) ?? this.written.get(name) ?? ''])),
          globals: new Map(globals.map((name) => [name, this.globals.get(name) ?? ''])),
          contacts: this.contacts.filter((contact) => contactsOf.includes(contact.endpoint)),
        }));
        if (this.readAnswersAfterMs > 0) await this.clock.sleep(this.readAnswersAfterMs, this.world);
        return reading;
      },
      whenReplaced: (listener) => {
        this.onReplaced = listener;
      },
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

  /** Another channel takes the caller's place; what was written last has come too late to move along. */
  replaceCaller(channelId: string, lost: string): void {
    this.callerChannelId = channelId;
    this.written.delete(lost);
    this.onReplaced(channelId);
  }

  readonly notesPort = {
    keep: (callId: string, channelId: string, checkpoint: string) =>
      this.through('notes.keep', () => {
        this.notes.set(callId, { channelId, checkpoint });
      }),
    answered: (callId: string, channelId: string, checkpoint: string, on: string) =>
      this.through('notes.answered', () => {
        this.notes.delete(callId);
        this.notes.set(`${callId}-${on}`, { channelId, checkpoint });
      }),
    remove: (callId: string) =>
      this.through('notes.remove', () => {
        for (const id of [...this.notes.keys()]) if (id.startsWith(callId)) this.notes.delete(id);
      }),
  } satisfies Notes;

  readonly registrationsPort = {
    watch: async (
      endpoints: readonly string[],
      known: readonly Contact[],
      _through: string,
      listener: ContactListener,
    ) => {
      const lookedAt = (contact: Contact) =>
        this.announced.has(contact) ||
        known.some((before) => before.uri === contact.uri && before.expiresAtSec === contact.expiresAtSec);
      const look = () => {
        this.looks += 1;
        for (const contact of this.contacts) {
          if (!endpoints.includes(contact.endpoint)) continue;
          if (!lookedAt(contact)) listener.onContact(contact);
          else if (this.announced.has(contact)) listener.onPhone(contact);
        }
      };
      const watch = { endpoints, listener };
      return this.through('registrations.watch', () => {
        this.watches.add(watch);
        look();
        return {
          lookAgain: () => this.through('watch.lookAgain', look),
          lookNow: () => this.through('watch.lookNow', look),
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
    this.connecting.leave(legId, contact, state, script);
  }
}

function onOf({ script, request }: FakeLeg): AnsweredOn {
  return script.pickedUp === true ? 'picked-up' : request.on;
}
