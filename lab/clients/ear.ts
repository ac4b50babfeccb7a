/** What a real client hears, by the recogniser of the lab's own phones: samples of 8 kHz, looked at again and again. It must never wait for time alone. */
import { awaitThat } from '../asterisk/deadline.ts';
import type { Awaited } from '../phone/listening.ts';
import { recognise } from '../phone/recogniser.ts';
import { SAMPLES_PER_FRAME, tonesToLookFor } from '../phone/tone.ts';

/** Of the latest frames so many must be of one kind: 60 of 100 ms. */
const FRAMES = 5;
const OF_A_KIND = 3;

/** Waits until the latest of `samples` are that. */
export async function hearsIn(
  samples: () => Promise<Int16Array>,
  what: Awaited,
  withinMs: number,
  context: () => string,
): Promise<void> {
  let last: readonly unknown[] = [];
  await awaitThat(
    async () => {
      last = framesOf(await samples());
      const fitting = last.filter((heard) =>
        what === 'anything' ? heard !== 'silence' && heard !== 'nothing' : heard === what,
      );
      return fitting.length >= OF_A_KIND ? true : undefined;
    },
    withinMs,
    async () => `heard no ${what}, but ${last.join(', ') || 'nothing at all'}\n${context()}`,
  );
}

function framesOf(samples: Int16Array) {
  const frames = Math.floor(samples.length / SAMPLES_PER_FRAME);
  return Array.from({ length: Math.min(frames, FRAMES) }, (_, index) => {
    const end = samples.length - index * SAMPLES_PER_FRAME;
    const frame = samples.subarray(end - SAMPLES_PER_FRAME, end);
    const before = samples.subarray(Math.max(0, end - 2 * SAMPLES_PER_FRAME), end - SAMPLES_PER_FRAME);
    return recognise(frame, before, tonesToLookFor());
  });
}
