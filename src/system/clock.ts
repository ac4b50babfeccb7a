/**
 * The real clock. Monotonic time for every wait; the wall clock only where a moment is shown to somebody.
 * A sleep that ends, in whatever way, must leave neither a timer nor a listener.
 */
import type { Clock } from '../call/ports.ts';

/** What a timer can hold; Node fires at once for more. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep(ms, signal) {
    if (Number.isNaN(ms)) return Promise.reject(new RangeError('sleep(NaN): a wait must be a number of ms'));
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const dueMs = performance.now() + ms;
      let timer: NodeJS.Timeout;
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      // A timer may fire a little early, and a long sleep takes several.
      const wait = (): void => {
        const leftMs = dueMs - performance.now();
        if (leftMs > 0) {
          timer = setTimeout(wait, Math.min(Math.ceil(leftMs), longestTimerMs));
          return;
        }
        signal.removeEventListener('abort', abort);
        resolve();
      };
      signal.addEventListener('abort', abort, { once: true });
      timer = setTimeout(wait, Math.min(Math.max(0, ms), longestTimerMs));
    });
  },
};
