/**
 * Gets a real Kamailio for the lab, as asterisk/fetch.ts gets Asterisk: Debian's packages, unpacked into the cache, nothing installed.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkMachine, downloadPackages, FetchError, openSuite, unpackPackages } from '../asterisk/apt.ts';
import { cacheFolderOf } from '../asterisk/fetch.ts';
import { withLock } from '../asterisk/fetch-lock.ts';

export interface KamailioInstall {
  /** What starts it, before its own arguments: it was built for another libc than the machine's. */
  readonly command: readonly string[];
  readonly moduleFolder: string;
}

const SUITE = 'bookworm';

/** Throws FetchError with cause and cure, as fetchAsterisk() does. */
export async function fetchKamailio(cacheFolder = cacheFolderOf()): Promise<KamailioInstall> {
  const cache = resolve(cacheFolder);
  const folder = join(cache, `kamailio-${SUITE}`);
  const silent = () => undefined;
  if (!existsSync(folder)) {
    await mkdir(cache, { recursive: true });
    await withLock(join(cache, '.kamailio.lock'), silent, async () => {
      if (!existsSync(folder)) await fetchInto(cache, folder);
    });
  }
  const library = join(folder, 'usr/lib/x86_64-linux-gnu');
  const oldLibrary = join(folder, 'lib/x86_64-linux-gnu');
  const loader = join(oldLibrary, 'ld-linux-x86-64.so.2');
  const binary = join(folder, 'usr/sbin/kamailio');
  for (const file of [loader, binary]) {
    if (!existsSync(file)) throw new FetchError(`The packages did not bring ${file}: Debian's layout has changed.`);
  }
  return {
    command: [loader, '--inhibit-cache', '--library-path', `${library}:${oldLibrary}`, binary],
    moduleFolder: join(library, 'kamailio/modules/'),
  };
}

async function fetchInto(cache: string, folder: string): Promise<void> {
  await checkMachine();
  const work = await mkdtemp(join(cache, '.kamailio-'));
  const silent = () => undefined;
  try {
    const world = await openSuite(work, SUITE);
    const files = await downloadPackages(world, ['kamailio'], silent);
    await unpackPackages(files, join(work, 'root'), SUITE, silent);
    await rename(join(work, 'root'), folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
