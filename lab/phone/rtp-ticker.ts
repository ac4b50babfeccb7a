/**
 * The 20 ms beat of all calls that send audio: one timer for the whole process, and none while nobody sends. When the
 * machine was busy it catches up, so that a second of audio stays fifty packets.
 */
import { nowMs } from './clock.ts';
import { FRAME_MS } from './tone.ts';

/** Sends one frame. */
type Beat = () => void;

interface Sender {
  readonly beat: Beat;
  nextAtMs: number;
}

const senders = new Set<Sender>();
let timer: NodeJS.Timeout | undefined;
let beatAtMs = 0;

/** Calls `beat` every 20 ms from now on, the first time at once; the returned function ends it. */
export function everyFrame(beat: Beat): () => void {
  const sender: Sender = { beat, nextAtMs: nowMs() };
  senders.add(sender);
  catchUp(sender);
  if (!timer) {
    beatAtMs = nowMs();
    plan();
  }
  return () => {
    senders.delete(sender);
    if (senders.size > 0) return;
    clearTimeout(timer);
    timer = undefined;
  };
}

function plan(): void {
  beatAtMs = Math.max(beatAtMs + FRAME_MS, nowMs() - FRAME_MS);
  timer = setTimeout(
    () => {
      for (const sender of senders) catchUp(sender);
      if (senders.size > 0) plan();
    },
    Math.max(0, beatAtMs - nowMs()),
  );
}

function catchUp(sender: Sender): void {
  const now = nowMs();
  // After a stall of more than a second the past is given up: nobody can hear it any more.
  if (now - sender.nextAtMs > 1000) sender.nextAtMs = now;
  while (sender.nextAtMs <= now && senders.has(sender)) {
    sender.nextAtMs += FRAME_MS;
    sender.beat();
  }
}
