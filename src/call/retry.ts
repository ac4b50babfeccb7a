/**
 * What must be done although the PBX refuses it or does not answer, a caller given back, a leg hung up: it is tried again at once, and then for as
 * long as it takes, at growing distances, since a PBX that is out of breath is not helped by a thousand calls that hurry it. It must never try again
 * what was refused for another reason.
 */

import { PbxError } from './errors.ts';
import type { Clock } from './ports.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 3_000;

/** How long it is tried to clear up after a call, in ms. What is left then, the next connection to Asterisk finds. */
export const CLEARING_MS = 60_000;

/** For what nothing calls off. */
export const NEVER = new AbortController().signal;

/**
 * Does it until it is done. Rejects with any fault that is no PbxError; with the signal's reason once that aborts; and, when `patienceMs` are over,
 * with the last PbxError.
 * @param act must bear to be done again after it has failed
 */
export async function retry(
  clock: Clock,
  signal: AbortSignal,
  act: () => Promise<void>,
  patienceMs = Number.POSITIVE_INFINITY,
): Promise<void> {
  const untilMs = clock.nowMs() + patienceMs;
  let pauseMs = 0;
  for (;;) {
    try {
      return await act();
    } catch (fault) {
      if (!(fault instanceof PbxError) || clock.nowMs() >= untilMs) throw fault;
    }
    if (pauseMs > 0) await clock.sleep(pauseMs, signal);
    signal.throwIfAborted();
    pauseMs = pauseMs === 0 ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, 2 * pauseMs);
  }
}
