/**
 * apt-get and dpkg-deb, used without root and without installing: lists, state and cache live in a work folder, the
 * mirror and its keys are those of the machine's own apt. Never runs a package's scripts, never touches the machine's
 * package state, and never skips the check of the archive's signature.
 */
import { spawn } from 'node:child_process';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findDebianArchive } from './apt-sources.ts';

const NEEDED_MEGABYTES = 1_000;
const PROGRESS_MS = 1_000;

/** What stands in the way of fetching, with its cure. */
export class FetchError extends Error {
  override name: string = 'FetchError';
}

/** There is none for this machine: another try changes nothing. */
export class NothingToFetch extends FetchError {
  override name = 'NothingToFetch';
}

interface Run {
  readonly code: number | null;
  readonly output: string;
}

function run(command: string, args: readonly string[]): Promise<Run> {
  return new Promise((done, fail) => {
    const env = { ...process.env, LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' };
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', fail);
    child.once('close', (code) => done({ code, output }));
  });
}

function explain(step: string, { code, output }: Run, suite: string): FetchError {
  const tail = output.trim().split('\n').slice(-8).join('\n');
  if (/Unable to locate package|has no installation candidate/i.test(output))
    return new NothingToFetch(
      `${step} failed (exit ${code}):\n${tail}\nThe mirror's suite ${suite} does not have it: point apt at another.`,
    );
  const cure = /NO_PUBKEY|not signed|EXPKEYSIG|invalid signature|couldn't be verified/i.test(output)
    ? `The machine's Debian keys do not know suite ${suite}: update the package debian-archive-keyring (sudo apt-get install debian-archive-keyring).`
    : /Could not resolve|Temporary failure|Could not connect|Cannot initiate|Connection (failed|refused|timed out)|Network is unreachable/i.test(
          output,
        )
      ? 'The Debian mirror cannot be reached: check the network, and the proxy in /etc/apt/apt.conf.d.'
      : /No space left|enough free space/i.test(output)
        ? `The disk is full: ${NEEDED_MEGABYTES} MB are needed in the cache folder (XIVO_MAPP_LAB_CACHE moves it).`
        : /404|does not (have|no longer have) a Release file/i.test(output)
          ? `The mirror no longer has suite ${suite}, or changed while it was read: try again, or point apt at another mirror.`
          : 'See its output above for the cause.';
  return new FetchError(`${step} failed (exit ${code}):\n${tail}\n${cure}`);
}

async function mustRun(step: string, suite: string, command: string, args: readonly string[]): Promise<string> {
  const result = await run(command, args);
  if (result.code !== 0) throw explain(step, result, suite);
  return result.output;
}

/** Throws when this machine cannot fetch: wrong architecture, no apt. */
export async function checkMachine(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new NothingToFetch(
      `The lab's programs are Debian's amd64 builds; this is ${process.platform} ${process.arch}. Run it on an amd64 Debian machine or container.`,
    );
  }
  for (const tool of ['apt-get', 'dpkg-deb']) {
    const found = await run(tool, ['--version']).catch(() => undefined);
    if (found?.code !== 0) {
      throw new NothingToFetch(
        `${tool} is missing: the lab takes its programs from Debian's archive. Run it on Debian 11 or later, or in a container of it.`,
      );
    }
  }
}

/** apt's configuration for a world of its own under `work`: nothing of the machine's package state is read or written. */
async function writeAptConf(work: string, suite: string): Promise<string> {
  const { uri, keyrings } = await findDebianArchive();
  for (const name of ['lists/partial', 'archives/partial', 'state', 'etc', 'root']) {
    await mkdir(join(work, name), { recursive: true });
  }
  const signedBy = keyrings.length === 0 ? '' : ` signed-by=${keyrings.join(',')}`;
  await writeFile(join(work, 'etc', 'sources.list'), `deb [arch=amd64${signedBy}] ${uri} ${suite} main\n`);
  await writeFile(join(work, 'state', 'status'), '');
  const conf = join(work, 'etc', 'apt.conf');
  await writeFile(
    conf,
    `APT::Architecture "amd64";
#clear APT::Architectures;
APT::Architectures { "amd64"; };
Dir::Etc::sourcelist "${work}/etc/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "${work}/state";
Dir::State::lists "${work}/lists";
Dir::State::status "${work}/state/status";
Dir::State::extended_states "${work}/state/extended_states";
Dir::Cache "${work}";
Dir::Cache::archives "${work}/archives";
Dir::Log "${work}/state";
APT::Sandbox::User "root";
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
`,
  );
  return conf;
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    // apt renames what it has fetched while we look.
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** A folder in which apt can fetch one suite, and nothing of the machine's own is used but mirror, proxy and keys. */
export interface AptWorld {
  readonly suite: string;
  readonly conf: string;
  readonly archives: string;
}

/** Prepares `work` and reads the suite's package lists into it. */
export async function openSuite(work: string, suite: string): Promise<AptWorld> {
  const conf = await writeAptConf(work, suite);
  const output = await mustRun(`Reading Debian's package list (${suite})`, suite, 'apt-get', [
    '-c',
    conf,
    '-q',
    'update',
  ]);
  // apt-get update exits 0 when a list could not be had and an older one would do; here there is no older one.
  if (/^(W|E): /m.test(output) && !(await readdir(join(work, 'lists'))).some((name) => name.includes('Packages'))) {
    throw explain(`Reading Debian's package list (${suite})`, { code: 0, output }, suite);
  }
  return { suite, conf, archives: join(work, 'archives') };
}

/** Downloads the packages and all that they depend on. Returns the .deb files. */
export async function downloadPackages(
  world: AptWorld,
  packages: readonly string[],
  onProgress: (line: string) => void,
): Promise<string[]> {
  const install = ['-c', world.conf, '-q', '-y', '--no-install-recommends', 'install', ...packages];
  const listing = await mustRun('Choosing packages', world.suite, 'apt-get', ['--print-uris', ...install]);
  const sizes = [...listing.matchAll(/^'[^']+' \S+ (\d+)/gm)].map((match) => Number(match[1]));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const startedMs = performance.now();
  const tell = async (): Promise<void> => {
    const seconds = (performance.now() - startedMs) / 1000;
    const bytes = Math.min(await folderBytes(world.archives), total);
    onProgress(
      `downloading ${sizes.length} packages: ${megabytes(bytes)} of ${megabytes(total)} MB (${seconds.toFixed(0)} s)`,
    );
  };
  await tell();
  const timer = setInterval(() => {
    // Progress is for the reader only: a look that fails must not fail the download.
    tell().catch(() => undefined);
  }, PROGRESS_MS);
  try {
    await mustRun('Downloading packages', world.suite, 'apt-get', ['--download-only', ...install]);
  } finally {
    clearInterval(timer);
  }
  onProgress(`downloaded ${megabytes(total)} MB`);
  const files = await readdir(world.archives);
  return files.filter((name) => name.endsWith('.deb')).map((name) => join(world.archives, name));
}

/** Unpacks the packages into `root`, one after another: they share folders. */
export async function unpackPackages(
  files: readonly string[],
  root: string,
  suite: string,
  onProgress: (line: string) => void,
): Promise<void> {
  let toldMs = performance.now();
  for (const [index, file] of files.entries()) {
    await mustRun(`Unpacking ${file.replace(/^.*\//, '')}`, suite, 'dpkg-deb', ['-x', file, root]);
    if (performance.now() - toldMs < PROGRESS_MS) continue;
    toldMs = performance.now();
    onProgress(`unpacking: ${index + 1} of ${files.length} packages`);
  }
  onProgress(`unpacked ${files.length} packages`);
}
