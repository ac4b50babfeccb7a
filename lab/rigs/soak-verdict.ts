/**
 * Whether a soak left the router where it began: the table, and in words what did not. A heap is never twice the same to the byte (compiled code, caches that fill once), so that what
 * counts is its slope over the second half, when all of that has settled: it must stay below what the smallest real leak would cost.
 */
import type { RestingState } from './router-state.ts';
import type { SoakResult } from './soak.ts';

/**
 * Bytes that each call may add to the heap for ever. A listener that is left on a signal costs over 100 bytes, a timer or a closure over 200, a call's timeline some thousands.
 */
export const MOST_BYTES_PER_CALL = 50;
/**
 * Fewer calls say nothing by their slope: from one look to the next a heap differs by some 50 KB, which over 1,000 calls makes slopes of up to 140 bytes where there is none, over 5,000 of
 * up to 33. Then the heap may have grown by so much in all.
 */
const FEWEST_FOR_SLOPE = 8_000;
const MOST_GROWTH_BYTES = 1e6;
/** Calls that the router keeps in its history. */
const MOST_HISTORY = 10_000;
/** Connections that a service may have had closed, and that were opened anew, beyond those at the start. */
const MORE_SOCKETS = 2;

/** What is wrong, in words; empty where all is where it began. */
export function judgeSoak(result: SoakResult, wanted: number): string[] {
  const { calls, began, middle, ended, faults } = result;
  const wrong: string[] = faults.map((fault) => fault.slice(0, 500));
  if (calls < wanted) wrong.push(`${calls} of ${wanted} calls were played`);
  for (const [when, state] of [['in the middle', middle] as const, ['at the end', ended] as const]) {
    const more = (what: 'sockets' | 'timers' | 'resources', tolerance: number): void => {
      const [before, after] = [began[what], state[what]];
      if (after > before + tolerance) wrong.push(`${after} ${what} ${when}, ${before} at the start`);
    };
    more('sockets', MORE_SOCKETS);
    more('timers', 0);
    more('resources', MORE_SOCKETS);
    for (const what of ['channels', 'bridges', 'notes', 'subscriptions'] as const) {
      if (state[what] > 0) wrong.push(`${state[what]} ${what} ${when}`);
    }
    if (state.history > MOST_HISTORY) wrong.push(`${state.history} calls in the history ${when}`);
  }
  const slope = heapSlope(result);
  if (slope !== undefined) {
    if (slope > MOST_BYTES_PER_CALL) wrong.push(`the heap grows by ${slope.toFixed(0)} bytes with each call`);
  } else if (ended.heapBytes - began.heapBytes > MOST_GROWTH_BYTES) {
    wrong.push(`the heap has grown by ${tellMb(ended.heapBytes - began.heapBytes)} MB`);
  }
  return wrong;
}

/** Bytes per call over the second half, by least squares; undefined where there were too few calls. */
export function heapSlope({ heaps: all, calls: played }: SoakResult): number | undefined {
  if (played < FEWEST_FOR_SLOPE) return undefined;
  const heaps = all.slice(Math.floor(all.length / 2));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [calls, bytes] = [mean(heaps.map((one) => one.calls)), mean(heaps.map((one) => one.heapBytes))];
  const over = heaps.reduce((sum, one) => sum + (one.calls - calls) * (one.heapBytes - bytes), 0);
  const under = heaps.reduce((sum, one) => sum + (one.calls - calls) ** 2, 0);
  return over / under;
}

/** The states side by side. */
export function soakTable({ began, middle, ended }: SoakResult): string {
  const rows: readonly (readonly [string, (state: RestingState) => string | number])[] = [
    ['calls', ({ calls }) => calls],
    ['objects in the heap, collected, MB', ({ heapBytes }) => tellMb(heapBytes)],
    ['resident memory, MB', ({ memoryMb }) => memoryMb],
    ['sockets', ({ sockets }) => sockets],
    ['timers', ({ timers }) => timers],
    ['other resources', ({ resources }) => resources],
    ['channels', ({ channels }) => channels],
    ['bridges', ({ bridges }) => bridges],
    ['notes of calls', ({ notes }) => notes],
    ['subscriptions', ({ subscriptions }) => subscriptions],
    ['calls in the history', ({ history }) => history],
    ["Asterisk's memory, MB", ({ asterisk }) => asterisk.memoryMb],
    ["Asterisk's open files", ({ asterisk }) => asterisk.files],
    ["Asterisk's threads", ({ asterisk }) => asterisk.threads],
  ];
  const lines = rows.map(([name, tell]) => `| ${name} | ${[began, middle, ended].map(tell).join(' | ')} |`);
  return ['| | start, warm | middle | end |', '|---|---|---|---|', ...lines].join('\n');
}

function tellMb(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}
