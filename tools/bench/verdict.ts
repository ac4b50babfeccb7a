/**
 * Cells of the table that say whether a target was reached.
 */
import { type Samples, tellMs } from './figures.ts';
import type { Measured } from './table.ts';

export type Cell = (measured: Measured) => string;

export function verdict(isReached: boolean, words: string): string {
  return `${isReached ? 'reached' : '**not reached**'}: ${words}`;
}

export const medianWithin =
  (name: string, targetMs: number, counted = 'calls'): Cell =>
  ({ figures }) => {
    const samples: Samples = figures.of(name);
    return verdict(samples.medianMs <= targetMs, `${tellMs(samples.medianMs)} (${samples.count} ${counted})`);
  };
