/**
 * A real Debian with its own systemd as process 1 of a namespace, with a network of its own unless it is to share the machine's. It must leave no process, mount or file behind.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';
import { freshRoot, type Suite } from './roots.ts';

const run = promisify(execFile);
const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  HOME: '/root',
  DEBIAN_FRONTEND: 'noninteractive',
};
const UNTIL = { timeout: 60_000, interval: 50 };
/** What a running system writes by itself. */
const VOLATILE = [
  'proc',
  'sys',
  'dev',
  'run',
  'tmp',
  'root',
  'var/tmp',
  'var/log',
  'var/lib/dpkg',
  'var/lib/systemd',
  'var/cache/ldconfig',
];

export interface Ended {
  readonly status: number;
  /** Standard output and standard error. */
  readonly said: string;
}

export class Debian {
  readonly root: string;
  private container: ChildProcess | undefined;
  /** Process 1 of the namespace, as this machine numbers it. */
  private leader = 0;

  private constructor(root: string) {
    this.root = root;
  }

  /** As a root that another system installs into: nothing runs in it. */
  static async atRest(suite: Suite): Promise<Debian> {
    return new Debian(await freshRoot(suite));
  }

  async boot(network: 'own' | 'shared' = 'own'): Promise<void> {
    const options = ['--quiet', '--register=no', '--keep-unit', ...(network === 'own' ? ['--private-network'] : [])];
    const command = ['--pdeathsig', 'KILL', '--', 'systemd-nspawn', ...options, '-D', this.root, '--boot'];
    const container = spawn('setpriv', command, { stdio: 'ignore', env: ENVIRONMENT });
    this.container = container;
    this.leader = await vi.waitFor(() => childOf(container.pid), UNTIL);
    await vi.waitFor(async () => {
      expect((await this.run('systemctl', 'is-system-running')).said).toMatch(/running|degraded/);
    }, UNTIL);
  }

  /** A program inside, without a shell. */
  async run(program: string, ...args: string[]): Promise<Ended> {
    const inside = ['-t', String(this.leader), '-a', '--', program, ...args];
    // Without systemd it is a root that another system installs into.
    const [command, all] =
      this.container === undefined
        ? (['chroot', [this.root, program, ...args]] as const)
        : (['nsenter', inside] as const);
    return await run(command, all, { env: ENVIRONMENT }).then(
      ({ stdout, stderr }) => ({ status: 0, said: stdout + stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        status: code,
        said: stdout + stderr,
      }),
    );
  }

  /** What a program says that must not fail. */
  async ask(program: string, ...args: string[]): Promise<string> {
    const { status, said } = await this.run(program, ...args);
    expect(status, `${program} ${args.join(' ')}: ${said}`).toBe(0);
    return said.trim();
  }

  async read(path: string): Promise<string> {
    return await readFile(join(this.root, path), 'utf8');
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  /** Each file with its kind, mode, owner and sum, but for what a running system writes by itself. */
  async files(): Promise<readonly string[]> {
    const prune = VOLATILE.flatMap((path) => ['-o', '-path', `./${path}/*`]).slice(1);
    const find = ['.', '-xdev', '(', ...prune, ')', '-prune', '-o', '-printf', '%y %m %U:%G %p %l\\n'];
    const { stdout: names } = await run('find', find, { cwd: this.root, maxBuffer: 1e8 });
    const { stdout: sums } = await run('sh', ['-c', 'find etc usr/lib/systemd -type f -exec sha256sum {} +'], {
      cwd: this.root,
      maxBuffer: 1e8,
    });
    return `${names}${sums}`
      .split('\n')
      .filter(
        (line) =>
          !/ (\.\/)?(etc\/(passwd|shadow|group|gshadow|subuid|subgid)- ?$|etc\/machine-id|(etc|var)\/\.updated|etc\/\.pwd\.lock)/.test(
            line,
          ),
      )
      .sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const container = this.container;
    if (container !== undefined && container.exitCode === null && container.signalCode === null) {
      const gone = once(container, 'exit');
      // All that runs in its namespace dies with process 1, and systemd-nspawn ends.
      if (this.leader > 0) process.kill(this.leader, 'SIGKILL');
      else container.kill('SIGKILL');
      await gone;
    }
    await rm(this.root, { recursive: true, force: true });
  }
}

/** The child that is systemd already. */
function childOf(pid: number | undefined): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  const found = children.find((child) => readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'systemd');
  if (found === undefined) throw new Error('systemd does not run yet');
  return Number(found);
}
