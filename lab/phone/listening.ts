/**
 * The ear of one call: turns received RTP into what is heard and when, and lets a test wait until something is heard.
 * It keeps the verdict on each frame, not the audio, and at most half an hour of it.
 */
import { nowMs } from './clock.ts';
import { decode } from './g711.ts';
import type { HeardFrame, HeardSegment } from './heard-timeline.ts';
import { clipped, isSound, longestGap, segmentsOf } from './heard-timeline.ts';
import type { Heard } from './recogniser.ts';
import { recognise } from './recogniser.ts';
import type { RtpPacket } from './rtp-packet.ts';
import type { Codec } from './sdp.ts';
import { tonesToLookFor } from './tone.ts';

/** A phone's tone in Hz, or a kind of sound; `anything` is all but silence. */
export type Awaited = Heard | 'anything';

const SAMPLES_PER_MS = 8;
const FRAMES_KEPT = 90_000;
/** A sound counts once it has lasted so long. */
const SURE_MS = 60;

export class Listening {
  readonly #frames: HeardFrame[] = [];
  readonly #waiters = new Set<() => void>();
  #last: { packet: RtpPacket; samples: Int16Array } | undefined;
  #mediaMs = 0;
  #stretch = 0;
  /** Segments computed for this many frames. */
  #cached: { readonly count: number; readonly segments: HeardSegment[] } = { count: 0, segments: [] };

  /** One audio packet came. */
  hear(packet: RtpPacket, codec: Codec): void {
    const samples = decode(codec, packet.payload);
    const last = this.#last;
    const steps = last ? (packet.timestamp - last.packet.timestamp) | 0 : 0;
    if (last && packet.ssrc === last.packet.ssrc && steps <= 0 && steps > -8000) return; // repeated or out of order
    const sequenceStep = last ? (packet.sequence - last.packet.sequence) & 0xffff : 0;
    const follows = last !== undefined && last.packet.ssrc === packet.ssrc && steps === last.samples.length;
    const sameClock = last !== undefined && last.packet.ssrc === packet.ssrc && steps === sequenceStep * samples.length;
    this.#mediaMs += sameClock ? steps / SAMPLES_PER_MS : samples.length / SAMPLES_PER_MS;
    if (!sameClock) this.#stretch += 1;
    this.#frames.push({
      what: recognise(samples, follows ? last.samples : undefined, tonesToLookFor()),
      arrivedMs: nowMs(),
      mediaMs: this.#mediaMs,
      lengthMs: samples.length / SAMPLES_PER_MS,
      stretch: this.#stretch,
    });
    this.#last = { packet, samples };
    if (this.#frames.length > FRAMES_KEPT) this.#frames.splice(0, FRAMES_KEPT / 10);
    for (const waiter of this.#waiters) waiter();
  }

  get framesHeard(): number {
    return this.#frames.length;
  }

  /** What was heard, from when to when, on the clock of `nowMs()`. */
  segments(fromMs?: number, toMs?: number): HeardSegment[] {
    if (this.#cached.count !== this.#frames.length || this.#frames.length >= FRAMES_KEPT) {
      this.#cached = { count: this.#frames.length, segments: segmentsOf(this.#frames) };
    }
    const all = this.#cached.segments;
    const startMs = fromMs ?? all[0]?.fromMs;
    const endMs = toMs ?? all.at(-1)?.toMs;
    return startMs === undefined || endMs === undefined ? [] : clipped(all, startMs, endMs);
  }

  /** The longest time without sound in that span; undefined when there was none. */
  longestGap(fromMs: number, toMs: number): HeardSegment | undefined {
    return longestGap(segmentsOf(this.#frames), fromMs, toMs);
  }

  /** When `what` began to be heard, if it was heard at `sinceMs` or later. */
  since(what: Awaited, sinceMs: number): number | undefined {
    const from = this.#frames.findLastIndex((frame) => frame.arrivedMs < sinceMs - 2 * SURE_MS);
    const recent = segmentsOf(this.#frames.slice(Math.max(0, from)));
    return recent.find((one) => fits(one, what) && one.toMs > sinceMs && one.toMs - one.fromMs >= SURE_MS - 1)?.fromMs;
  }

  /** Calls `check` at each packet until it is taken off. */
  onFrame(check: () => void): () => void {
    this.#waiters.add(check);
    return () => this.#waiters.delete(check);
  }
}

function fits(segment: HeardSegment, what: Awaited): boolean {
  return what === 'anything' ? isSound(segment.what) : segment.what === what;
}
