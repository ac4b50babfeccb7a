/** The package under test, built by the repository's own command. */
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** @returns the path of the package */
export async function buildPackage(into: string, umask = '022'): Promise<string> {
  const command = `umask ${umask} && exec scripts/package --version 2.0.0 --into '${into}'`;
  const { stdout } = await run('bash', ['-c', command], { cwd: ROOT });
  return stdout.trim();
}

export async function scratchFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'xivo-mapp-package-'));
}
