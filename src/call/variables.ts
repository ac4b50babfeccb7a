/**
 * What the channel's own variables mean, and which of them mean nothing: anybody with a dialplan can write them. A value that makes no sense never
 * fails a call; what is taken instead is told. Pure.
 */

import { stripQuotes, type Warning, warningOf } from './globals.ts';

const DEFAULT_RING_MS = 30_000;
const LONGEST_RING_SECONDS = 600;

/** A flag as XiVO sets it. */
export function isSet(value: string): boolean {
  return /^(1|true|yes|on)$/i.test(value);
}

/** XIVO_RINGSECONDS, in ms. */
export function ringMs(text: string): number {
  const seconds = Number(text);
  if (text === '' || !Number.isFinite(seconds) || seconds < 1) return DEFAULT_RING_MS;
  return Math.min(LONGEST_RING_SECONDS, Math.round(seconds)) * 1000;
}

/** What the channel's own variables say that makes no sense, and what is taken instead; of those that do not pass the call on. */
export function variableWarnings(variables: ReadonlyMap<string, string>): readonly Warning[] {
  const warnings: Warning[] = [];
  const check = (name: string, makesSense: (text: string) => boolean, used: (text: string) => string) => {
    const text = stripQuotes(variables.get(name) ?? '');
    if (text !== '' && !makesSense(text)) warnings.push(warningOf(name, variables.get(name) ?? '', used(text)));
  };
  const isFlag = (text: string) => isSet(text) || /^(0|false|no|off)$/i.test(text);
  check('XIVO_ENABLEDND', isFlag, () => '0');
  check('XIVO_ENABLEUNC', isFlag, () => '0');
  check(
    'XIVO_RINGSECONDS',
    (text) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= LONGEST_RING_SECONDS,
    (text) => String(ringMs(text) / 1000),
  );
  return warnings;
}
