/**
 * Users, devices and past calls as whoever manages and reads them has them: no call needs any of it. The store keeps it, the HTTP API asks for it.
 * Imported by way of ports.ts. Every method that returns a promise may reject, which means that it cannot be asked now. This file must never name a
 * database or a protocol.
 */

import type { Device, User } from './callee.ts';
import type { CallRecord, CallSummary, TimelineEntry } from './records.ts';

/** What a mobile says about itself when it registers its token. */
export interface DeviceRegistration extends Omit<Device, 'registeredAtMs'> {
  readonly osVersion: string | undefined;
  readonly model: string | undefined;
  readonly language: string | undefined;
}

export interface RegisteredDevice extends DeviceRegistration {
  /** ms since 1970. */
  readonly registeredAtMs: number;
  /** Since when (ms since 1970) and why its token is known to be dead. */
  readonly dead: { readonly atMs: number; readonly reason: string } | undefined;
}

/** Users and devices, to be written and read. */
export interface Directory {
  /** How many devices a user may have. */
  readonly mostDevices: number;
  putUser(user: User): Promise<'created' | 'replaced'>;
  user(userId: string): Promise<User | undefined>;
  /** With the user's devices. False: there is no such user. */
  deleteUser(userId: string): Promise<boolean>;
  /** A user who has as many as it may have loses the one that has been dead for longest; `too-many`: all of them live. */
  putDevice(registration: DeviceRegistration): Promise<'created' | 'replaced' | 'no-such-user' | 'too-many'>;
  device(userId: string, deviceId: string): Promise<RegisteredDevice | undefined>;
  /** False: there is no such device. */
  deleteDevice(userId: string, deviceId: string): Promise<boolean>;
  /** The newest living and the latest dead, of each as many as a user may have. Undefined: there is no such user. */
  devices(userId: string): Promise<readonly RegisteredDevice[] | undefined>;
}

/** A call as its history has it. */
export interface CallEntry extends CallRecord {
  /** Undefined while the call is live, and for ever where the router left it before its end. */
  readonly summary: CallSummary | undefined;
}

export interface CallStory extends CallEntry {
  readonly timeline: readonly TimelineEntry[];
  /** Entries that were cut out of the middle of a very long timeline. */
  readonly leftOut: number;
}

/** Calls, live and ended. */
export interface CallBook {
  /** Newest first; where the store cannot be read, those that memory holds. */
  latest(limit: number): Promise<readonly CallEntry[]>;
  story(callId: string): Promise<CallStory | undefined>;
}
