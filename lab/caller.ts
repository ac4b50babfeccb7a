/**
 * Callers from outside, through the trunk, and the calls that they make: what the caller sees and hears. It must never know what the router thinks of
 * the call; lab.ending() and lab.timeline() tell that.
 */
import { awaitedOf, type Handset, SOON_MS, type Sound } from './handset.ts';
import type { CallRecord } from './phone/call-record.ts';
import type { HeardSegment } from './phone/heard-timeline.ts';
import type { OutgoingCall } from './phone/outgoing-call.ts';
import { Phone } from './phone/phone.ts';
import type { PhoneEvent, PhoneEventType } from './phone/phone-events.ts';
import type { CallOptions, PhoneOptions } from './phone/phone-options.ts';

export interface CallerSpec {
  readonly name?: string;
  readonly number?: string;
  readonly toneHz?: number;
  readonly audio?: NonNullable<PhoneOptions['audio']>;
}

/** Whom to call: a callee, or any number. */
export type Called = string | { readonly number: string };

export class Caller {
  readonly name: string;
  readonly number: string;
  readonly phone: Phone;
  readonly #opened: () => Promise<void>;

  constructor(spec: CallerSpec, host: string, server: PhoneOptions['server']) {
    this.name = spec.name ?? 'Carol';
    this.number = spec.number ?? '0612345678';
    const { toneHz, audio } = spec;
    this.phone = new Phone({
      user: 'trunk',
      name: this.name,
      host,
      server,
      ...(toneHz === undefined ? {} : { toneHz }),
      ...(audio === undefined ? {} : { audio }),
    });
    let opening: Promise<void> | undefined;
    this.#opened = () => {
      opening ??= this.phone.open(0);
      return opening;
    };
  }

  get toneHz(): number {
    return this.phone.toneHz;
  }

  /** Sends the INVITE; resolves as soon as it is on the wire. */
  async call(whom: Called, options: CallOptions = {}): Promise<LabCall> {
    await this.#opened();
    const number = typeof whom === 'string' ? whom : whom.number;
    const call = await this.phone.call(number, { fromName: this.name, fromNumber: this.number, ...options });
    return new LabCall(call, this);
  }
}

export class LabCall {
  readonly caller: Caller;
  /** The SIP call under it, for whatever this does not offer. */
  readonly sip: OutgoingCall;

  constructor(sip: OutgoingCall, caller: Caller) {
    this.sip = sip;
    this.caller = caller;
  }

  /** The SIP Call-ID of the caller's leg: not the router's id of the call, which lab.callId() tells. */
  get sipCallId(): string {
    return this.sip.callId;
  }

  get toneHz(): number {
    return this.caller.toneHz;
  }

  /** What the caller saw: statuses, times, connected lines, reasons. */
  get record(): CallRecord {
    return this.sip.record;
  }

  get hasEnded(): boolean {
    return this.sip.hasEnded;
  }

  /** When the INVITE left, `nowMs()`. */
  get startedAtMs(): number {
    return this.sip.record.startedAtMs;
  }

  /** The first such event of this call, also one that has happened: `ringing`, `early-media`, `answered`, `dtmf`, `ended`. */
  waitFor(type: PhoneEventType, withinMs = SOON_MS): Promise<PhoneEvent> {
    return this.sip.waitFor(type, withinMs);
  }

  /** Waits until the caller hears that; gives the time at which it began. */
  hears(sound: Sound, withinMs = SOON_MS): Promise<number> {
    return this.sip.waitUntilHears(awaitedOf(sound), withinMs);
  }

  /** Waits until both hear each other. */
  async talksWith(callee: Handset, withinMs = SOON_MS): Promise<void> {
    await this.waitFor('answered', withinMs);
    await Promise.all([this.hears(callee, withinMs), callee.hears(this, withinMs)]);
  }

  /** What the caller heard, from when to when. */
  heard(fromMs?: number, toMs?: number): HeardSegment[] {
    return this.sip.heard(fromMs, toMs);
  }

  /** Gives up while it rings, hangs up once answered; resolves when the call is over for the caller. */
  async hangUp(): Promise<void> {
    await this.sip.hangUp();
  }
}
