/**
 * A push desk on the lab's services, for the tests of this folder: real libraries over real TLS on loopback. It must never be kinder to the
 * adapters than main is.
 */

import { fakeLog } from '../../lab/fakes/log.ts';
import { bundleId, type PushServices, startPushServices } from '../../lab/push/services.ts';
import type { Clock, Device, EndedNotice, PushResult } from '../../src/call/ports.ts';
import { createPush, type PushGateway } from '../../src/push/create-push.ts';
import { systemClock } from '../../src/system/clock.ts';

/** For tests that live through waits of seconds, on a machine that may be busy. */
export const patient = { timeout: 60_000 } as const;

export interface Bench {
  readonly services: PushServices;
  readonly push: PushGateway;
  readonly log: ReturnType<typeof fakeLog>;
  /** Another desk on the same services. The bench closes it. */
  another(clock?: Clock): PushGateway;
  close(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const services = await startPushServices();
  const log = fakeLog();
  const desks: PushGateway[] = [];
  const another = (clock = systemClock) => {
    const desk = createPush({ ...settingsFor(services), clock, log });
    desks.push(desk);
    return desk;
  };
  return {
    services,
    push: another(),
    log,
    another,
    async close() {
      await Promise.all(desks.map((desk) => desk.close()));
      await services.close();
    },
  };
}

export function settingsFor({ environment: e, ca }: PushServices) {
  return {
    fcm: { credentialsFile: e.FCM_CREDENTIALS_FILE, url: e.FCM_URL, ca },
    apns: {
      keyFile: e.APNS_KEY_FILE,
      keyId: e.APNS_KEY_ID,
      teamId: e.APNS_TEAM_ID,
      topic: bundleId,
      url: e.APNS_URL,
      ca,
    },
  };
}

let made = 0;

export function android(given: Partial<Device> = {}): Device {
  made += 1;
  return {
    userId: '7',
    deviceId: `android-${made}`,
    platform: 'android',
    token: `fcm-token-${made}:APA91b`,
    alertToken: undefined,
    appId: undefined,
    registeredAtMs: 1_700_000_000_000,
    ...given,
  };
}

export function iphone(given: Partial<Device> = {}): Device {
  made += 1;
  const hex = made.toString(16).padStart(8, '0');
  return {
    ...android(),
    deviceId: `iphone-${made}`,
    platform: 'ios',
    token: `aa${hex}`.padEnd(64, '0'),
    alertToken: `bb${hex}`.padEnd(64, '0'),
    ...given,
  };
}

/** A notice that is worth `forMs`; it serves for a wake and for an end. */
export function notice(forMs = 5000, given: Partial<EndedNotice> = {}): EndedNotice {
  const sentAtMs = Date.now();
  return {
    callId: 'call-1',
    caller: { name: 'Zoé Ünal', number: '+33123456789' },
    calleeUserId: '7',
    sentAtMs,
    expiresAtMs: sentAtMs + forMs,
    reason: 'caller-left',
    ...given,
  };
}

export const never = (): AbortSignal => new AbortController().signal;

/** The pauses that the log tells of for a device, in ms. */
export function pausesOf(device: Device, { log }: Bench): readonly unknown[] {
  return log.lines.flatMap(({ fields }) =>
    fields.deviceId === device.deviceId && 'pauseMs' in fields ? [fields.pauseMs] : [],
  );
}

/** The reason of a result that has one. */
export function reasonOf(result: PushResult): string {
  return result.kind === 'delivered' ? '' : result.reason;
}
