/** Waits for a check to hold, with a deadline that bounds a hang and no speed: a machine that is busy with other things keeps it. */
import { vi } from 'vitest';

const SOON = { timeout: 30_000, interval: 5 } as const;

/** Looks again and again until `check` throws nothing; then gives what it gave. Throws what the last look threw. */
export const soon = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, SOON);
