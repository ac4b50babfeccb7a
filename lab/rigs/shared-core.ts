/**
 * Asterisk on a core that it shares with busy loops, and everything else of ours on the other cores: a machine that is too small. The loops have a session of their
 * own each, for Linux shares a core between sessions, not threads (autogroup); so that two loops leave Asterisk a third of it. Needs taskset, two cores and
 * no root. It must leave no loop behind, and every process where it may run everywhere.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { promisify } from 'node:util';
import type { Lab } from '../lab.ts';

const run = promisify(execFile);
/** Both are of util-linux. */
const TASKSET = '/usr/bin/taskset';
const SETPRIV = ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--'];

export class SharedCore implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #loops: readonly ChildProcess[];

  private constructor(lab: Lab, loops: readonly ChildProcess[]) {
    this.#lab = lab;
    this.#loops = loops;
  }

  /** Throws where there is but one core, or no taskset. */
  static async of(lab: Lab, loops = 2): Promise<SharedCore> {
    const cores = cpus().length;
    if (cores < 2)
      throw new Error('overload needs two cores: one for Asterisk and the busy loops, the other for all else');
    const last = String(cores - 1);
    if (!existsSync(TASKSET)) throw new Error(`overload needs ${TASKSET}: install util-linux`);
    await pin(lab.asterisk.pid(), last);
    const others = cores === 2 ? '0' : `0-${cores - 2}`;
    for (const pid of [process.pid, lab.router.pid]) await pin(pid, others);
    const busy = Array.from({ length: loops }, () =>
      spawn(TASKSET, ['-c', last, ...SETPRIV, 'sh', '-c', 'while :; do :; done'], {
        stdio: 'ignore',
        detached: true,
      }),
    );
    return new SharedCore(lab, busy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const loop of this.#loops) loop.kill('SIGKILL');
    const all = `0-${cpus().length - 1}`;
    for (const pid of [this.#lab.asterisk.pid(), process.pid, this.#lab.router.pid]) {
      // Whoever is gone needs no core.
      await pin(pid, all).catch(() => undefined);
    }
  }
}

/** All threads of a process. */
async function pin(pid: number, cores: string): Promise<void> {
  await run(TASKSET, ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)]);
}
