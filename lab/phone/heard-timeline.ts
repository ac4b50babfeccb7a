/**
 * From single received frames to "what was heard from when to when". Frames are placed by their RTP time, corrected by the
 * soonest arrivals around them, so that a busy machine, which delivers late and then in a burst, shows no false gaps.
 */
import type { Heard } from './recogniser.ts';

export interface HeardSegment {
  readonly what: Heard;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface HeardFrame {
  readonly what: Heard;
  readonly arrivedMs: number;
  /** RTP time in ms; only differences within one stretch count. */
  readonly mediaMs: number;
  readonly lengthMs: number;
  /** Rises when the far side's RTP clock jumps or its source changes. */
  readonly stretch: number;
}

/** Frames this far ahead may prove that one came late. */
const LOOK_AHEAD_FRAMES = 75;
/** Distances between frames below this are jitter. */
const JITTER_MS = 40;
/** What lasts shorter than this is a transition between two sounds, not a sound. */
const BLINK_MS = 60;
/** Longest pause in a country's ringback cadence, and some. */
const RINGBACK_PAUSE_MS = 4300;

export function segmentsOf(frames: readonly HeardFrame[]): HeardSegment[] {
  return withoutBlinks(placed(frames));
}

function placed(frames: readonly HeardFrame[]): HeardSegment[] {
  const segments: HeardSegment[] = [];
  for (const [index, frame] of frames.entries()) {
    let lateness = frame.arrivedMs - frame.mediaMs;
    for (let ahead = 1; ahead <= LOOK_AHEAD_FRAMES; ahead += 1) {
      const next = frames[index + ahead];
      if (next?.stretch !== frame.stretch) break;
      lateness = Math.min(lateness, next.arrivedMs - next.mediaMs);
    }
    const last = segments.at(-1);
    // A frame arrives when its sound is over; it cannot begin before the one before it is over.
    let fromMs = Math.max(frame.mediaMs + lateness - frame.lengthMs, last?.toMs ?? Number.NEGATIVE_INFINITY);
    const toMs = fromMs + frame.lengthMs;
    if (last && fromMs - last.toMs > JITTER_MS) {
      segments.push({ what: 'nothing', fromMs: last.toMs, toMs: fromMs });
    } else if (last) fromMs = last.toMs;
    const current = segments.at(-1);
    if (current && current.what === frame.what) segments[segments.length - 1] = { ...current, toMs };
    else segments.push({ what: frame.what, fromMs, toMs });
  }
  return segments;
}

function withoutBlinks(segments: readonly HeardSegment[]): HeardSegment[] {
  const kept: HeardSegment[] = [];
  for (const [index, segment] of segments.entries()) {
    const last = kept.at(-1);
    const blink = segment.toMs - segment.fromMs < BLINK_MS - 1 && segment.what !== 'nothing';
    const between = last !== undefined && last.what !== 'nothing' && index < segments.length - 1;
    const first = last !== undefined && kept.length === 1 && last.toMs - last.fromMs < BLINK_MS - 1;
    if (last && first && last.what !== 'nothing' && segment.what !== 'nothing') {
      kept[0] = { ...segment, fromMs: last.fromMs };
    } else if (last && (last.what === segment.what || (blink && between))) {
      kept[kept.length - 1] = { ...last, toMs: segment.toMs };
    } else kept.push(segment);
  }
  return kept;
}

/** The part of the segments from `fromMs` to `toMs`, `nothing` added where there are none. */
export function clipped(segments: readonly HeardSegment[], fromMs: number, toMs: number): HeardSegment[] {
  const inside: HeardSegment[] = [];
  let reachedMs = fromMs;
  for (const segment of segments) {
    const start = Math.max(segment.fromMs, fromMs);
    const end = Math.min(segment.toMs, toMs);
    if (end <= start) continue;
    if (start - reachedMs > JITTER_MS) inside.push({ what: 'nothing', fromMs: reachedMs, toMs: start });
    inside.push({ what: segment.what, fromMs: start, toMs: end });
    reachedMs = end;
  }
  if (toMs - reachedMs > JITTER_MS) inside.push({ what: 'nothing', fromMs: reachedMs, toMs });
  return inside;
}

/** The longest time without any sound, in ms; the pauses of a ringback cadence are none. */
export function longestGap(segments: readonly HeardSegment[], fromMs: number, toMs: number): HeardSegment | undefined {
  let longest: HeardSegment | undefined;
  let gapFromMs: number | undefined;
  let soundBefore: Heard | undefined = segments.findLast((one) => one.toMs <= fromMs && isSound(one.what))?.what;
  for (const segment of clipped(segments, fromMs, toMs)) {
    if (isSound(segment.what)) {
      soundBefore = segment.what;
      gapFromMs = undefined;
      continue;
    }
    gapFromMs ??= segment.fromMs;
    const excusedMs = soundBefore === 'ringback' ? RINGBACK_PAUSE_MS : 0;
    const gap = { what: segment.what, fromMs: gapFromMs + excusedMs, toMs: segment.toMs };
    if (gap.toMs > gap.fromMs && gap.toMs - gap.fromMs > (longest ? longest.toMs - longest.fromMs : 0)) longest = gap;
  }
  return longest;
}

export function isSound(what: Heard): boolean {
  return what !== 'silence' && what !== 'nothing';
}
