/**
 * What the HTTP API needs from the rest of the router, in the API's own words; main wires it. Every method that returns a promise may
 * reject, which the API takes as "cannot be asked now". It must never name a database or a protocol.
 */
import type { CallRecord, CallSummary, TimelineEntry, User } from '../call/ports.ts';

/** What a mobile says about itself when it registers its token. */
export interface Registration {
  readonly userId: string;
  readonly deviceId: string;
  readonly platform: 'android' | 'ios';
  readonly token: string;
  readonly alertToken: string | undefined;
  readonly appId: string | undefined;
  readonly osVersion: string | undefined;
  readonly model: string | undefined;
  readonly language: string | undefined;
}

export interface RegisteredDevice extends Registration {
  /** ms since 1970. */
  readonly registeredAtMs: number;
  /** Since when (ms since 1970) and why its token is known to be dead. */
  readonly dead: { readonly atMs: number; readonly reason: string } | undefined;
}

/** Users and devices, to be written and read. */
export interface RegistryGateway {
  /** How many devices a user may have. */
  readonly mostDevices: number;
  putUser(user: User): Promise<'created' | 'replaced'>;
  user(userId: string): Promise<User | undefined>;
  /** False: there is no such user. */
  deleteUser(userId: string): Promise<boolean>;
  /** `too-many`: the user has as many devices as it may have, and all of them live. */
  putDevice(registration: Registration): Promise<'created' | 'replaced' | 'no-such-user' | 'too-many'>;
  device(userId: string, deviceId: string): Promise<RegisteredDevice | undefined>;
  /** False: there is no such device. */
  deleteDevice(userId: string, deviceId: string): Promise<boolean>;
  /** As many as a user may have living, and as many dead. Undefined: there is no such user. */
  devices(userId: string): Promise<readonly RegisteredDevice[] | undefined>;
}

export interface ToldCall extends CallRecord {
  /** Undefined: the call is live, or the router was stopped before it ended. */
  readonly summary: CallSummary | undefined;
}

interface ToldStory extends ToldCall {
  readonly timeline: readonly TimelineEntry[];
  /** Entries that were cut out of the middle of a very long timeline. */
  readonly leftOut: number;
}

/** Calls, live and ended. */
export interface CallBook {
  /** Newest first. */
  latest(limit: number): Promise<readonly ToldCall[]>;
  story(callId: string): Promise<ToldStory | undefined>;
}

export interface HealthReport {
  /** Whether calls can be routed. */
  readonly healthy: boolean;
  /** Each part by name, with the reason in words where it is not well. Shown to anybody. */
  readonly parts: Readonly<Record<string, HealthPart>>;
}

interface HealthPart {
  readonly ok: boolean;
  readonly why?: string;
  /** Of a push service: whether the site uses it at all. */
  readonly configured?: boolean;
}

export interface MetricsPage {
  readonly contentType: string;
  /** In Prometheus' text format. */
  text(): Promise<string>;
}
