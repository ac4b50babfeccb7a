/**
 * The XIVO_MAPP_* globals as an administrator wrote them, read into settings that a call can trust.
 * A value that makes no sense never fails a call: the nearest sane bound or the documented default is used, and one warning says so.
 * Every global that the router knows stands in GLOBALS; dialplan/xivo_globals.conf.sample lists the same ones (a test holds them equal).
 */

export interface Settings {
  readonly playMessage: boolean;
  readonly waitWithMusic: boolean;
  /** How long to wait for a mobile, by ringing device. */
  readonly waitMobileAppMs: number;
  readonly waitWebAppAndMobileAppMs: number;
  /** After each interval of the wait, registrations are looked at again. */
  readonly intervalMs: number;
  readonly ringWebAppAtOnce: boolean;
  readonly answerEarly: boolean;
  readonly messageSound: string;
  /** Country whose ringback cadence is played where the media is up. */
  readonly toneCountry: string;
  readonly declineEnds: DeclineEnds;
  /** From when on an answer of the PBX is slow, in ms; 0: never. */
  readonly slowMs: number;
  /** How many calls may wait or ring at the same time; 0: any number. */
  readonly mostCalls: number;
}

/** What a decline on one device ends: the ringing of all mobiles, the whole call, or that device's ringing only. */
export type DeclineEnds = 'mobiles' | 'call' | 'device';

/** The globals, with the defaults as they are documented. */
export const GLOBALS = {
  XIVO_MAPP_WAIT_WITH_MUSIC: 'True',
  XIVO_MAPP_PLAY_MSG: 'True',
  XIVO_MAPP_LOOPS_MOBILEAPP: '3',
  XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP: '3',
  XIVO_MAPP_LOOPS_INTERVAL: '5',
  XIVO_MAPP_RING_WEBAPP_AT_ONCE: 'False',
  XIVO_MAPP_ANSWER_EARLY: 'False',
  XIVO_MAPP_MSG_SOUND: 'one-moment-please',
  XIVO_MAPP_TONE_COUNTRY: 'fr',
  XIVO_MAPP_DECLINE_ENDS: 'mobiles',
  XIVO_MAPP_SLOW_MS: '10',
  XIVO_MAPP_MAX_CALLS: '0',
} as const;

type GlobalName = keyof typeof GLOBALS;

/** The older name of XIVO_MAPP_PLAY_MSG, which sites are told to set beside it: False in either switches the message off. */
export const PLAY_MSG_ALIAS = 'XIVO_PLAY_MSG';

/** Names to read from Asterisk for each call. */
export const GLOBAL_NAMES: readonly string[] = [...Object.keys(GLOBALS), PLAY_MSG_ALIAS];

/** The longest wait that a site can set, in ms. */
const LONGEST_WAIT_MS = 300_000;

const TRUE_WORDS = new Set(['yes', 'on', '1', 'y']);
const FALSE_WORDS = new Set(['no', 'off', '0', 'n']);

export interface Warning {
  readonly variable: string;
  /** As it was found; its beginning, where it is long. */
  readonly value: string;
  readonly used: string;
  /** What is wrong with it, where it makes sense by itself. */
  readonly why?: string;
}

const MOST_SHOWN = 100;

/** A warning of a value that anybody may have written. */
export function warningOf(variable: string, value: string, used: string): Warning {
  return { variable, value: value.slice(0, MOST_SHOWN), used };
}

/** Reads raw values, as Asterisk has them (quotes belong to the value), into settings and what there is to warn of. */
export function readSettings(raw: ReadonlyMap<string, string>): { settings: Settings; warnings: readonly Warning[] } {
  const warnings: Warning[] = [];
  const bare = (name: string) => stripQuotes(raw.get(name) ?? '');
  const warn = (variable: string, used: string | number | boolean) => {
    const text = typeof used === 'boolean' ? spelled(used) : String(used);
    warnings.push(warningOf(variable, raw.get(variable) ?? '', text));
  };

  /** What a name says; undefined where it says nothing that can be understood. */
  const meaningOf = (name: string): boolean | undefined => {
    const word = bare(name).toLowerCase();
    if (word === 'true' || TRUE_WORDS.has(word)) return true;
    return word === 'false' || FALSE_WORDS.has(word) ? false : undefined;
  };

  /** Warns where a name says something that is neither True nor False. @param used what is taken */
  const warnUnlessPlain = (name: string, used: boolean): void => {
    if (!/^(true|false)?$/i.test(bare(name))) warn(name, used);
  };

  const isOn = (name: GlobalName): boolean => {
    const used = meaningOf(name) ?? GLOBALS[name] === 'True';
    warnUnlessPlain(name, used);
    return used;
  };

  const whole = (name: GlobalName, least: number, most: number): number => {
    const text = bare(name);
    if (text === '') return Number(GLOBALS[name]);
    const number = Number(text);
    const used = Number.isNaN(number) ? Number(GLOBALS[name]) : Math.min(most, Math.max(least, Math.round(number)));
    if (!/^\d+$/.test(text) || used !== number) warn(name, used);
    return used;
  };

  const word = (name: GlobalName, allowed: RegExp): string => {
    const text = bare(name);
    if (text === '') return GLOBALS[name];
    if (allowed.test(text)) return text;
    warn(name, GLOBALS[name]);
    return GLOBALS[name];
  };

  const intervalMs = whole('XIVO_MAPP_LOOPS_INTERVAL', 1, 60) * 1000;
  const wait = (name: GlobalName): number => {
    const waitMs = whole(name, 0, 100) * intervalMs;
    if (waitMs <= LONGEST_WAIT_MS) return waitMs;
    warn(name, `a wait of ${LONGEST_WAIT_MS / 1000} s`);
    return LONGEST_WAIT_MS;
  };

  const playMessage = (): boolean => {
    const names = ['XIVO_MAPP_PLAY_MSG', PLAY_MSG_ALIAS];
    const off = names.find((name) => meaningOf(name) === false);
    for (const name of names) {
      if (off === undefined || meaningOf(name) !== true) warnUnlessPlain(name, off === undefined);
      else warnings.push({ ...warningOf(name, raw.get(name) ?? '', 'False'), why: `but ${off} is ${bare(off)}` });
    }
    return off === undefined;
  };

  const decline = word('XIVO_MAPP_DECLINE_ENDS', /^(mobiles|call|device)$/i).toLowerCase();
  const settings: Settings = {
    playMessage: playMessage(),
    waitWithMusic: isOn('XIVO_MAPP_WAIT_WITH_MUSIC'),
    waitMobileAppMs: wait('XIVO_MAPP_LOOPS_MOBILEAPP'),
    waitWebAppAndMobileAppMs: wait('XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP'),
    intervalMs,
    ringWebAppAtOnce: isOn('XIVO_MAPP_RING_WEBAPP_AT_ONCE'),
    answerEarly: isOn('XIVO_MAPP_ANSWER_EARLY'),
    messageSound: word('XIVO_MAPP_MSG_SOUND', /^[\w./-]{1,200}$/),
    toneCountry: word('XIVO_MAPP_TONE_COUNTRY', /^[a-z]{2,3}$/i).toLowerCase(),
    declineEnds: decline === 'call' || decline === 'device' ? decline : 'mobiles',
    slowMs: whole('XIVO_MAPP_SLOW_MS', 0, 60_000),
    mostCalls: whole('XIVO_MAPP_MAX_CALLS', 0, 100_000),
  };
  return { settings, warnings };
}

/** Without surrounding white space and one pair of quotes; `" true "` and `"true"` are both `true`. */
export function stripQuotes(value: string): string {
  const trimmed = value.trim();
  const quoted = /^"(.*)"$/s.exec(trimmed) ?? /^'(.*)'$/s.exec(trimmed);
  return (quoted?.[1] ?? trimmed).trim();
}

function spelled(flag: boolean): string {
  return flag ? 'True' : 'False';
}
