/**
 * Makes the Push that calls use out of the push services that are configured. What is wrong with their settings is told at once and all together;
 * what is wrong with the services themselves is not: calls go on without push.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, Log, Push } from '../call/ports.ts';
import { type ApnsSettings, apnsAccess, type FcmSettings, fcmAccess } from './access.ts';
import { type PushFault, PushSettingsError } from './credentials.ts';
import { Delivery } from './delivery.ts';
import { Addresses } from './dns-cache.ts';
import { openLate } from './lazy-service.ts';
import type { Outage } from './outage.ts';
import { connectionFailed, NoToken, type PushService, wireFault } from './push-service.ts';

/** How often each connection is proven, and opened where there is none, in ms. Routers forget what is idle for minutes, and Google closes it after four. */
export const proveEveryMs = 20_000;
/** And at least and at most, in ms, where it is lost, or cannot be had. */
const atLeastMs = 300;
const longestPauseMs = 320_000;

export interface PushSettings {
  /** Undefined: Android devices cannot be woken. */
  readonly fcm?: FcmSettings | undefined;
  /** Undefined: iPhones cannot be woken. */
  readonly apns?: ApnsSettings | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface PushGateway extends Push {
  /**
   * Opens the connections before the first call, and keeps them open beside the calls from then on. Never rejects: a failure is logged, and the first
   * push tries again.
   */
  warmUp(): Promise<void>;
  /** Why pushes through a service fail or are refused, as of the last one; undefined: they do not, or it is not configured. */
  trouble(): Readonly<Record<'fcm' | 'apns', string | undefined>>;
  /** Calls back what is under way and ends all connections. Resolves when no socket and no timer is left. May be called again. */
  close(): Promise<void>;
}

/** @throws PushSettingsError with all that is wrong with the settings */
export function createPush({ fcm, apns, clock, log }: PushSettings): PushGateway {
  const faults: PushFault[] = [];
  const addresses = new Addresses(log);
  const toAndroid = fcm && checked(() => fcmAccess(fcm), faults);
  const toIos = apns && checked(() => apnsAccess(apns), faults);
  if (faults.length > 0) throw new PushSettingsError(faults);
  // By service: what ends its pause, since a connection was lost.
  const lost = { fcm: () => {}, apns: () => {} };
  const android =
    toAndroid &&
    openLate(async () => (await import('./fcm/fcm.ts')).openFcm(toAndroid, clock, addresses, () => lost.fcm()));
  const ios =
    toIos &&
    openLate(async () => (await import('./apns/apns.ts')).openApns(toIos, clock, addresses, () => lost.apns()));
  const services = [android, ios].filter((service) => service !== undefined);

  let closing: Promise<unknown> | undefined;
  const closed = new AbortController();
  let isStaying = false;
  const stayWarm = async (name: keyof typeof lost, service: PushService) => {
    const nextLoss = () => {
      const hurry = new AbortController();
      lost[name] = () => hurry.abort();
      return hurry;
    };
    for (let pauseMs = proveEveryMs, hurry = nextLoss(); ; ) {
      await clock.sleep(pauseMs, AbortSignal.any([hurry.signal, closed.signal])).catch(() => undefined);
      // One that is lost again and again is not opened without a pause.
      await clock.sleep(atLeastMs, closed.signal);
      // One that is lost meanwhile counts for the next turn. What fails shows with the next push.
      hurry = nextLoss();
      const isWarm = await service.warmUp().then(
        () => true,
        () => false,
      );
      pauseMs = isWarm ? proveEveryMs : Math.min(longestPauseMs, 2 * pauseMs);
    }
  };
  const delivery = new Delivery({ android, ios }, clock, log);
  return {
    wake: delivery.wake,
    tellEnded: delivery.tellEnded,
    async warmUp() {
      if (closing !== undefined) return;
      const { outages } = delivery;
      const all = [
        { name: 'FCM', service: android, outage: outages.android },
        { name: 'APNs', service: ios, outage: outages.ios },
      ];
      await Promise.all(
        all.map(async ({ name, service, outage }) => {
          try {
            await service?.warmUp();
          } catch (error) {
            if (closing === undefined) tellCold(name, error, outage);
          }
        }),
      );
      if (!isStaying && android) stayWarm('fcm', android).catch(() => undefined);
      if (!isStaying && ios) stayWarm('apns', ios).catch(() => undefined);
      isStaying = true;
    },
    trouble: () => ({ fcm: delivery.outages.android.reason, apns: delivery.outages.ios.reason }),
    async close() {
      delivery.close();
      closed.abort();
      closing ??= Promise.all(services.map((service) => service.close()));
      await closing;
      // What lies beneath a socket is gone one turn after the socket.
      await nextTurn();
    },
  };
}

function checked<T>(check: () => T, faults: PushFault[]): T | undefined {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof PushSettingsError)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}

function tellCold(name: string, error: unknown, outage: Outage): void {
  const { kind, reason } = error instanceof NoToken ? error.answer : connectionFailed(name, wireFault(error));
  if (kind === 'our-fault') outage.refused(reason);
  else outage.failed(reason);
}
