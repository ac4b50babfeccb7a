/**
 * Messages of known pitch, one for each language, so that what a caller heard, and when, can be told apart; and the site's dialplan that answers a caller, or gives it
 * a language, before the call goes on. What was heard is told as it was: nothing here judges it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AsteriskVersion } from '../asterisk/asterisk.ts';
import { writeTone } from '../asterisk/tone.ts';
import type { LabCall } from '../caller.ts';
import { type Lab, startLab } from '../lab.ts';
import type { Heard } from '../phone/recogniser.ts';
import { chooseTone } from '../phone/tone.ts';
import { EVERY_GLOBAL } from './every-global.ts';

/** Pitch of the messages by language, Hz. */
export const ENGLISH = chooseTone(800);
export const FRENCH = chooseTone(1000);
const SHORT_SECONDS = 0.5;
const LONG_SECONDS = 10;
const A_MOMENT_MS = 300;

/** Before a callee's number: what the site's dialplan does to the channel first. */
export const ANSWERED_BEFORE = '9';
export const IN_FRENCH = '8';
const PREFIXES_DIALPLAN = `[lab-did](+)
exten => _${ANSWERED_BEFORE}X.,1,Answer()
 same => n,Set(LAB_USER=\${EXTEN:1})
 same => n,Return()
exten => _${IN_FRENCH}X.,1,Set(CHANNEL(language)=fr)
 same => n,Set(LAB_USER=\${EXTEN:1})
 same => n,Return()
`;

/** The longest silence that a caller may hear between two things. */
export const LONGEST_GAP_MS = 300;

/** A lab with these sounds, music that is a tone, and the site's dialplan for the prefixes above. */
export interface PitchedLab {
  readonly lab: Lab;
  readonly sounds: PitchedSounds;
  /** Sets every global; the message is the short one unless the lines name another. */
  globals(lines: Readonly<Record<string, string>>): Promise<void>;
}

/** @param extraDialplan in place of the prefixes */
export async function startPitchedLab(
  version: AsteriskVersion,
  extraDialplan = PREFIXES_DIALPLAN,
): Promise<PitchedLab> {
  const lab = await startLab({ version, asterisk: { mohDefault: 'tone', extraDialplan } });
  const sounds = await writePitchedSounds(lab);
  return {
    lab,
    sounds,
    globals: (lines) => lab.asterisk.reloadGlobals(everyGlobal({ XIVO_MAPP_MSG_SOUND: sounds.short, ...lines })),
  };
}

/** Sound names: a message of half a second, and one of ten, each in both languages. */
export interface PitchedSounds {
  readonly short: string;
  readonly long: string;
}

async function writePitchedSounds(lab: Lab): Promise<PitchedSounds> {
  const folder = join(lab.asterisk.runFolder, 'sounds');
  for (const [language, hertz] of [
    ['en', ENGLISH],
    ['fr', FRENCH],
  ] as const) {
    await mkdir(join(folder, language), { recursive: true });
    await writeTone(join(folder, language, 'short.wav'), hertz, SHORT_SECONDS);
    await writeTone(join(folder, language, 'long.wav'), hertz, LONG_SECONDS);
  }
  return { short: join(folder, 'short'), long: join(folder, 'long') };
}

/** xivo_globals.conf with a value for every global, in quotes. */
function everyGlobal(lines: Readonly<Record<string, string>>): string {
  return Object.entries({ ...EVERY_GLOBAL, ...lines })
    .map(([name, value]) => `${name} = "${value}"`)
    .join('\n');
}

/** What the caller heard since `fromMs`, in order, without the pauses. A sound that is interrupted for a moment is one sound. */
export function soundsHeard(call: LabCall, fromMs?: number): Heard[] {
  const heard = call.heard(fromMs).filter(({ what }) => what !== 'silence' && what !== 'nothing');
  return heard
    .filter(({ what, fromMs: beganAtMs }, index) => {
      const before = heard[index - 1];
      return before?.what !== what || beganAtMs - before.toMs > A_MOMENT_MS;
    })
    .map(({ what }) => what);
}

/** For how long the caller heard that, in ms. */
export function heardForMs(call: LabCall, sound: Heard): number {
  return call
    .heard()
    .filter(({ what }) => what === sound)
    .reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

/** The longest silence from the first media until the answer, or until now, in ms. Throws when there was no media at all. */
export function longestGapMs(call: LabCall): number {
  const fromMs = call.record.earlyMediaAtMs ?? call.record.answeredAtMs;
  const untilMs = call.record.answeredAtMs ?? call.heard().at(-1)?.toMs;
  if (fromMs === undefined || untilMs === undefined || untilMs <= fromMs) throw new Error('the caller heard nothing');
  return call.sip.longestGapMs(fromMs, untilMs);
}
