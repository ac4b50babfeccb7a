/** Builds the Debian package; scripts/package starts it. The last line on standard output is the package's path. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { layOut } from './tree.ts';

const ROOT = join(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { version: { type: 'string' }, into: { type: 'string' } } });
const { version = '' }: { version?: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const into = resolve(values.into ?? join(ROOT, '.cache/package'));
mkdirSync(into, { recursive: true });
const work = mkdtempSync(join(into, '.build-'));
try {
  const tree = join(work, 'tree');
  await layOut(ROOT, tree, values.version ?? version);
  const name = `xivo-mapp_${values.version ?? version}_amd64.deb`;
  // One thread: how xz cuts its input depends on their number. Debian 11 knows no zstd. The first level makes little more of Node.js than the sixth, in a fifth of the time.
  const packed = ['--root-owner-group', '-Zxz', '-z1', '--threads-max=1', '--build', tree, join(work, name)];
  execFileSync('dpkg-deb', packed, { env: { ...process.env, SOURCE_DATE_EPOCH: date() }, stdio: 'ignore' });
  renameSync(join(work, name), join(into, name));
  console.error(`${(statSync(join(into, name)).size / 1e6).toFixed(1)} MB`);
  console.log(join(into, name));
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Seconds since 1970. */
function date(): string {
  return (
    process.env.SOURCE_DATE_EPOCH ??
    execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim()
  );
}
