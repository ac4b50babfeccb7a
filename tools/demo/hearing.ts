/**
 * What the caller heard, in words: tones are named by who sends them, and short pauses of speech belong to the speech. It must never hide a silence that a
 * caller would notice.
 */
import type { HeardSegment } from '../../lab/phone/heard-timeline.ts';

/** A silence shorter than this lies within a sound, in ms: speakers breathe. */
const BREATH_MS = 300;

export interface Hearing {
  readonly what: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Whose a tone is, and since when that party has sent anything at all (`nowMs()`). */
export interface Voice {
  readonly name: string;
  readonly sinceMs: number;
}

/** @param voices by their tones in hertz. @param earliestMs nothing was heard before: the phone had no media yet */
export function hearingsOf(
  segments: readonly HeardSegment[],
  voices: ReadonlyMap<number, Voice>,
  earliestMs: number,
): Hearing[] {
  const hearings: Hearing[] = [];
  for (const segment of segments) {
    const { what, toMs } = segment;
    // Sound is placed to within a frame or so, which would at times put it before its cause.
    const voice = typeof what === 'number' ? voices.get(what) : undefined;
    const fromMs = Math.max(segment.fromMs, earliestMs, voice?.sinceMs ?? 0);
    if (toMs <= fromMs) continue;
    const isQuiet = what === 'silence' || what === 'nothing';
    if (isQuiet && toMs - fromMs < BREATH_MS) continue;
    const name = isQuiet ? 'silence' : wordFor(what, voice);
    const last = hearings.at(-1);
    const ringbackPauses = name === 'silence' && last?.what === 'ringback';
    if (last !== undefined && (last.what === name || ringbackPauses)) hearings[hearings.length - 1] = { ...last, toMs };
    else hearings.push({ what: name, fromMs, toMs });
  }
  return hearings;
}

function wordFor(what: HeardSegment['what'], voice: Voice | undefined): string {
  if (typeof what === 'number') return voice?.name ?? `a tone of ${what} Hz`;
  return what === 'sound' ? 'the spoken message' : what;
}
