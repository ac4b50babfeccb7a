/** What a phone takes received audio for: tones, ringback, music, silence; and how frames become a timeline. */
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../../lab/phone/g711.ts';
import type { HeardFrame } from '../../../lab/phone/heard-timeline.ts';
import { longestGap, segmentsOf } from '../../../lab/phone/heard-timeline.ts';
import type { Heard } from '../../../lab/phone/recogniser.ts';
import { recognise } from '../../../lab/phone/recogniser.ts';
import type { Codec } from '../../../lab/phone/sdp.ts';
import { FRAME_MS, frame, SAMPLES_PER_FRAME } from '../../../lab/phone/tone.ts';

const TONES_HZ = [600, 900, 1300];

/** Frame `index` of a sum of sines, as it comes out of the codec. */
function heardFrame(codec: Codec, index: number, parts: readonly (readonly [hz: number, peak: number])[]): Int16Array {
  const from = index * SAMPLES_PER_FRAME;
  const samples = Int16Array.from({ length: SAMPLES_PER_FRAME }, (_, i) =>
    Math.round(parts.reduce((sum, [hz, peak]) => sum + peak * Math.sin((2 * Math.PI * hz * (from + i)) / 8000), 0)),
  );
  return decode(codec, encode(codec, samples));
}

describe.each(['PCMU', 'PCMA'] as const)('one frame of %s', (codec) => {
  it.each(TONES_HZ)('is the phone that sends %i Hz', (hz) => {
    expect(recognise(decode(codec, frame(codec, hz, 7)), undefined, TONES_HZ)).toBe(hz);
  });

  it('is digital silence', () => {
    expect(recognise(decode(codec, frame(codec, 0, 0)), undefined, TONES_HZ)).toBe('silence');
  });

  it.each([440, 425])('is a ringback tone of %i Hz', (hz) => {
    const verdicts = [0, 1, 2, 3].map((i) => recognise(heardFrame(codec, i, [[hz, 7000]]), undefined, TONES_HZ));
    expect(new Set(verdicts)).toEqual(new Set(['ringback']));
  });

  it.each([
    [440, 480],
    [400, 450],
  ] as const)('is a ringback of %i and %i Hz together', (low, high) => {
    const parts = [
      [low, 6000],
      [high, 6000],
    ] as const;
    for (let i = 1; i < 20; i += 1) {
      const [before, now] = [heardFrame(codec, i - 1, parts), heardFrame(codec, i, parts)];
      expect(recognise(now, before, TONES_HZ)).toBe('ringback');
    }
  });

  it('is music when there is more than one tone, or a phone’s tone at another strength', () => {
    const chord = [
      [523, 4000],
      [659, 4000],
      [784, 4000],
    ] as const;
    expect(recognise(heardFrame(codec, 3, chord), heardFrame(codec, 2, chord), TONES_HZ)).toBe('sound');
    expect(recognise(heardFrame(codec, 3, [[900, 1500]]), undefined, TONES_HZ)).toBe('sound');
  });

  it('is sound when two phones talk at once', () => {
    const both = [
      [600, 8000],
      [900, 8000],
    ] as const;
    expect(recognise(heardFrame(codec, 3, both), undefined, TONES_HZ)).toBe('sound');
  });
});

/** Frames that arrive when they should, of the given sounds, each so many frames long. */
function arriving(...parts: readonly (readonly [what: Heard, count: number])[]): HeardFrame[] {
  const frames: HeardFrame[] = [];
  let mediaMs = 0;
  let lateMs = 1000;
  for (const [what, count] of parts) {
    for (let i = 0; i < count; i += 1) {
      if (what === 'nothing') {
        lateMs += FRAME_MS;
        continue;
      }
      mediaMs += FRAME_MS;
      frames.push({ what, mediaMs, arrivedMs: mediaMs + lateMs, lengthMs: FRAME_MS, stretch: 1 });
    }
  }
  return frames;
}

describe('a timeline', () => {
  it('merges frames, and passes over transitions', () => {
    const segments = segmentsOf(arriving(['sound', 50], ['silence', 1], ['sound', 10], [600, 1], [900, 50]));
    expect(segments).toEqual([
      { what: 'sound', fromMs: 1000, toMs: 1000 + 62 * FRAME_MS },
      { what: 900, fromMs: 1000 + 62 * FRAME_MS, toMs: 1000 + 112 * FRAME_MS },
    ]);
  });

  it('shows packets that did not come, though the far side’s clock did not jump', () => {
    const segments = segmentsOf(arriving(['sound', 50], ['nothing', 20], [900, 50]));
    expect(segments.map((one) => one.what)).toEqual(['sound', 'nothing', 900]);
    expect(longestGap(segments, 1000, 3000)).toEqual({ what: 'nothing', fromMs: 2000, toMs: 2400 });
  });

  it('shows no gap when this machine was busy and got the packets late, in a burst', () => {
    const frames = arriving(['sound', 100]).map((one) =>
      one.arrivedMs > 1500 && one.arrivedMs < 2100 ? { ...one, arrivedMs: 2100 } : one,
    );
    expect(segmentsOf(frames)).toEqual([{ what: 'sound', fromMs: 1000, toMs: 3000 }]);
  });

  it('counts digital silence as a gap, but not the pauses of a ringback', () => {
    const silent = segmentsOf(arriving(['sound', 50], ['silence', 25], ['sound', 50]));
    expect(longestGap(silent, 1000, 3500)).toMatchObject({ fromMs: 2000, toMs: 2500 });
    const ringback = segmentsOf(arriving(['ringback', 75], ['silence', 175], ['ringback', 75]));
    expect(longestGap(ringback, 1000, 7500)).toBeUndefined();
    const stuck = segmentsOf(arriving(['ringback', 75], ['silence', 300]));
    expect(longestGap(stuck, 1000, 8500)).toMatchObject({ fromMs: 6800, toMs: 8500 });
  });

  it('counts the time before the first and after the last packet', () => {
    const segments = segmentsOf(arriving(['sound', 50]));
    expect(longestGap(segments, 500, 2000)).toMatchObject({ fromMs: 500, toMs: 1000 });
    expect(longestGap(segments, 1000, 2600)).toMatchObject({ fromMs: 2000, toMs: 2600 });
    expect(longestGap([], 0, 100)).toMatchObject({ what: 'nothing', fromMs: 0, toMs: 100 });
  });
});
