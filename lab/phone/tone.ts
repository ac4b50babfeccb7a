/**
 * What a phone sends: a steady tone by which others know it, or digital silence, as ready frames of 20 ms. One second
 * of each signal is made once and shared by all calls, since whole hertz repeat after a second.
 */
import { TONES } from '../asterisk/asterisk.ts';
import { encode } from './g711.ts';
import type { Codec } from './sdp.ts';

export const SAMPLES_PER_FRAME = 160;
export const FRAME_MS = 20;
const SAMPLES_PER_SECOND = 8000;
/** Peak of each phone's tone, of 32,767; the recogniser knows a phone's tone from music by it as well. */
export const TONE_PEAK = 8000;

/** Tones in Hz that the recogniser looks for: those that the lab's Asterisk plays, and those that phones of this process send. */
const knownTones = new Set<number>(Object.values(TONES));
/** Far from ringback tones (400-480 Hz), from each other, and whole numbers of periods in a frame. */
const PALETTE_HZ = [600, 1300, 1500, 1700, 1900, 2100, 2300, 2500, 2700, 2900, 3100];
let handedOut = 0;

function nextFromPalette(): number {
  for (let tried = 0; tried < PALETTE_HZ.length; tried += 1) {
    const hz = PALETTE_HZ[handedOut++ % PALETTE_HZ.length];
    if (hz !== undefined && tooNear(hz) === undefined) return hz;
  }
  throw new Error('every tone of the palette is too near to one that a phone was given');
}

function tooNear(hz: number): number | undefined {
  return [...knownTones].find((other) => other !== hz && Math.abs(other - hz) < 100);
}

/** A tone for a phone that was given none. Throws when a tone lies too near to a ringback tone or another phone's. */
export function chooseTone(wantedHz?: number): number {
  const hz = wantedHz ?? nextFromPalette();
  if (!Number.isInteger(hz) || hz < 550 || hz > 3400) {
    throw new Error(`a phone's tone is a whole number of hertz from 550 to 3400, not ${hz}`);
  }
  const other = tooNear(hz);
  if (other !== undefined) throw new Error(`${hz} Hz is too near to ${other} Hz to be told apart`);
  knownTones.add(hz);
  return hz;
}

export function tonesToLookFor(): ReadonlySet<number> {
  return knownTones;
}

const seconds = new Map<string, Uint8Array>();

/** The bytes of frame number `index` of a tone; of digital silence with 0 Hz. */
export function frame(codec: Codec, hz: number, index: number): Uint8Array {
  const key = `${codec} ${hz}`;
  let second = seconds.get(key);
  if (!second) {
    const samples = Int16Array.from({ length: SAMPLES_PER_SECOND }, (_, i) =>
      Math.round(TONE_PEAK * Math.sin((2 * Math.PI * hz * i) / SAMPLES_PER_SECOND)),
    );
    second = encode(codec, samples);
    seconds.set(key, second);
  }
  const from = (index * SAMPLES_PER_FRAME) % SAMPLES_PER_SECOND;
  return second.subarray(from, from + SAMPLES_PER_FRAME);
}
