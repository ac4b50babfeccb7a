/**
 * The worked example of docs/architecture.md must work as it stands there: its diff applies to a copy of the tree, the copy compiles, and its story is
 * told as it says.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const COPIED = [
  'src',
  'test',
  'lab',
  'tools',
  'scripts',
  'dialplan',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];
const STORY = 'test/call/webapp-after.test.ts';
const CURE = 'the worked example in docs/architecture.md no longer fits the code (a moved or changed file?)';

const diff = /^```diff\n(.*?)^```$/ms.exec(readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8'))?.[1] ?? '';
const folder = mkdtempSync(join(tmpdir(), 'worked-example-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The environment of a vitest inside a vitest is not ours. */
const { PATH, HOME } = process.env;
const environment = { PATH, HOME, GIT_CEILING_DIRECTORIES: tmpdir() };

function run(program: string, args: readonly string[], input?: string): void {
  const done = spawnSync(program, args, { cwd: folder, env: environment, encoding: 'utf8', input });
  const said = `${done.error ?? ''}${done.stdout}${done.stderr}`;
  expect(done.status, `${CURE}: write it anew.\n${program} ${args.join(' ')}\n${said}`).toBe(0);
}

it('applies, compiles, and its story is told', () => {
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  // Whoever follows the example has it in the tree already.
  const isThere = spawnSync('git', ['apply', '-C1', '-R', '--check', '-'], {
    cwd: folder,
    env: environment,
    input: diff,
  });
  if (isThere.status !== 0) run('git', ['apply', '-C1', '-'], diff);
  run(process.execPath, ['node_modules/.bin/tsc', '--noEmit']);
  run(process.execPath, ['node_modules/.bin/vitest', 'run', '--project', 'unit', STORY]);
});
