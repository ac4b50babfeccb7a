/** What a row must be to be believed, written down a second time: the names of the columns that are wrong, and what must hold of what is handed on. */
import { expect } from 'vitest';
import type { CallEntry, CallStory, User } from '../../src/call/ports.ts';

export type Row = Readonly<Record<string, unknown>>;
type Rule = (value: unknown) => boolean;

const isText: Rule = (value) => typeof value === 'string';
const isWord =
  (most: number, letters: string): Rule =>
  (value) =>
    typeof value === 'string' &&
    value !== '' &&
    value.length <= most &&
    [...value].every((letter) => letters.includes(letter));
const orNull =
  (rule: Rule): Rule =>
  (value) =>
    value === null || rule(value);
const isMoment: Rule = (value) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 8.64e15;
const isCount: Rule = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isNumber: Rule = (value) => typeof value === 'number' && Math.abs(value) < Infinity;
const isObject = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);
const every = (value: unknown, rule: Rule): boolean =>
  isObject(value) && Object.entries(value).every(([name, held]) => name === '__proto__' || rule(held));

const WORD = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-';
const VISIBLE = Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n)).join('');
const isEndpoint = (value: string): boolean => value.startsWith('PJSIP/') && isWord(80, `${WORD}+`)(value.slice(6));
const isEndpoints: Rule = (value) => {
  const names = typeof value === 'string' ? value.split('&') : [];
  return names.length > 0 && names.length <= 10 && names.every(isEndpoint);
};

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
const isSummary: Rule = (value) => {
  const told = isText(value) ? parsed(value) : undefined;
  return (
    isObject(told) &&
    isText(told.outcome) &&
    isText(told.reason) &&
    isNumber(told.durationMs) &&
    every(told.stagesMs, isNumber)
  );
};
const isFact: Rule = (value) => isText(value) || isNumber(value) || typeof value === 'boolean';
const isTimeline: Rule = (value) => {
  const told = isText(value) ? parsed(value) : undefined;
  return (
    Array.isArray(told) &&
    told.every((entry) => isObject(entry) && isNumber(entry.atMs) && isText(entry.what) && every(entry.facts, isFact))
  );
};

const wrongIn = (row: Row, rules: Readonly<Record<string, Rule>>): readonly string[] =>
  Object.entries(rules).flatMap(([column, rule]) => (rule(row[column]) ? [] : [column]));

const entryRules = {
  call_id: isText,
  user_id: isText,
  caller_name: isText,
  caller_number: isText,
  started_at_ms: isMoment,
  summary: orNull(isSummary),
};

export const rightUser = (row: Row): readonly string[] =>
  wrongIn(row, {
    user_id: isText,
    ringing_device: (value) => ['WebApp', 'MobileApp', 'WebAppAndMobileApp'].some((device) => device === value),
    mobile_endpoint: orNull(isEndpoints),
    web_app_endpoint: orNull(isEndpoints),
  });
export const rightDevice = (row: Row): readonly string[] =>
  wrongIn(row, {
    device_id: isWord(128, WORD),
    platform: (value) => value === 'ios' || value === 'android',
    token: isWord(4_096, VISIBLE),
    alert_token: orNull(isWord(4_096, VISIBLE)),
    app_id: orNull(isWord(155, WORD)),
    os_version: orNull(isText),
    model: orNull(isText),
    language: orNull(isText),
    registered_at_ms: isMoment,
    dead_at_ms: orNull(isMoment),
    dead_reason: orNull(isText),
  });
export const rightEntry = (row: Row): readonly string[] => wrongIn(row, entryRules);
export const rightStory = (row: Row): readonly string[] =>
  wrongIn(row, { ...entryRules, timeline: isTimeline, left_out: isCount });

export function judgeUser({ ringingDevice, mobileEndpoint, webAppEndpoint }: User): void {
  expect(['WebApp', 'MobileApp', 'WebAppAndMobileApp']).toContain(ringingDevice);
  for (const endpoint of [mobileEndpoint, webAppEndpoint])
    expect(endpoint === undefined || isEndpoints(endpoint)).toBe(true);
}

export function judgeEntry({ callId, caller, startedAtMs, summary }: CallEntry): void {
  expect([callId, caller.name, caller.number].every(isText)).toBe(true);
  expect(isMoment(startedAtMs)).toBe(true);
  expect(summary === undefined || isSummary(JSON.stringify(summary))).toBe(true);
}

export function judgeStory(story: CallStory): void {
  judgeEntry(story);
  expect(isTimeline(JSON.stringify(story.timeline))).toBe(true);
}
