/** The end of a process that still waits for the system: a pipe without a writer stands for the name server that says nothing. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const LEAVE = resolve(import.meta.dirname, '../../src/system/leave.ts');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mapp-leave-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** How a process ends that runs this and then leaves with 3. */
async function endOf(before: string): Promise<readonly unknown[]> {
  const script = `import { open } from 'node:fs';
    import { leave } from ${JSON.stringify(LEAVE)};
    process.on('SIGTERM', () => undefined);
    ${before}
    setImmediate(() => leave(process, 3));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  const overdue = setTimeout(() => child.kill('SIGKILL'), 10_000);
  const end = await once(child, 'exit');
  clearTimeout(overdue);
  return end;
}

it('leaves with its status where nothing is under way', async () => {
  expect(await endOf('')).toEqual([3, null]);
});

it('leaves with its status where a file is being read, which takes no time', async () => {
  expect(await endOf(`open(${JSON.stringify(LEAVE)}, 'r', () => undefined);`)).toEqual([3, null]);
  expect(
    await endOf(
      `await new Promise((done) => setTimeout(done, 5)); open(${JSON.stringify(LEAVE)}, 'r', () => undefined);`,
    ),
  ).toEqual([3, null]);
});

it('does not wait for what the system may never give back', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('/usr/bin/mkfifo', [pipe]);
  expect(await endOf(`open(${JSON.stringify(pipe)}, 'r', () => undefined);`)).toEqual([null, 'SIGTERM']);
});
