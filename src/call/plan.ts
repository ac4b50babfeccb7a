/**
 * From what is known about the callee to a plan: which devices ring now, which must be woken, how long to wait, what the caller hears.
 * Pure: it asks nobody and does nothing.
 */

import { endpointsIn, isEndpoint } from './endpoint-names.ts';
import { type DeclineEnds, type Settings, stripQuotes } from './globals.ts';
import type { PassReason } from './outcomes.ts';
import { MOST_DEVICES } from './ports/callee.ts';
import type { Contact, Device, Hold, Party, Reading, RingingDevice, User } from './ports.ts';
import { isSet, ringMs } from './variables.ts';

/** Channel variables that the router reads; each wins over the registry. */
export const VARIABLE_NAMES: readonly string[] = [
  'XIVO_MAPP_DEVICE',
  'XIVO_MAPP_MOBILE_ENDPOINT',
  'XIVO_MAPP_WEBAPP_ENDPOINT',
  'XIVO_RINGSECONDS',
  'XIVO_ENABLEDND',
  'XIVO_ENABLEUNC',
  'XIVO_DST_FIRSTNAME',
  'XIVO_DST_LASTNAME',
  'CHANNEL(musicclass)',
  'CALLERID(pres)',
];

export interface Plan {
  readonly kind: 'ring';
  readonly device: RingingDevice;
  readonly mobileEndpoints: readonly string[];
  readonly webAppEndpoints: readonly string[];
  /** Devices to push. Empty where no mobile shall ring. */
  readonly devices: readonly Device[];
  /** Registrations as they were before any push; what is newer is fresh. */
  readonly known: readonly Contact[];
  /** When the UC Assistant starts ringing. */
  readonly webAppRings: 'never' | 'at-once' | 'with-first-mobile';
  /** The longest wait for a mobile; 0 where there is nothing to wait for. */
  readonly waitMs: number;
  readonly intervalMs: number;
  readonly ringMs: number;
  readonly hold: Hold;
  /** Whose ringback is heard where nothing better can be. */
  readonly toneCountry: string;
  readonly answerEarly: boolean;
  readonly declineEnds: DeclineEnds;
  readonly callee: Party;
}

export interface PassOn {
  readonly kind: 'pass';
  readonly reason: PassReason;
  /** `none`: a user who has nothing to do with us; `wished`: the callee or the site wants it so; `mistake`: of the site, which somebody has to mend. */
  readonly concern: 'none' | 'wished' | 'mistake';
  /** What is wrong and what would cure it, for the log. */
  readonly detail: string;
}

/** What was learnt before planning. */
export interface Learnt {
  readonly userId: string;
  readonly user: User | undefined;
  readonly devices: readonly Device[];
  /** The registry cannot be read now. */
  readonly registryIsStale?: boolean;
  readonly reading: Reading;
  readonly settings: Settings;
  readonly callerAnswered: boolean;
  /** An earlier run of the router has had this call: the caller may have heard the message, and then its media is up. */
  readonly waitedBefore?: boolean;
}

/** The callee's endpoints: the channel's, else the registry's. */
export function endpointsOf(
  user: User | undefined,
  variables: ReadonlyMap<string, string>,
): { readonly mobile: readonly string[]; readonly webApp: readonly string[] } {
  const list = (name: string, fallback: string | undefined) => {
    const own = stripQuotes(variables.get(name) ?? '');
    return endpointsIn(own === '' ? (fallback ?? '') : own);
  };
  return {
    mobile: list('XIVO_MAPP_MOBILE_ENDPOINT', user?.mobileEndpoint),
    webApp: list('XIVO_MAPP_WEBAPP_ENDPOINT', user?.webAppEndpoint),
  };
}

/** Whether the caller wants name and number kept from the callee. */
export function isWithheld(variables: ReadonlyMap<string, string>): boolean {
  return variables.get('CALLERID(pres)')?.startsWith('prohib') ?? false;
}

export function makePlan(learnt: Learnt): Plan | PassOn {
  const { userId, user, reading, settings } = learnt;
  const variable = (name: string) => stripQuotes(reading.variables.get(name) ?? '');
  const endpoints = endpointsOf(user, reading.variables);
  const isNobody = user === undefined && endpoints.mobile.length + endpoints.webApp.length === 0;
  const isStale = learnt.registryIsStale === true;
  const concern = isNobody && !isStale ? 'none' : 'wished';

  if (isSet(variable('XIVO_ENABLEDND'))) return pass('do-not-disturb', concern, 'XIVO_ENABLEDND is set for the callee');
  if (isSet(variable('XIVO_ENABLEUNC'))) return pass('forwarded', concern, 'XIVO_ENABLEUNC is set for the callee');
  const bad = [...endpoints.mobile, ...endpoints.webApp].find((endpoint) => !isEndpoint(endpoint));
  if (bad !== undefined) {
    return pass('bad-endpoint', 'mistake', `endpoint ${shown(bad)} is not of the form PJSIP/name`);
  }
  if (isNobody) {
    const id = /^[\w.-]{1,128}$/.test(userId) ? userId : '<user id>';
    const unknown = isStale
      ? `nothing is known of user ${shown(userId)} while the registry cannot be read, and the channel names no endpoint; set`
      : `user ${shown(userId)} is not in the registry and the channel names no endpoint; PUT /v1/users/${id} or set`;
    // One who may be ours, while the registry cannot be read, is not passed over in silence.
    return pass('unknown-user', isStale ? 'mistake' : 'none', `${unknown} XIVO_MAPP_MOBILE_ENDPOINT`);
  }
  const device = ringingDevice(variable('XIVO_MAPP_DEVICE'), user, endpoints);
  if (device === undefined) {
    return pass(
      'bad-device',
      'mistake',
      `XIVO_MAPP_DEVICE is ${shown(variable('XIVO_MAPP_DEVICE'))}; it must be MobileApp, WebApp or WebAppAndMobileApp`,
    );
  }
  const mobileEndpoints = device === 'WebApp' ? [] : endpoints.mobile;
  const webAppEndpoints = device === 'MobileApp' ? [] : endpoints.webApp;
  if (mobileEndpoints.length + webAppEndpoints.length === 0) {
    // One who has an app, or another endpoint, waits for calls in vain.
    const hasAny = learnt.devices.length + endpoints.mobile.length + endpoints.webApp.length > 0;
    return pass(
      'no-endpoint',
      hasAny ? 'mistake' : 'none',
      `user ${shown(userId)} shall ring on ${device} but has no endpoint for it`,
    );
  }

  const mobileRings = mobileEndpoints.length > 0;
  const devices = mobileRings ? newest(learnt.devices) : [];
  const longestWaitMs = device === 'MobileApp' ? settings.waitMobileAppMs : settings.waitWebAppAndMobileAppMs;
  const waitMs = devices.length === 0 ? 0 : longestWaitMs;
  const answerEarly = settings.answerEarly && waitMs > 0 && !learnt.callerAnswered;
  const heardMessage = learnt.waitedBefore === true && mobileRings && longestWaitMs > 0 && settings.playMessage;
  const mediaUp = learnt.callerAnswered || answerEarly || heardMessage;
  return {
    kind: 'ring',
    device,
    mobileEndpoints,
    webAppEndpoints,
    devices,
    known: reading.contacts,
    webAppRings:
      webAppEndpoints.length === 0
        ? 'never'
        : !mobileRings || settings.ringWebAppAtOnce
          ? 'at-once'
          : 'with-first-mobile',
    waitMs,
    intervalMs: settings.intervalMs,
    ringMs: ringMs(variable('XIVO_RINGSECONDS')),
    toneCountry: settings.toneCountry,
    hold: holdFor(settings, waitMs, mediaUp, variable('CHANNEL(musicclass)')),
    answerEarly,
    declineEnds: settings.declineEnds,
    callee: { name: `${variable('XIVO_DST_FIRSTNAME')} ${variable('XIVO_DST_LASTNAME')}`.trim(), number: '' },
  };
}

/** What the caller hears: company while a mobile is being woken, and plain ringing where there is nothing to wait for. */
function holdFor(settings: Settings, waitMs: number, mediaUp: boolean, musicClass: string): Hold {
  const message = waitMs > 0 && settings.playMessage ? settings.messageSound : undefined;
  if (message !== undefined && settings.waitWithMusic) {
    return { message, afterwards: { kind: 'music', musicClass: musicClass === '' ? undefined : musicClass } };
  }
  const toneNeeded = mediaUp || message !== undefined;
  return { message, afterwards: toneNeeded ? { kind: 'tone', country: settings.toneCountry } : { kind: 'ringing' } };
}

function ringingDevice(
  wanted: string,
  user: User | undefined,
  endpoints: { readonly mobile: readonly string[]; readonly webApp: readonly string[] },
): RingingDevice | undefined {
  switch (wanted.toLowerCase()) {
    case 'mobileapp':
      return 'MobileApp';
    case 'webapp':
      return 'WebApp';
    case 'webappandmobileapp':
      return 'WebAppAndMobileApp';
    case '':
      break;
    default:
      return undefined;
  }
  if (user !== undefined) return user.ringingDevice;
  if (endpoints.mobile.length === 0) return 'WebApp';
  return endpoints.webApp.length === 0 ? 'MobileApp' : 'WebAppAndMobileApp';
}

/** As many as a call takes notice of, in their order. */
function newest(devices: readonly Device[]): readonly Device[] {
  if (devices.length <= MOST_DEVICES) return devices;
  const kept = new Set(devices.toSorted((a, b) => b.registeredAtMs - a.registeredAtMs).slice(0, MOST_DEVICES));
  return devices.filter((device) => kept.has(device));
}

/** A text from outside, for a message: its beginning is enough to find it by. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function pass(reason: PassReason, concern: PassOn['concern'], detail: string): PassOn {
  return { kind: 'pass', reason, concern, detail };
}
