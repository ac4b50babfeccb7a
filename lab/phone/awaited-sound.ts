/**
 * Waiting until a call hears something, and telling what it heard when it did not. It must never sleep: it looks again at
 * each packet.
 */
import { nowMs } from './clock.ts';
import type { Awaited, Listening } from './listening.ts';
import type { PhoneEvents } from './phone-events.ts';

const SEGMENTS_TOLD = 20;

/** When `what` began to be heard, at `sinceMs` or later. Throws DeadlineMissed, with what was heard instead. */
export async function awaitHeard(
  listening: Listening,
  events: PhoneEvents,
  what: Awaited,
  withinMs: number,
  sinceMs: number,
): Promise<number> {
  let lookFromMs = sinceMs;
  const look = () => {
    const found = listening.since(what, lookFromMs);
    // What did not fit a moment ago will not fit later: a long wait need not look at all of it again.
    lookFromMs = Math.max(lookFromMs, nowMs() - 2000);
    return found;
  };
  try {
    return await events.until(look, withinMs, `sound of ${what}`, (check) => listening.onFrame(check));
  } catch (error) {
    if (error instanceof Error) error.message += `\nheard:\n${describeHeard(listening)}`;
    throw error;
  }
}

/** What was heard, one line each, the last lines only. */
function describeHeard(listening: Listening): string {
  const lines = listening
    .segments()
    .map((one) => `${one.fromMs.toFixed(0).padStart(8)} - ${one.toMs.toFixed(0).padStart(8)} ms  ${one.what}`);
  return lines.slice(-SEGMENTS_TOLD).join('\n') || '(no packet at all)';
}
