/**
 * Brings Debian packages with all that they depend on into a folder of the cache, without root and without installing anything. A second call returns at
 * once; several processes may call at the same time. Needs Debian's base and apt, and no more. Never leaves a half-made folder under the final name.
 */
import { constants, existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { checkMachine, downloadPackages, FetchError, openSuite, unpackPackages } from './apt.ts';
import { withLock } from './fetch-lock.ts';

/** What to bring. */
export interface Wanted {
  /** As it is called in lines of progress. */
  readonly title: string;
  /** The folder's name in the cache. */
  readonly name: string;
  readonly suite: string;
  /** The first gives the version. */
  readonly packages: readonly [string, ...string[]];
  /** Raised when what is unpacked changes, so that an older cache is fetched anew. */
  readonly layout: number;
  /** What the packages' own scripts would have done, as far as it is needed. Throws FetchError when something is not where it should be. */
  finish(root: string): Promise<void>;
}

export interface FetchOptions {
  /** Called with a line of progress, about once a second while something is being fetched. */
  readonly onProgress?: (line: string) => void;
  /** Cache folder; the environment's XIVO_MAPP_LAB_CACHE, or .cache in the repository, when left out. */
  readonly cacheFolder?: string;
}

/** What is there. */
export interface Root {
  readonly folder: string;
  /** Full version of the first package. */
  readonly packageVersion: string;
}

const markSchema = z.object({ layout: z.number(), packageVersion: z.string() });

function defaultCacheFolder(): string {
  return process.env.XIVO_MAPP_LAB_CACHE ?? resolve(import.meta.dirname, '../../.cache');
}

async function findRoot({ layout }: Wanted, folder: string): Promise<Root | undefined> {
  const text = await readFile(join(folder, 'lab.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const mark = markSchema.safeParse(JSON.parse(text));
  return mark.success && mark.data.layout === layout ? { folder, packageVersion: mark.data.packageVersion } : undefined;
}

/** Throws FetchError when one of these is not there. */
export function mustBeThere(files: readonly string[]): void {
  for (const file of files) {
    if (!existsSync(file))
      throw new FetchError(`The packages did not bring ${basename(file)}: Debian's layout has changed.`);
  }
}

async function fetchInto(wanted: Wanted, cache: string, folder: string, tell: (line: string) => void): Promise<void> {
  const { name, suite, packages, layout } = wanted;
  await checkMachine();
  const work = await mkdtemp(join(cache, `.${name}-`));
  try {
    tell(`reading Debian's package list (${suite})`);
    const world = await openSuite(work, suite);
    const files = await downloadPackages(world, packages, tell);
    const root = join(work, 'root');
    await unpackPackages(files, root, suite, tell);
    await wanted.finish(root);
    const first = files.map((file) => basename(file)).find((file) => file.startsWith(`${packages[0]}_`)) ?? '';
    const packageVersion = decodeURIComponent(first.split('_')[1] ?? 'unknown');
    await writeFile(join(root, 'lab.json'), JSON.stringify({ layout, packageVersion }));
    // An older layout may stand there; a fetcher that held no lock may have been faster: its folder is as good as ours.
    if (existsSync(folder) && (await findRoot(wanted, folder)) === undefined) await rename(folder, join(work, 'old'));
    if (!existsSync(folder)) await rename(root, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The folder with what is wanted, fetched if the cache does not hold it yet. Throws FetchError with cause and cure. */
export async function fetchRoot(wanted: Wanted, options: FetchOptions = {}): Promise<Root> {
  const { name, title } = wanted;
  const cache = resolve(options.cacheFolder ?? defaultCacheFolder());
  const folder = join(cache, name);
  const tell = (line: string): void => options.onProgress?.(`${title}: ${line}`);
  const present = await findRoot(wanted, folder);
  if (present !== undefined) return present;
  try {
    await mkdir(cache, { recursive: true });
    await access(cache, constants.W_OK);
  } catch (error) {
    throw new FetchError(
      `Cannot write to the cache folder ${cache}: set XIVO_MAPP_LAB_CACHE to one that can be written.`,
      { cause: error },
    );
  }
  await withLock(
    join(cache, `.${name}.lock`),
    () => tell('another process is fetching it; waiting'),
    async () => {
      if ((await findRoot(wanted, folder)) === undefined) await fetchInto(wanted, cache, folder, tell);
    },
  );
  const fetched = await findRoot(wanted, folder);
  if (fetched === undefined) throw new FetchError(`${title} is not in ${folder} after fetching it.`);
  return fetched;
}
