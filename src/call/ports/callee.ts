/**
 * What the call needs to know of the callee and how it wakes the callee's mobiles: the registry of users and devices, and push. Imported by way of ports.ts.
 * This file must never name a platform's service or a database.
 */

import type { Party } from './party.ts';

export type RingingDevice = 'WebApp' | 'MobileApp' | 'WebAppAndMobileApp';

export interface User {
  readonly userId: string;
  readonly ringingDevice: RingingDevice;
  /** `PJSIP/name`, or undefined where the user has none. */
  readonly mobileEndpoint: string | undefined;
  readonly webAppEndpoint: string | undefined;
}

/**
 * The devices that a user may have, and of which a call takes notice, the newest ones: each call reads and pushes all of them, and remembers whom it
 * has pushed. Nobody has fifty phones in use.
 */
export const MOST_DEVICES = 50;

/** A mobile that has a push token. */
export interface Device {
  readonly userId: string;
  readonly deviceId: string;
  readonly platform: 'android' | 'ios';
  /** Android: the FCM token. iOS: the VoIP token. */
  readonly token: string;
  /** iOS only: the token for ordinary notifications. */
  readonly alertToken: string | undefined;
  /** iOS only: the bundle id, where it differs from the configured one. */
  readonly appId: string | undefined;
  /** When this token was registered with us, ms since 1970. */
  readonly registeredAtMs: number;
}

/** Users and their devices. */
export interface Registry {
  /** The user, if known, and the devices whose tokens are alive. */
  callee(userId: string): Promise<{
    readonly user: User | undefined;
    readonly devices: readonly Device[];
    /** Set where the registry cannot be read now, and why: then this is what was last known, which may be nothing. */
    readonly stale?: string;
  }>;
  /** Marks the device's token dead, if the device still has that token; as far as the registry can take it down now. */
  markTokenDead(device: Device, reason: string): Promise<void>;
}

export interface WakeNotice {
  readonly callId: string;
  readonly caller: Party;
  readonly calleeUserId: string;
  /** ms since 1970. */
  readonly sentAtMs: number;
  /** ms since 1970; after it the push is worth nothing. */
  readonly expiresAtMs: number;
}

export interface EndedNotice extends WakeNotice {
  /** Why, as the app may show it: `answered`, `answered-elsewhere`, `caller-left`, `no-answer`, `declined`, … */
  readonly reason: string;
}

export type PushResult =
  | { readonly kind: 'delivered' }
  /** The service says that the token is no more; since when, ms since 1970, where it says so. */
  | { readonly kind: 'dead-token'; readonly reason: string; readonly sinceMs: number | undefined }
  /** Our own set-up is wrong (credentials, environment, topic): the token may be fine. */
  | { readonly kind: 'our-fault'; readonly reason: string }
  /** Not delivered before the deadline. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** The platform offers no way to say this to this device. */
  | { readonly kind: 'not-possible'; readonly reason: string };

/** Push services. Neither method ever rejects, and each settles within a few seconds of the notice's expiry or of the signal. */
export interface Push {
  wake(device: Device, notice: WakeNotice, signal: AbortSignal): Promise<PushResult>;
  tellEnded(device: Device, notice: EndedNotice, signal: AbortSignal): Promise<PushResult>;
}
