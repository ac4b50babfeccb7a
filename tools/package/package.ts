/** Builds the Debian package; scripts/package starts it. The last line on standard output is the package's path. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type PackageOptions, readPackageOptions } from './options.ts';
import { layOut } from './tree.ts';

const ROOT = join(import.meta.dirname, '../..');

async function main(): Promise<number> {
  const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const usual = { version, into: join(ROOT, '.cache/package') };
  const options = readPackageOptions(process.argv.slice(2), usual, process.env.CALLED_FROM ?? process.cwd());
  if (typeof options === 'string') {
    console.error(options);
    return 2;
  }
  try {
    console.log(await build(options));
    return 0;
  } catch (error) {
    console.error(`scripts/package: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** @returns the path of the package */
async function build({ version, into }: PackageOptions): Promise<string> {
  const date = process.env.SOURCE_DATE_EPOCH ?? dateOfCommit();
  mkdirSync(into, { recursive: true });
  const work = mkdtempSync(join(into, '.build-'));
  const remove = (): void => rmSync(work, { recursive: true, force: true });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      remove();
      process.exit(1);
    });
  }
  try {
    const tree = join(work, 'tree');
    await layOut(ROOT, tree, version);
    const name = `xivo-mapp_${version}_amd64.deb`;
    // One thread: how xz cuts its input depends on their number. Debian 11 knows no zstd. The first level makes little more of Node.js than the sixth, in a fifth of the time.
    const packed = ['--root-owner-group', '-Zxz', '-z1', '--threads-max=1', '--build', tree, join(work, name)];
    run('dpkg-deb', packed, { ...process.env, SOURCE_DATE_EPOCH: date });
    renameSync(join(work, name), join(into, name));
    console.error(`${(statSync(join(into, name)).size / 1e6).toFixed(1)} MB`);
    return join(into, name);
  } finally {
    remove();
  }
}

/** Seconds since 1970. Says so where there is more in the tree than in the commit. */
function dateOfCommit(): string {
  if (run('git', ['status', '--porcelain']) !== '')
    console.error('There are changes that are in no commit: they go into the package.');
  return run('git', ['log', '-1', '--format=%ct']);
}

/** What it says. Throws with its own words. */
function run(program: string, args: readonly string[], env = process.env): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd: ROOT, env, encoding: 'utf8' });
  if (error !== undefined) throw new Error(`${program}: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args[0]}: ${stderr.trim() || `status ${status}`}`);
  return stdout.trim();
}

process.exitCode = await main();
