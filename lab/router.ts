/**
 * The router as a user runs it: a process of its own, started from src/main.ts with the environment of the contract, known by its process id alone.
 * It dies with the process that started it. It must never reach into the router: what there is to know comes from its log and its HTTP API.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { awaitThat } from './asterisk/deadline.ts';
import { RouterLog } from './router-log.ts';

const ROOT = resolve(import.meta.dirname, '..');
const MAIN = resolve(ROOT, 'src/main.ts');
const SETPRIV = '/usr/bin/setpriv';
const START_MS = 120_000;
const STOP_MS = 60_000;
const LOOK_MS = 5_000;

export type RouterEnvironment = Readonly<Record<string, string>>;

export class LabRouter {
  /** Everything it wrote, over all its lives. */
  readonly log = new RouterLog();
  /** `http://127.0.0.1:port` of its API. */
  readonly url: string;
  /** What its next life is started with; a test may change it before start(). */
  environment: RouterEnvironment;
  /** When its present life began, ms since 1970. */
  startedAtMs = 0;
  #child: ChildProcess | undefined;
  #gone: Promise<number | NodeJS.Signals> = Promise.resolve(0);
  readonly #endWithUs = (): void => {
    this.#child?.kill('SIGKILL');
  };

  constructor(url: string, environment: RouterEnvironment) {
    this.url = url;
    this.environment = environment;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** Starts it and waits until /healthz says 200. Throws, with the log's tail, when it exits or is not healthy within two minutes. */
  async start(): Promise<void> {
    if (this.isRunning) return;
    this.launch();
    await this.waitUntilHealthy();
  }

  /** Starts the process and waits for nothing: for tests of how it starts. */
  launch(): void {
    if (this.isRunning) throw new Error(`the router runs already (pid ${this.pid})`);
    this.startedAtMs = Date.now();
    // A parent that is killed cannot end its children itself: the kernel does it.
    const withParent = existsSync(SETPRIV)
      ? [SETPRIV, '--pdeathsig', 'KILL', '--', process.execPath]
      : [process.execPath];
    const [file = '', ...args] = [...withParent, MAIN];
    const child = spawn(file, args, {
      cwd: ROOT,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C in a terminal is for us; the router is ended by its id.
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => this.log.take(piece));
    }
    process.once('exit', this.#endWithUs);
    const { promise, resolve: gone } = Promise.withResolvers<number | NodeJS.Signals>();
    const end = (how: number | NodeJS.Signals): void => {
      process.off('exit', this.#endWithUs);
      this.#child = undefined;
      gone(how);
    };
    // 'close' comes after the last of the output, and also when it could not be started.
    child.once('error', (error) => this.log.remark(`(the router could not be started: ${error.message})`));
    child.once('close', (code, signal) => {
      this.log.remark(`(the router ended: ${signal ?? `exit status ${code}`})`);
      end(signal ?? code ?? -1);
    });
    this.#gone = promise;
  }

  /** Throws, with the log's tail, when it exits or is not healthy within the deadline. */
  async waitUntilHealthy(withinMs = START_MS): Promise<void> {
    let last = 'no answer';
    await awaitThat(
      async () => {
        if (!this.isRunning) throw new Error(`The router ended while it started. Its log:\n${this.log.tail()}`);
        const answer = await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(LOOK_MS) }).catch(
          () => undefined,
        );
        last = answer === undefined ? 'no answer' : `${answer.status} ${await answer.text().catch(() => '')}`;
        return answer?.status === 200 ? true : undefined;
      },
      withinMs,
      async () =>
        `The router is not healthy after ${withinMs / 1000} s: /healthz says ${last}. Its log:\n${this.log.tail()}`,
    );
  }

  /** kill -9; resolves when it is gone. start() begins a new life on the same port and database. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#gone;
  }

  /**
   * SIGTERM; resolves with the exit status, or with the signal's name. One that does not end within a minute is killed, and that is an error.
   */
  async terminate(): Promise<number | NodeJS.Signals> {
    this.#child?.kill('SIGTERM');
    let overdue = false;
    const late = setTimeout(() => {
      overdue = true;
      this.#child?.kill('SIGKILL');
    }, STOP_MS);
    const how = await this.#gone;
    clearTimeout(late);
    if (overdue) throw new Error(`The router did not end within ${STOP_MS / 1000} s of SIGTERM.\n${this.log.tail()}`);
    return how;
  }

  /** terminate() and start(). */
  async restart(): Promise<void> {
    await this.terminate();
    await this.start();
  }

  /** From now on it stands still, with all its connections open; until goOn(). */
  standStill(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  /** From now on nobody reads what it writes, as if its reader stood still; until readOn(). */
  stopReading(): void {
    this.#child?.stdout?.pause();
  }

  readOn(): void {
    this.#child?.stdout?.resume();
  }

  /** Whoever reads what it writes goes away, and does not come back in this life. */
  closeLog(): void {
    this.#child?.stdout?.destroy();
  }

  /** Resolves with how it ended, for a router that ends by itself. */
  ended(): Promise<number | NodeJS.Signals> {
    return this.#gone;
  }

  /** Sockets that the process has open, listening ones included. */
  async sockets(): Promise<number> {
    const folder = `/proc/${this.pid}/fd`;
    const links = await Promise.all(
      (await readdir(folder)).map((name) => readlink(`${folder}/${name}`).catch(() => '')),
    );
    return links.filter((link) => link.startsWith('socket:')).length;
  }

  /** Resident memory, in MB. */
  async memoryMb(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
  }
}
