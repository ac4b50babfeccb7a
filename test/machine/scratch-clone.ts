/**
 * A folder with the scripts under test, a lock of two packages and an npm of the test's own: for what goes wrong on a machine where the real npm cannot be made to fail.
 * The real npm is tried by .ci/fresh-machine. Nothing outside the folder is read or written.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../..');
const SCRIPTS = ['scripts/setup', 'scripts/node', 'tools/setup/check-install.ts'];
/** What a Debian machine has without Node.js and npm. */
const TOOLS = ['bash', 'cat', 'dirname', 'env', 'flock', 'ln', 'mkdir', 'rm', 'sha256sum', 'tee'];
const TOOL_FOLDERS = ['/usr/bin', '/bin'];
export const NODE_FOLDER = `node_modules/node-linux-${process.arch}`;
/** An optional package with machine code, as linters and bundlers have them. */
export const BINDING_FOLDER = 'node_modules/binding';
const LOCK = {
  packages: {
    '': {},
    'node_modules/plain': { version: '1.0.0' },
    [NODE_FOLDER]: { version: '24.99.0', optional: true, os: 'linux', cpu: process.arch },
    [BINDING_FOLDER]: { version: '1.0.0', optional: true, os: ['linux'], cpu: [process.arch], libc: ['glibc'] },
    'node_modules/elsewhere': { version: '1.0.0', optional: true, os: ['darwin'], cpu: ['x64', 'arm64'] },
    'node_modules/other-libc': { version: '1.0.0', optional: true, os: ['linux'], cpu: [process.arch], libc: ['musl'] },
  },
};

/** Shell lines for npm(): what a right `npm ci` leaves behind. */
export const INSTALLS = [
  `mkdir -p node_modules/plain ${BINDING_FOLDER} ${NODE_FOLDER}/bin`,
  `echo '{"version": "1.0.0"}' | tee node_modules/plain/package.json >${BINDING_FOLDER}/package.json`,
  `echo '{"version": "24.99.0"}' >${NODE_FOLDER}/package.json`,
  `ln -sf ${process.execPath} ${NODE_FOLDER}/bin/node`,
].join('\n');

export interface Ended {
  readonly status: number | NodeJS.Signals;
  readonly said: string;
}

export class ScratchClone {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<ScratchClone> {
    const clone = new ScratchClone(await mkdtemp(join(tmpdir(), 'scratch-clone-')));
    await mkdir(join(clone.folder, 'bin'));
    for (const path of SCRIPTS) await cp(join(ROOT, path), join(clone.folder, path));
    for (const tool of TOOLS) await symlink(whereIs(tool), join(clone.folder, 'bin', tool));
    await clone.write('package-lock.json', JSON.stringify(LOCK));
    return clone;
  }

  /** From now on `npm` is these lines of bash. It begins by writing its arguments to npm-was-run. */
  async npm(lines: string): Promise<void> {
    await this.write('bin/npm', `#!/usr/bin/env bash\nset -e\necho "$*" >>npm-was-run\n${lines}\n`);
  }

  /** The system's own Node.js, of which only the version can be asked. */
  async systemNode(version: string): Promise<void> {
    await this.write('bin/node', `#!/usr/bin/env bash\necho ${version}\n`);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.folder, name), { recursive: true, force: true });
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.folder, name), text, { mode: 0o755 });
  }

  /** The text of a file, or undefined where there is none. */
  async read(name: string): Promise<string | undefined> {
    return await readFile(join(this.folder, name), 'utf8').catch((error: unknown) => {
      if (z.object({ code: z.enum(['ENOENT', 'EISDIR']) }).safeParse(error).success) return undefined;
      throw error;
    });
  }

  async run(script: string, ...args: string[]): Promise<Ended> {
    const child = spawn(join(this.folder, 'scripts', script), args, {
      cwd: '/',
      env: { PATH: join(this.folder, 'bin'), HOME: this.folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        said += piece;
      });
    }
    const { promise, resolve, reject } = Promise.withResolvers<Ended>();
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ status: signal ?? code ?? -1, said }));
    return await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove('');
  }
}

function whereIs(tool: string): string {
  const found = TOOL_FOLDERS.map((folder) => join(folder, tool)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`this machine has no ${tool}`);
  return found;
}
