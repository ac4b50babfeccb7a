/**
 * Waiting for a thing to come true, with a deadline: the lab's only way to wait. Never waits for time alone.
 */
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 20;

/** Looks again and again until `look` returns something; throws `describe()` after `withinMs`. */
export async function awaitThat<T>(
  look: () => Promise<T | undefined>,
  withinMs: number,
  describe: () => Promise<string>,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadlineMs) throw new Error(await describe());
    await delay(LOOK_MS);
  }
}
