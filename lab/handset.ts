/**
 * One of a callee's phones as a scenario speaks of it: the UC Assistant, and the base of a mobile. Each act waits for what it needs (answer() waits until
 * it rings), so that a scenario reads as a story. It adds no behaviour of its own to the SIP phone under it.
 */
import type { IncomingCall } from './phone/incoming-call.ts';
import type { Awaited } from './phone/listening.ts';
import type { Phone } from './phone/phone.ts';
import type { PhoneEvent, PhoneEventType } from './phone/phone-events.ts';

/** How long a scenario waits for a thing unless it says otherwise, in ms. */
export const SOON_MS = 30_000;

/** A kind of sound, a tone in hertz, or a party known by its tone. */
export type Sound = Awaited | { readonly toneHz: number };

export function awaitedOf(sound: Sound): Awaited {
  return typeof sound === 'object' ? sound.toneHz : sound;
}

export class Handset {
  readonly name: string;
  readonly phone: Phone;
  /** `PJSIP/name`. */
  readonly endpoint: string;

  constructor(phone: Phone, endpoint: string) {
    this.name = phone.name;
    this.phone = phone;
    this.endpoint = endpoint;
  }

  /** By which others know it. */
  get toneHz(): number {
    return this.phone.toneHz;
  }

  /** Every call that ever reached it, oldest first. */
  get calls(): readonly IncomingCall[] {
    return this.phone.calls.filter((call): call is IncomingCall => call.record.direction === 'in');
  }

  /** The latest call that reached it, over or not. Throws when none has. */
  get call(): IncomingCall {
    const latest = this.calls.at(-1);
    if (latest === undefined) throw new Error(`${this.name} has not been called\n${this.phone.trace.tail()}`);
    return latest;
  }

  /** The call that is at this phone and not over, now or within the deadline. */
  invited(withinMs = SOON_MS): Promise<IncomingCall> {
    return this.#until((call) => !call.hasEnded, withinMs);
  }

  /** Takes the call, as soon as it is there. */
  async answer(withinMs = SOON_MS): Promise<IncomingCall> {
    const call = await this.#untaken(withinMs);
    call.answer();
    return call;
  }

  /** Refuses the call, as soon as it is there: 603 the person declines, 486 busy, 480, 503, … */
  async refuse(status = 603, withinMs = SOON_MS): Promise<IncomingCall> {
    const call = await this.#untaken(withinMs);
    call.refuse(status);
    return call;
  }

  /** Ends the call that is at this phone. */
  async hangUp(): Promise<void> {
    await this.call.hangUp();
  }

  /** The next event that no wait was given yet: `invited`, `ringing`, `answered`, `cancelled`, `ended`, … */
  waitFor(type: PhoneEventType, withinMs = SOON_MS): Promise<PhoneEvent> {
    return this.phone.waitFor(type, withinMs);
  }

  /** Waits until it hears that in the call that it has taken, else in its latest one; gives the time at which it began. */
  hears(sound: Sound, withinMs = SOON_MS): Promise<number> {
    // A phone that wakes may answer the leg that was sent to it in its sleep, while a second one is called back.
    const taken = this.calls.findLast((call) => call.isAnswered && !call.hasEnded);
    return (taken ?? this.call).waitUntilHears(awaitedOf(sound), withinMs);
  }

  /** Whether its latest call ended because another device took it. */
  get wasToldElsewhere(): boolean {
    return this.call.answeredElsewhere;
  }

  /** The BYE of a call that it had taken before may still be under way. */
  #untaken(withinMs: number): Promise<IncomingCall> {
    return this.#until((call) => !call.hasEnded && !call.isAnswered, withinMs);
  }

  #until(isIt: (call: IncomingCall) => boolean, withinMs: number): Promise<IncomingCall> {
    const { events } = this.phone;
    return events.until(
      () => this.calls.findLast(isIt),
      withinMs,
      'call',
      (check) => events.on(check),
    );
  }
}
