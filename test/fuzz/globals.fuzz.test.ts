/**
 * Globals and channel variables, malformed: whoever edits a dialplan can write anything into them. What is taken without a word is right by rules written down here a
 * second time; whatever else there is becomes something sane, and is told by name, value and what is used instead.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GLOBAL_NAMES, GLOBALS, readSettings, type Settings, type Warning } from '../../src/call/globals.ts';
import { makePlan, VARIABLE_NAMES } from '../../src/call/plan.ts';
import { variableWarnings } from '../../src/call/variables.ts';
import { nothingUncaught } from './alive.ts';
import { feed, LONG } from './feed.ts';
import { strangeText } from './strange.ts';

nothingUncaught();

const quoted = fc
  .tuple(
    fc.oneof(strangeText, fc.integer({ min: -5, max: 400 }).map(String), fc.double().map(String)),
    fc.constantFrom('', '"', "'", ' ', '" ', '""', '\\"', '\u00a0', '“'),
    fc.constantFrom('', '"', "'", ' ', ' "', '""', '\\"', '\n', '”'),
  )
  .map(([text, before, after]) => `${before}${text}${after}`);
const value = fc.oneof(
  { weight: 3, arbitrary: quoted },
  { weight: 2, arbitrary: strangeText },
  {
    weight: 2,
    arbitrary: fc.constantFrom('True', 'false', '"YES"', '3', '100', '101', '0', '60', '61', 'call', 'DEVICE'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('fr', 'USA', 'x/y.z-1', '../etc', 'a b', 'beep&beep', '"beep"', 'MobileApp'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('PJSIP/a&PJSIP/b', '"PJSIP/a.b-c_d+e"', ' PJSIP/a & ', 'pjsip/a', 'PJSIP/a/b'),
  },
);
const mapOf = (names: readonly string[]) =>
  fc.uniqueArray(fc.tuple(fc.constantFrom(...names), value), { maxLength: names.length, selector: ([name]) => name });

/** Without blanks and one pair of quotes. */
function bareOf(text: string): string {
  const inside = text.trim();
  const [first, last] = [inside.at(0), inside.at(-1)];
  const isQuoted = inside.length > 1 && first === last && (first === '"' || first === "'");
  return isQuoted ? inside.slice(1, -1).trim() : inside;
}

const FLAGS = [
  'XIVO_MAPP_WAIT_WITH_MUSIC',
  'XIVO_MAPP_PLAY_MSG',
  'XIVO_MAPP_RING_WEBAPP_AT_ONCE',
  'XIVO_MAPP_ANSWER_EARLY',
];
const PLAYS_MSG = ['XIVO_MAPP_PLAY_MSG', 'XIVO_PLAY_MSG'];
const isWhole = (text: string, least: number, most: number): boolean =>
  /^[0-9]+$/.test(text) && Number(text) >= least && Number(text) <= most;
/** Whether a value may be taken without a word. */
function isRight(name: string, text: string): boolean {
  if (text === '') return true;
  if (FLAGS.includes(name) || name === 'XIVO_PLAY_MSG') return ['true', 'false'].includes(text.toLowerCase());
  if (name === 'XIVO_MAPP_LOOPS_INTERVAL') return isWhole(text, 1, 60);
  if (name.startsWith('XIVO_MAPP_LOOPS_')) return isWhole(text, 0, 100);
  if (name === 'XIVO_MAPP_MSG_SOUND') return text.length <= 200 && [...text].every((c) => /[A-Za-z0-9_./-]/.test(c));
  if (name === 'XIVO_MAPP_TONE_COUNTRY') return text.length >= 2 && text.length <= 3 && /^[A-Za-z]+$/.test(text);
  if (name === 'XIVO_MAPP_DECLINE_ENDS') return ['mobiles', 'call', 'device'].includes(text.toLowerCase());
  if (name === 'XIVO_MAPP_SLOW_MS') return isWhole(text, 0, 60_000);
  if (name === 'XIVO_MAPP_MAX_CALLS') return isWhole(text, 0, 100_000);
  throw new Error(`no rule for ${name}`);
}

function judgeSettings(given: readonly (readonly [string, string])[]): void {
  const { settings, warnings } = readSettings(new Map(given));
  judgeSanity(settings);
  judgeWarnings(warnings);
  const warned = new Set(warnings.map(({ variable }) => variable));
  for (const [name, raw] of given) {
    const text = bareOf(raw);
    if (!isRight(name, text)) expect(warned).toContain(name);
    // Right by itself, and yet too long a wait, or what another name says otherwise.
    else if (warned.has(name)) {
      const warning = warnings.find(({ variable }) => variable === name);
      if (PLAYS_MSG.includes(name))
        expect(warning).toMatchObject({ used: 'False', why: expect.stringMatching(/^but /) });
      else expect(warning?.used).toMatch(/wait of 300 s/);
    }
  }
  expect(settings.waitMobileAppMs % settings.intervalMs === 0 || settings.waitMobileAppMs === 300_000).toBe(true);
}

/** Nothing but what calls can be made with, whatever was written. */
function judgeSanity(settings: Settings): void {
  const { intervalMs, waitMobileAppMs, waitWebAppAndMobileAppMs, messageSound, toneCountry, declineEnds } = settings;
  expect(intervalMs / 1000).toSatisfy((seconds: number) => Number.isInteger(seconds) && seconds >= 1 && seconds <= 60);
  for (const waitMs of [waitMobileAppMs, waitWebAppAndMobileAppMs]) {
    expect(waitMs).toSatisfy((ms: number) => Number.isInteger(ms) && ms >= 0 && ms <= 300_000);
  }
  expect(messageSound).toMatch(/^[\w./-]{1,200}$/);
  expect(toneCountry).toMatch(/^[a-z]{2,3}$/);
  expect(['mobiles', 'call', 'device']).toContain(declineEnds);
}

function judgeWarnings(warnings: readonly Warning[]): void {
  for (const { value: shown, used } of warnings) {
    expect(shown.length).toBeLessThanOrEqual(100);
    expect(used).not.toBe('');
    expect(used.length).toBeLessThanOrEqual(200);
  }
}

it('a global is right, or is told of and replaced', LONG, async () => {
  expect(GLOBAL_NAMES).toEqual(expect.arrayContaining(Object.keys(GLOBALS)));
  await feed('globals', 0.6, mapOf(GLOBAL_NAMES), (some) => {
    for (const given of some) judgeSettings(given);
  });
});

const usual = readSettings(new Map()).settings;
const users = fc.constantFrom(undefined, {
  userId: '7',
  ringingDevice: 'WebAppAndMobileApp' as const,
  mobileEndpoint: 'PJSIP/m',
  webAppEndpoint: 'PJSIP/w',
});

it('a channel variable is right, or is told of and replaced, or passes the call on with a word', LONG, async () => {
  const outcomes = new Set<string>();
  const inputs = fc.record({ variables: mapOf(VARIABLE_NAMES), userId: strangeText, user: users });
  await feed('globals', 0.4, inputs, (some) => {
    for (const { variables, userId, user } of some) {
      const reading = { variables: new Map(variables), globals: new Map<string, string>(), contacts: [] };
      const plan = makePlan({ userId, user, devices: [], reading, settings: usual, callerAnswered: false });
      const bare = new Map(variables.map(([name, text]) => [name, bareOf(text)]));
      const warned = variableWarnings(reading.variables);
      judgeWarnings(warned);
      const says = (name: string) => warned.some(({ variable }) => variable === name);
      for (const name of ['XIVO_ENABLEDND', 'XIVO_ENABLEUNC']) {
        const text = (bare.get(name) ?? '').toLowerCase();
        expect(says(name)).toBe(!['', '0', '1', 'true', 'false', 'yes', 'no', 'on', 'off'].includes(text));
      }
      const seconds = bare.get('XIVO_RINGSECONDS') ?? '';
      expect(says('XIVO_RINGSECONDS')).toBe(seconds !== '' && !isWhole(seconds, 1, 600));
      outcomes.add(plan.kind === 'pass' ? plan.reason : plan.device);
      if (plan.kind === 'pass') {
        expect(plan.detail.length).toBeLessThanOrEqual(600);
        continue;
      }
      expect(plan.ringMs).toSatisfy((ms: number) => ms % 1000 === 0 && ms >= 1_000 && ms <= 600_000);
      if (seconds !== '' && isWhole(seconds, 1, 600)) expect(plan.ringMs).toBe(Number(seconds) * 1000);
      const endpoints = [...plan.mobileEndpoints, ...plan.webAppEndpoints];
      expect(endpoints.length).toBeGreaterThan(0);
      for (const endpoint of endpoints) expect(endpoint).toMatch(/^PJSIP\/[A-Za-z0-9_.+-]{1,80}$/);
    }
  });
  const all = ['bad-device', 'bad-endpoint', 'do-not-disturb', 'forwarded', 'unknown-user', 'MobileApp', 'WebApp'];
  expect([...outcomes]).toEqual(expect.arrayContaining(all));
});
