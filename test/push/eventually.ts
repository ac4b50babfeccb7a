/** Waits for what `get` gives to be as expected, with a deadline that a busy machine keeps. */
import { expect } from 'vitest';

export const eventually = <T>(get: () => T) => expect.poll(get, { timeout: 60_000, interval: 10 });
