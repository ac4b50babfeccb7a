/**
 * A mobile of a callee: a SIP phone, a push token, and the sleep between them. The phone's system wakes it by a push that the service has accepted for its
 * token, some time later it registers, as the spec says. It must never wake by anything else, and must leave no timer behind.
 */
import { randomBytes } from 'node:crypto';
import { Handset, SOON_MS } from './handset.ts';
import type { InvitePolicy } from './phone/invite-policies.ts';
import type { Phone } from './phone/phone.ts';
import type { PhoneOptions } from './phone/phone-options.ts';
import type { ReceivedPush } from './push/mailbox.ts';
import type { PushServices } from './push/services.ts';

export interface MobileSpec {
  /** `android` unless said. */
  readonly platform?: 'android' | 'ios';
  /**
   * What the phone is before the call. `off`: no registration (the usual); `asleep`: an old registration stands, behind which nobody hears;
   * `awake`: registered and listening, a push changes nothing.
   */
  readonly is?: 'off' | 'asleep' | 'awake';
  /** From the push's arrival to its REGISTER, in ms; 100 unless said. `never`: the push wakes nobody. */
  readonly wakesAfterMs?: number | 'never';
  /** One that was asleep registers the same contact again (`here`, the usual), or comes back from another port. */
  readonly wakesUp?: 'here' | 'on-another-port';
  /** What it does with a call by itself; it rings unless said. */
  readonly does?: InvitePolicy;
  readonly name?: string;
  readonly toneHz?: number;
  readonly audio?: NonNullable<PhoneOptions['audio']>;
  readonly deviceId?: string;
  /** FCM token, or VoIP token of iOS; a fresh one unless said. */
  readonly token?: string;
  /** iOS: the ordinary token; a fresh one unless said, none with `null`. */
  readonly alertToken?: string | null;
}

export class Mobile extends Handset {
  readonly platform: 'android' | 'ios';
  readonly deviceId: string;
  readonly token: string;
  readonly alertToken: string | undefined;
  /** What it does when a push reaches it; the usual is to wake as its spec says. */
  onPush: (push: ReceivedPush) => void = (push) => this.wakeBy(push);
  readonly #spec: MobileSpec;
  readonly #push: PushServices;
  readonly #listening: (() => void)[];
  readonly #timers = new Set<NodeJS.Timeout>();
  #wakeFailed: unknown;

  constructor(phone: Phone, endpoint: string, spec: MobileSpec, push: PushServices) {
    super(phone, endpoint);
    this.platform = spec.platform ?? 'android';
    this.deviceId = spec.deviceId ?? phone.name;
    this.token = spec.token ?? (this.platform === 'ios' ? hexToken() : `lab:${randomBytes(24).toString('base64url')}`);
    this.alertToken =
      this.platform === 'ios' ? (spec.alertToken ?? (spec.alertToken === null ? undefined : hexToken())) : undefined;
    this.#spec = spec;
    this.#push = push;
    if (spec.does !== undefined) phone.onInvite(spec.does);
    this.#listening = [push.fcm, push.apns].map((service) =>
      service.onPush((one) => {
        if (this.#isMine(one)) this.onPush(one);
      }),
    );
  }

  /** Into the state in which the call shall find it. */
  async settle(): Promise<void> {
    const { is = 'off' } = this.#spec;
    if (is !== 'off') await this.phone.register();
    if (is === 'asleep') this.phone.sleep();
  }

  /** Everything that was asked of a push service for it, accepted or not, oldest first. */
  get requests(): readonly ReceivedPush[] {
    return [...this.#push.fcm.requests, ...this.#push.apns.requests]
      .filter((push) => this.#isMine(push))
      .sort((one, other) => one.atMs - other.atMs);
  }

  /** Every push for it that its service accepted, oldest first. */
  get pushes(): readonly ReceivedPush[] {
    return this.requests.filter((push) => push.outcome === 'accepted');
  }

  /** The first accepted push of that type for it, also one that has come already. */
  waitForPush(type: 'incoming-call' | 'call-ended' = 'incoming-call', withinMs = SOON_MS): Promise<ReceivedPush> {
    const service = this.platform === 'ios' ? this.#push.apns : this.#push.fcm;
    return service.waitForPush((push) => this.#isMine(push) && push.payload.type === type, withinMs);
  }

  /** What the system does with a push: for a call, the app starts and registers. */
  wakeBy(push: ReceivedPush): void {
    const { wakesAfterMs = 100, is = 'off' } = this.#spec;
    if (push.payload.type !== 'incoming-call' || wakesAfterMs === 'never' || is === 'awake') return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.wake().catch((error: unknown) => {
        this.#wakeFailed ??= error;
      });
    }, wakesAfterMs);
    this.#timers.add(timer);
  }

  /** The app starts and registers now. */
  async wake(): Promise<void> {
    if (this.#spec.wakesUp === 'on-another-port') await this.phone.comeBackOnAnotherPort();
    else await this.phone.register();
  }

  /** Takes the phone out of the world. Throws when a wake had failed. */
  async leave(): Promise<void> {
    for (const stop of this.#listening) stop();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    if (this.#wakeFailed !== undefined) {
      throw new Error(`${this.name} could not register when it was woken`, { cause: this.#wakeFailed });
    }
  }

  #isMine(push: ReceivedPush): boolean {
    return push.token === this.token || push.token === this.alertToken;
  }
}

function hexToken(): string {
  return randomBytes(32).toString('hex');
}
