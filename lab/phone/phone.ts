/**
 * A scripted SIP phone on loopback, for tests against a real Asterisk and for the demo. A scenario in ten lines:
 *
 *   const server = { host: '127.0.0.1', port: asterisk.sipPort };
 *   const mobile = await createPhone({ user: 'm1', password: 'secret', server, toneHz: 900 });
 *   const carrier = await createPhone({ user: 'trunk', host: '127.0.0.2', server, toneHz: 600 });
 *   await mobile.register();                          // or refresh(), comeBackOnAnotherPort(), die(), sleep()
 *   mobile.onInvite(rings());                         // invite-policies.ts; or your own (call) => { call.ring(); ... }
 *   const call = await carrier.call('1001', { fromNumber: '0612345678', fromName: 'Marie' });
 *   const ringing = await mobile.nextCall(5000);      // record: who calls, codecs, video?, statuses, reasons, times
 *   ringing.answer();                                 // or refuse(486), earlyMedia(), vanish(); later hangUp()
 *   await Promise.all([call.waitUntilHears(900, 5000), ringing.waitUntilHears(600, 5000), call.sendDtmf('5')]);
 *   await call.hangUp(); await mobile.close();        // then mobile.leftovers() is []
 *
 * Each wait has a deadline in ms and fails with the tail of the wire trace. Times are `nowMs()` of clock.ts throughout.
 * It must never sleep, send to anything but loopback, or keep a timer while idle.
 */
import type { AudioOptions } from './call-audio.ts';
import { CallAudio, USUAL_AUDIO } from './call-audio.ts';
import { Credentials } from './digest.ts';
import { Dispatcher } from './dispatcher.ts';
import { IncomingCall } from './incoming-call.ts';
import type { InvitePolicy } from './invite-policies.ts';
import type { OutgoingCall } from './outgoing-call.ts';
import type { PhoneCall } from './phone-call.ts';
import type { PhoneEvent, PhoneEventType } from './phone-events.ts';
import { PhoneEvents } from './phone-events.ts';
import type { PhoneLine } from './phone-line.ts';
import type { CallOptions, PhoneOptions } from './phone-options.ts';
import type { Registered } from './registration.ts';
import { Registration } from './registration.ts';
import type { UdpAddress } from './sip-address.ts';
import { SipAgent } from './sip-agent.ts';
import { sendText } from './text.ts';
import { chooseTone } from './tone.ts';
import type { Trace } from './trace.ts';

export type { CallOptions, PhoneOptions } from './phone-options.ts';

/** Opens the phone's socket; throws when the address or port cannot be had. */
export async function createPhone(options: PhoneOptions): Promise<Phone> {
  const phone = new Phone(options);
  await phone.open(options.port ?? 0);
  return phone;
}

export class Phone {
  readonly name: string;
  readonly user: string;
  readonly toneHz: number;
  readonly events: PhoneEvents;
  readonly #agent: SipAgent;
  readonly #line: PhoneLine;
  readonly #audio: AudioOptions;
  readonly #dispatcher: Dispatcher;
  #registration: Registration | undefined;
  #registered: Registered | undefined;

  constructor(options: PhoneOptions) {
    const host = options.host ?? '127.0.0.1';
    if (!/^(127(\.\d{1,3}){3}|\[::1\])$/.test(host)) throw new Error(`a lab phone lives on loopback, not on ${host}`);
    this.name = options.name ?? options.user;
    this.user = options.user;
    this.toneHz = chooseTone(options.toneHz);
    this.#audio = { ...USUAL_AUDIO, ...options.audio };
    this.#agent = new SipAgent(
      this.name,
      { transport: options.transport ?? 'udp', host, server: options.server },
      (transaction) => this.#dispatcher.onRequest(transaction),
      (ack) => this.#dispatcher.onAck(ack),
    );
    this.events = new PhoneEvents(this.name, this.#agent.trace);
    this.#line = {
      user: this.user,
      server: options.server,
      agent: this.#agent,
      events: this.events,
      credentials: options.password === undefined ? undefined : new Credentials(this.user, options.password),
      ended: (call) => this.#dispatcher.active.delete(call.callId),
    };
    this.#dispatcher = new Dispatcher(this.#line, (callId) => this.#openAudio(callId, undefined));
  }

  /** All calls of this phone, those that have ended included. */
  get calls(): readonly PhoneCall[] {
    return this.#dispatcher.calls;
  }

  get trace(): Trace {
    return this.#agent.trace;
  }

  /** Where the phone listens; after die() where it did. */
  get address(): UdpAddress {
    return { host: this.#agent.socket.host, port: this.#agent.socket.port };
  }

  /** The last registration that was confirmed. */
  get registered(): Registered | undefined {
    return this.#registered;
  }

  async open(port: number): Promise<void> {
    await this.#agent.socket.open(port);
  }

  /**
   * REGISTER, with digest; resolves with the 200. `contactPort` puts another port into the contact, where nobody
   * listens; `contactUris` are whole contacts of any form, `contactParameters` stand beside each of them. A phone that
   * died opens a new socket first, a sleeping one wakes. Throws RegisterRefused.
   */
  async register(
    options: {
      readonly expiresSec?: number;
      readonly contactPort?: number;
      readonly contactUris?: readonly string[];
      readonly contactParameters?: string;
    } = {},
  ): Promise<Registered> {
    if (!this.#agent.socket.isOpen) await this.#openElsewhere();
    this.#agent.socket.asleep = false;
    this.#registration ??= new Registration(this.#line, this.#agent);
    const expiresSec = options.expiresSec ?? 600;
    const port = options.contactPort ?? this.#agent.socket.port;
    const { contactUris, contactParameters } = options;
    this.#registered = await this.#registration.register(expiresSec, port, contactUris, contactParameters);
    this.events.emit('registered', this.#registered.contactUri, undefined, this.#registered.atMs);
    return this.#registered;
  }

  /** REGISTER of the same contact again: a silent refresh. */
  refresh(expiresSec?: number): Promise<Registered> {
    const port = Number(/:(\d+)$/.exec(this.#registered?.contactUri ?? '')?.[1] ?? this.#agent.socket.port);
    return this.register({ contactPort: port, ...(expiresSec === undefined ? {} : { expiresSec }) });
  }

  async unregister(): Promise<void> {
    await this.#registration?.register(0, this.#agent.socket.port);
    this.#registered = undefined;
    this.events.emit('unregistered', '');
  }

  /** As after a restart of the app: the old socket is dead, its contact stays behind, a new port registers. */
  async comeBackOnAnotherPort(options: { readonly expiresSec?: number } = {}): Promise<Registered> {
    this.die();
    return this.register(options);
  }

  /** Closes all sockets without a word; the kernel refuses what is sent there. */
  die(): void {
    this.#fallSilent('died');
    this.#agent.fallSilent();
    this.#registration = undefined;
  }

  /** Goes deaf and dumb with the socket open, as an app that the system suspended; `wakeUp()` or `register()` end it. */
  sleep(): void {
    this.#fallSilent('sleeps');
    this.#agent.socket.asleep = true;
  }

  wakeUp(): void {
    this.#agent.socket.asleep = false;
  }

  /** What to do with each call from now on; `rings()` when nothing is said. */
  onInvite(policy: InvitePolicy): void {
    this.#dispatcher.policy = policy;
  }

  /** What to do with the next calls, one policy each, before the usual one applies again. */
  onNextInvites(...policies: readonly InvitePolicy[]): void {
    this.#dispatcher.nextPolicies.push(...policies);
  }

  /** Sends an INVITE for the extension (or a whole SIP URI); resolves as soon as it is on the wire. */
  async call(extension: string, options: CallOptions = {}): Promise<OutgoingCall> {
    const call = await this.#dispatcher.place(extension, options, (callId) => this.#openAudio(callId, options.audio));
    if (!call) throw new Error(`${this.name} fell silent before it could call`);
    return call;
  }

  /** Sends a SIP MESSAGE to the extension; resolves with the status of its final answer, 0 when none came. */
  text(extension: string, body: string): Promise<number> {
    return sendText(this.#line, extension, body);
  }

  /** The next incoming call that this was not given yet, already under its policy. Throws DeadlineMissed. */
  async nextCall(withinMs: number): Promise<IncomingCall> {
    const { call } = await this.waitFor('invited', withinMs);
    if (!(call instanceof IncomingCall)) throw new Error(`${this.name}: an invitation without a call`);
    return call;
  }

  /** The next event of that type that no wait was given yet. Throws DeadlineMissed. */
  waitFor(type: PhoneEventType, withinMs: number, where?: (event: PhoneEvent) => boolean): Promise<PhoneEvent> {
    return this.events.waitFor(type, withinMs, where);
  }

  /** Ends everything without a word: calls, sockets, timers, waits. */
  async close(): Promise<void> {
    this.die();
    this.events.close();
    await this.#dispatcher.settled();
  }

  /** What is still open: empty after `close()`. */
  leftovers(): string[] {
    const found: string[] = [];
    if (this.#agent.socket.isOpen) found.push('SIP socket');
    if (this.#agent.timers.pending > 0) found.push(`${this.#agent.timers.pending} SIP timers`);
    if (this.events.waiting > 0) found.push(`${this.events.waiting} waits`);
    for (const call of this.calls) if (call.holdsSocket) found.push(`RTP socket of call ${call.callId}`);
    for (const call of this.#dispatcher.active.values()) found.push(`call ${call.callId}`);
    return found;
  }

  #fallSilent(why: string): void {
    this.#dispatcher.fallSilent();
    this.events.emit('gone-silent', why);
  }

  async #openElsewhere(): Promise<void> {
    const old = this.#agent.socket.port;
    await this.#agent.socket.open(0);
    // A WebSocket does not tell its port, and each has another.
    if (this.#agent.socket.port !== old || old === 0) return;
    this.#agent.socket.close();
    await this.#openElsewhere();
  }

  #openAudio(callId: string, options: Partial<AudioOptions> | undefined): Promise<CallAudio> {
    // Asterisk's audio is IPv4, whatever its SIP is.
    const { host } = this.#agent.socket;
    return CallAudio.open(
      host.startsWith('[') ? '127.0.0.1' : host,
      this.toneHz,
      { ...this.#audio, ...options },
      (heard) => this.#dispatcher.active.get(callId)?.heardDtmf(heard),
    );
  }
}
