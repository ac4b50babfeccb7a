/**
 * Debian as debootstrap makes it, kept in the cache as one file for each version. Needs root, debootstrap and systemd-nspawn; `missingHere` says what of them this machine
 * lacks. A root that was not finished must never lie under the final name.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { findDebianArchive } from '../../lab/asterisk/apt-sources.ts';
import { withLock } from '../../lab/asterisk/fetch-lock.ts';

const run = promisify(execFile);
const CACHE = process.env.XIVO_MAPP_LAB_CACHE ?? resolve(import.meta.dirname, '../../.cache');
const PROGRAMS = ['/usr/sbin/debootstrap', '/usr/bin/systemd-nspawn', '/usr/bin/zstd'];

export const SUITES = ['bullseye', 'bookworm', 'trixie'] as const;
export type Suite = (typeof SUITES)[number];

/** Undefined: real Debians can be had. */
export function missingHere(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root';
  const missing = PROGRAMS.filter((program) => !existsSync(program));
  if (missing.length === 0)
    return spawnSync('unshare', ['--mount', '--pid', '--net', '--fork', 'true']).status === 0
      ? undefined
      : 'no namespace can be made';
  return `there is no ${missing.join(', ')}: apt-get install --no-install-recommends debootstrap systemd-container zstd`;
}

/** @returns a folder in the cache of the caller's own, with a fresh root in it */
export async function freshRoot(suite: Suite): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  const packed = join(CACHE, `debian-${suite}.tar.zst`);
  await withLock(
    `${packed}.lock`,
    () => undefined,
    async () => {
      if (!existsSync(packed)) await pack(suite, packed);
    },
  );
  const folder = await mkdtemp(join(CACHE, `.debian-${suite}-`));
  await run('tar', ['-C', folder, '-xpf', packed]);
  return folder;
}

async function pack(suite: Suite, packed: string): Promise<void> {
  const work = await mkdtemp(join(CACHE, `.debootstrap-${suite}-`));
  try {
    const { uri, keyrings } = await findDebianArchive();
    const keyring = keyrings[0] === undefined ? [] : [`--keyring=${keyrings[0]}`];
    const root = join(work, 'root');
    await run('debootstrap', ['--variant=minbase', '--include=systemd,adduser', ...keyring, suite, root, uri], {
      maxBuffer: 1e8,
    });
    await run('sh', ['-c', 'rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*', '-', root]);
    await run('tar', ['-C', root, '--zstd', '-cpf', join(work, 'packed'), '.']);
    await rename(join(work, 'packed'), packed);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
