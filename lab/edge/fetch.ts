/**
 * Gets a real Kamailio for the lab, as asterisk/fetch.ts gets Asterisk: Debian's packages, unpacked into the cache, nothing installed.
 */
import { join } from 'node:path';
import { type FetchOptions, fetchRoot, mustBeThere } from '../asterisk/fetch-root.ts';

export interface KamailioInstall {
  /** What starts it, before its own arguments: it was built for another libc than the machine's. */
  readonly command: readonly string[];
  readonly moduleFolder: string;
}

const SUITE = 'bookworm';

/** Throws FetchError with cause and cure, as fetchAsterisk() does. */
export async function fetchKamailio(options: FetchOptions = {}): Promise<KamailioInstall> {
  const wanted = { title: 'Kamailio', name: 'kamailio', suite: SUITE, packages: ['kamailio'], layout: 1 } as const;
  const { folder } = await fetchRoot({ ...wanted, finish: async (root) => void install(root) }, options);
  return install(folder);
}

function install(folder: string): KamailioInstall {
  const library = join(folder, 'usr/lib/x86_64-linux-gnu');
  const oldLibrary = join(folder, 'lib/x86_64-linux-gnu');
  const loader = join(oldLibrary, 'ld-linux-x86-64.so.2');
  const binary = join(folder, 'usr/sbin/kamailio');
  mustBeThere([loader, binary]);
  return {
    command: [loader, '--inhibit-cache', '--library-path', `${library}:${oldLibrary}`, binary],
    moduleFolder: join(library, 'kamailio/modules/'),
  };
}
