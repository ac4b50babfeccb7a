/**
 * Brings the real clients into the lab's cache, as fetch.ts brings Asterisk: baresip, and Chromium without its window (the UC Assistant's browser). Both are
 * Debian's stable builds, which its security team keeps.
 */
import { chmod, copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NothingToFetch } from '../asterisk/apt.ts';
import { type FetchOptions, fetchRoot, mustBeThere } from '../asterisk/fetch-root.ts';

const SUITE = 'trixie';
const LIBRARY = 'usr/lib/x86_64-linux-gnu';
const LOADER = `${LIBRARY}/ld-linux-x86-64.so.2`;
const LAYOUT = 1;

const CHROMIUM = 'usr/lib/chromium';
const CHROMIUM_BINARY = 'chromium-headless-shell';
const BARESIP = 'usr/bin/baresip';
const BARESIP_MODULES = 'usr/lib/baresip/modules';

export interface ChromiumInstall {
  readonly packageVersion: string;
  /** Takes Chromium's own options. */
  readonly start: string;
  /** FONTCONFIG_FILE. */
  readonly fonts: string;
}

export interface BaresipInstall {
  readonly packageVersion: string;
  /** Program and first arguments. */
  readonly command: readonly string[];
  readonly moduleFolder: string;
}

/** Chromium looks for its files beside the program that the kernel has started, which is the loader; and it starts itself again. */
const START = `#!/bin/sh
here=\${0%/*}
library=$here/../x86_64-linux-gnu
exec "$here/ld.so" --library-path "$library:$library/pulseaudio:$here" "$here/${CHROMIUM_BINARY}" --browser-subprocess-path="$0" "$@"
`;

async function finishChromium(root: string): Promise<void> {
  mustBeThere([join(root, LOADER), join(root, CHROMIUM, CHROMIUM_BINARY)]);
  await copyFile(join(root, LOADER), join(root, CHROMIUM, 'ld.so'));
  await chmod(join(root, CHROMIUM, 'ld.so'), 0o755);
  await writeFile(join(root, CHROMIUM, 'start'), START, { mode: 0o755 });
}

/** Chromium (about 170 MB to load, 570 MB on disk). Throws FetchError with cause and cure. */
export async function fetchChromium(options: FetchOptions = {}): Promise<ChromiumInstall> {
  const { folder, packageVersion } = await fetchRoot(
    {
      title: 'Chromium',
      name: 'chromium',
      suite: SUITE,
      packages: [CHROMIUM_BINARY],
      layout: LAYOUT,
      finish: finishChromium,
    },
    options,
  );
  return { packageVersion, start: join(folder, CHROMIUM, 'start'), fonts: join(folder, 'etc/fonts/fonts.conf') };
}

/** baresip (about 30 MB to load, 70 MB on disk). Throws FetchError with cause and cure. */
export async function fetchBaresip(options: FetchOptions = {}): Promise<BaresipInstall> {
  const { folder, packageVersion } = await fetchRoot(
    {
      title: 'baresip',
      name: 'baresip',
      suite: SUITE,
      packages: ['baresip-core'],
      layout: LAYOUT,
      finish: async (root) => mustBeThere([LOADER, BARESIP, BARESIP_MODULES].map((name) => join(root, name))),
    },
    options,
  );
  return {
    packageVersion,
    command: [join(folder, LOADER), '--library-path', join(folder, LIBRARY), join(folder, BARESIP)],
    moduleFolder: join(folder, BARESIP_MODULES),
  };
}

/** undefined, and a line that says why, where there is none for this machine. Whatever else goes wrong is thrown. */
export async function orNone<T>(fetching: Promise<T>): Promise<T | undefined> {
  try {
    return await fetching;
  } catch (error) {
    if (!(error instanceof NothingToFetch)) throw error;
    console.warn(error.message);
    return undefined;
  }
}
