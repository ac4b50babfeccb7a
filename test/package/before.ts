/** The version before the package under test: the same with another number and an older dialplan. */
import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function packageBefore(current: string, into: string): Promise<string> {
  const tree = await mkdtemp(join(into, 'before-'));
  await run('dpkg-deb', ['-R', current, tree]);
  const control = join(tree, 'DEBIAN/control');
  await writeFile(control, (await readFile(control, 'utf8')).replace('Version: 2.0.0', 'Version: 1.0.0'));
  await appendFile(join(tree, 'usr/share/xivo-mapp/dialplan/xivo-mapp.conf'), '; as it was before\n');
  const path = join(into, 'xivo-mapp_1.0.0_amd64.deb');
  await run('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, path]);
  await rm(tree, { recursive: true });
  return path;
}
