/**
 * The one clock of all phones, so that what several of them saw can be laid on one timeline.
 * It is monotonic and must never be mixed with the wall clock.
 */

/** Milliseconds since the process started, with fractions. */
export function nowMs(): number {
  return performance.now();
}
