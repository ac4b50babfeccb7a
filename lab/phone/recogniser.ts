/**
 * Says what one frame of received audio is: a phone's tone (which), a ringback tone, other sound (speech, music), or
 * digital silence. It looks at 20 ms, and at 40 ms where two tones sound together. It must never take music for a phone.
 */
import { TONE_PEAK } from './tone.ts';

/** A phone's tone in Hz, or what else it is. `nothing` means that no packets came. */
export type Heard = number | 'ringback' | 'sound' | 'silence' | 'nothing';

const SAMPLE_RATE = 8000;
/** Zero comes as up to 8 through PCMA; anything louder is a signal. */
const SILENCE_PEAK = 16;
/** Ringback in the cadences of most countries: one tone, or two together. */
const RINGBACK_HZ = [440, 425, 400, 450, 480];
const RINGBACK_PAIRS = [
  [440, 480],
  [400, 450],
] as const;

/** The squared amplitude of one frequency in the samples (Goertzel). */
export function power(samples: Int16Array, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE);
  let last = 0;
  let before = 0;
  for (let i = 0; i < samples.length; i += 1) {
    const now = (samples[i] ?? 0) + coefficient * last - before;
    before = last;
    last = now;
  }
  const squared = last * last + before * before - coefficient * last * before;
  return (4 * squared) / (samples.length * samples.length);
}

/** Twice the mean square: the squared amplitude that a single tone of this energy would have. */
function energy(samples: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i += 1) sum += (samples[i] ?? 0) ** 2;
  return samples.length === 0 ? 0 : (2 * sum) / samples.length;
}

function peak(samples: Int16Array): number {
  let most = 0;
  for (let i = 0; i < samples.length; i += 1) most = Math.max(most, Math.abs(samples[i] ?? 0));
  return most;
}

/**
 * What the frame is. `before` is the frame just before it (for tones that come in pairs), `tonesHz` the phones' tones.
 */
export function recognise(samples: Int16Array, before: Int16Array | undefined, tonesHz: Iterable<number>): Heard {
  if (peak(samples) <= SILENCE_PEAK) return 'silence';
  const whole = energy(samples);
  for (const hz of tonesHz) {
    const share = power(samples, hz);
    const amplitude = Math.sqrt(share);
    if (share > 0.85 * whole && amplitude > 0.5 * TONE_PEAK && amplitude < 1.6 * TONE_PEAK) return hz;
  }
  if (RINGBACK_HZ.some((hz) => power(samples, hz) > 0.9 * whole)) return 'ringback';
  if (before && isPair(samples, before)) return 'ringback';
  return 'sound';
}

function isPair(samples: Int16Array, before: Int16Array): boolean {
  const both = new Int16Array(before.length + samples.length);
  both.set(before, 0);
  both.set(samples, before.length);
  const whole = energy(both);
  return RINGBACK_PAIRS.some(([low, high]) => {
    const first = power(both, low);
    const second = power(both, high);
    return first + second > 0.7 * whole && Math.min(first, second) > 0.15 * whole;
  });
}
