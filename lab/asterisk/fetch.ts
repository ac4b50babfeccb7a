/** Brings a real Asterisk 16 or 22 into the lab's cache (fetch-root.ts), and says where its parts lie. */
import { existsSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type FetchOptions, fetchRoot, mustBeThere, type Root } from './fetch-root.ts';

export type AsteriskVersion = 16 | 22;

export interface AsteriskInstall {
  readonly version: AsteriskVersion;
  /** Full version of the Debian package. */
  readonly packageVersion: string;
  /** Root of the unpacked packages. */
  readonly folder: string;
  /** The dynamic loader that starts the binaries: they were built for another libc than the machine's. */
  readonly loader: string;
  /** `--library-path` for the loader. */
  readonly libraryPath: string;
  readonly binary: string;
  readonly moduleFolder: string;
  readonly dataFolder: string;
  readonly musicFolder: string;
}

const SUITES: Record<AsteriskVersion, string> = { 16: 'bullseye', 22: 'sid' };
const PACKAGES = [
  'asterisk',
  'asterisk-moh-opsound-wav',
  'asterisk-core-sounds-en-wav',
  'asterisk-core-sounds-fr-wav',
] as const;
const LANGUAGES: readonly (readonly [string, string])[] = [
  ['en', 'en_US_f_Allison'],
  ['fr', 'fr_CA_f_June'],
];
const LAYOUT = 1;

function describeInstall(version: AsteriskVersion, { folder, packageVersion }: Root): AsteriskInstall {
  const library = join(folder, 'usr/lib/x86_64-linux-gnu');
  const oldLibrary = join(folder, 'lib/x86_64-linux-gnu');
  const dataFolder = join(folder, 'usr/share/asterisk');
  return {
    version,
    packageVersion,
    folder,
    loader: join(version === 16 ? oldLibrary : library, 'ld-linux-x86-64.so.2'),
    libraryPath: version === 16 ? [library, oldLibrary, join(folder, 'usr/lib')].join(':') : library,
    binary: join(folder, 'usr/sbin/asterisk'),
    moduleFolder: join(version === 16 ? join(folder, 'usr/lib') : library, 'asterisk/modules'),
    dataFolder,
    musicFolder: join(dataFolder, 'moh'),
  };
}

async function finish(version: AsteriskVersion, root: string): Promise<void> {
  const install = describeInstall(version, { folder: root, packageVersion: '' });
  mustBeThere([install.loader, install.binary, install.moduleFolder]);
  for (const [language, folder] of LANGUAGES) {
    const sounds = join(install.dataFolder, 'sounds');
    if (existsSync(join(sounds, folder)) && !existsSync(join(sounds, language)))
      await symlink(folder, join(sounds, language));
  }
}

/**
 * The real Asterisk of that version, fetched if the cache does not hold it yet (about 130 MB to load, 330 MB on disk).
 * Throws FetchError with cause and cure: apt missing, other architecture, no network, unknown key, disk full.
 */
export async function fetchAsterisk(version: AsteriskVersion, options: FetchOptions = {}): Promise<AsteriskInstall> {
  const root = await fetchRoot(
    {
      title: `Asterisk ${version}`,
      name: `asterisk-${version}`,
      suite: SUITES[version],
      packages: PACKAGES,
      layout: LAYOUT,
      finish: (folder) => finish(version, folder),
    },
    options,
  );
  return describeInstall(version, root);
}
