/**
 * One fetcher at a time in one cache folder. The lock is a file that its holder touches every two seconds; one that has not been
 * touched for half a minute belongs to a process that died, and is taken away. It saves work and is no guarantee: what it guards must be atomic by itself.
 */
import { open, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const TOUCH_MS = 2_000;
const STALE_MS = 30_000;
const LOOK_MS = 250;

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

async function take(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.close();
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function dropStale(file: string): Promise<void> {
  const held = await stat(file).catch(() => undefined);
  if (held !== undefined && Date.now() - held.mtimeMs > STALE_MS) await rm(file, { force: true });
}

/** Runs `work` while holding the lock, after waiting for it as long as its holder lives. `onWait` is called once, if there is a wait. */
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  for (let tries = 0; !(await take(file)); tries += 1) {
    if (tries === 0) onWait();
    await dropStale(file);
    await delay(LOOK_MS);
  }
  const touch = setInterval(() => {
    const now = new Date();
    // A lock that cannot be touched is at worst taken for stale: the other fetcher then does the same work twice.
    utimes(file, now, now).catch(() => undefined);
  }, TOUCH_MS);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    await rm(file, { force: true });
  }
}
