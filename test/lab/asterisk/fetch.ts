/**
 * Brings a real Asterisk 16 or 22 into a cache folder, without root and without installing anything, and says where its parts lie. A second call returns at
 * once; several processes may call at the same time. Needs Debian's base and apt, and no more. Never leaves a half-made folder under the final name.
 */
import { constants, existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { checkMachine, downloadPackages, FetchError, openSuite, unpackPackages } from './apt.ts';
import { withLock } from './fetch-lock.ts';

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

export interface FetchOptions {
  /** Called with a line of progress, about once a second while something is being fetched. */
  readonly onProgress?: (line: string) => void;
  /** Cache folder; the environment's XIVO_MAPP_LAB_CACHE, or .cache in the repository, when left out. */
  readonly cacheFolder?: string;
}

const SUITES: Record<AsteriskVersion, string> = { 16: 'bullseye', 22: 'sid' };
const PACKAGES = ['asterisk', 'asterisk-moh-opsound-wav', 'asterisk-core-sounds-en-wav', 'asterisk-core-sounds-fr-wav'];
const LANGUAGES: readonly (readonly [string, string])[] = [
  ['en', 'en_US_f_Allison'],
  ['fr', 'fr_CA_f_June'],
];
/** Raised when what is unpacked changes, so that an older cache is fetched anew. */
const LAYOUT = 1;

const markSchema = z.object({ layout: z.literal(LAYOUT), packageVersion: z.string() });

/** The environment's XIVO_MAPP_LAB_CACHE, or .cache in the repository. */
export function cacheFolderOf(): string {
  return process.env.XIVO_MAPP_LAB_CACHE ?? resolve(import.meta.dirname, '../../../.cache');
}

function describeInstall(version: AsteriskVersion, folder: string, packageVersion: string): AsteriskInstall {
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

async function findInstall(version: AsteriskVersion, folder: string): Promise<AsteriskInstall | undefined> {
  const text = await readFile(join(folder, 'lab.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const mark = markSchema.safeParse(JSON.parse(text));
  return mark.success ? describeInstall(version, folder, mark.data.packageVersion) : undefined;
}

/** What the packages' own scripts would have done on installation, as far as the lab needs it. */
async function finishRoot(version: AsteriskVersion, root: string, files: readonly string[]): Promise<void> {
  const install = describeInstall(version, root, '');
  for (const file of [install.loader, install.binary, install.moduleFolder]) {
    if (!existsSync(file))
      throw new FetchError(`The packages did not bring ${basename(file)}: Debian's layout has changed.`);
  }
  for (const [language, folder] of LANGUAGES) {
    const sounds = join(install.dataFolder, 'sounds');
    if (existsSync(join(sounds, folder)) && !existsSync(join(sounds, language)))
      await symlink(folder, join(sounds, language));
  }
  const name = files.map((file) => basename(file)).find((file) => file.startsWith('asterisk_')) ?? '';
  const packageVersion = decodeURIComponent(name.split('_')[1] ?? 'unknown');
  await writeFile(join(root, 'lab.json'), JSON.stringify({ layout: LAYOUT, packageVersion }));
}

async function fetchInto(
  version: AsteriskVersion,
  cache: string,
  folder: string,
  tell: (line: string) => void,
): Promise<void> {
  const suite = SUITES[version];
  await checkMachine();
  const work = await mkdtemp(join(cache, `.asterisk-${version}-`));
  try {
    tell(`reading Debian's package list (${suite})`);
    const world = await openSuite(work, suite);
    const files = await downloadPackages(world, PACKAGES, tell);
    const root = join(work, 'root');
    await unpackPackages(files, root, suite, tell);
    await finishRoot(version, root, files);
    // An older layout may stand there; a fetcher that held no lock may have been faster: its folder is as good as ours.
    if (existsSync(folder) && (await findInstall(version, folder)) === undefined)
      await rename(folder, join(work, 'old'));
    if (!existsSync(folder)) await rename(root, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * The real Asterisk of that version, fetched if the cache does not hold it yet (about 130 MB to load, 330 MB on disk).
 * Throws FetchError with cause and cure: apt missing, other architecture, no network, unknown key, disk full.
 */
export async function fetchAsterisk(version: AsteriskVersion, options: FetchOptions = {}): Promise<AsteriskInstall> {
  const cache = resolve(options.cacheFolder ?? cacheFolderOf());
  const folder = join(cache, `asterisk-${version}`);
  const tell = (line: string): void => options.onProgress?.(`Asterisk ${version}: ${line}`);
  const present = await findInstall(version, folder);
  if (present !== undefined) return present;
  try {
    await mkdir(cache, { recursive: true });
    await access(cache, constants.W_OK);
  } catch (error) {
    throw new FetchError(
      `Cannot write to the cache folder ${cache}: set XIVO_MAPP_LAB_CACHE to one that can be written.`,
      {
        cause: error,
      },
    );
  }
  await withLock(
    join(cache, `.asterisk-${version}.lock`),
    () => tell('another process is fetching it; waiting'),
    async () => {
      if ((await findInstall(version, folder)) === undefined) await fetchInto(version, cache, folder, tell);
    },
  );
  const fetched = await findInstall(version, folder);
  if (fetched === undefined) throw new FetchError(`Asterisk ${version} is not in ${folder} after fetching it.`);
  return fetched;
}
