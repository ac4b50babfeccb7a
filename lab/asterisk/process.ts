/**
 * One running Asterisk process: started through its own loader, known by its process id alone, and ended for sure. It
 * dies with the process that started it, however that one ends. Never signals anything but the child it started.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { AsteriskInstall } from './fetch.ts';

const SETPRIV = '/usr/bin/setpriv';

const CRASHES: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL']);

/** Host names are never needed; if one is asked for all the same, the resolver gives up in a second rather than in ten. */
const ENVIRONMENT = {
  LC_ALL: 'C',
  TZ: 'UTC',
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  RES_OPTIONS: 'timeout:1 attempts:1',
};

export interface AsteriskProcess {
  readonly pid: number;
  /** True once the process is gone. */
  exited(): boolean;
  /** The signal by which it has ended itself, as by SIGSEGV; undefined where it has not. */
  crash(): string | undefined;
  /** What it wrote to its standard outputs: the reason, when it could not even start. */
  output(): string;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

function command(install: AsteriskInstall, asteriskConf: string, args: readonly string[]): string[] {
  const { loader, libraryPath, binary } = install;
  return [loader, '--inhibit-cache', '--library-path', libraryPath, binary, '-C', asteriskConf, ...args];
}

/** A parent that is killed cannot end its children itself: the kernel does it. */
export function endsWithParent(command: readonly string[]): string[] {
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--', ...command] : [...command];
}

export function spawnAsterisk(install: AsteriskInstall, asteriskConf: string, cwd: string): AsteriskProcess {
  const [file = '', ...args] = endsWithParent(command(install, asteriskConf, ['-f', '-n']));
  const child: ChildProcess = spawn(file, args, { cwd, env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-20_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  let exited = false;
  let crash: string | undefined;
  const endWithUs = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', endWithUs);
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      exited = true;
      process.off('exit', endWithUs);
      resolve();
    };
    child.once('exit', (code, signal) => {
      output += `\n(exit ${code ?? signal})`;
      if (signal !== null && CRASHES.has(signal)) crash = signal;
      end();
    });
    child.once('error', (error) => {
      output += `\n${error.message}`;
      end();
    });
  });
  return {
    pid: child.pid ?? -1,
    exited: () => exited,
    crash: () => crash,
    output: () => output,
    gone,
    signal: (name) => {
      if (!exited) child.kill(name);
    },
  };
}

/** Runs one command of Asterisk's command line through its control socket. Throws when Asterisk does not answer within `timeoutMs`. */
export function askCommandLine(
  install: AsteriskInstall,
  asteriskConf: string,
  line: string,
  timeoutMs: number,
): Promise<string> {
  const [file = '', ...args] = command(install, asteriskConf, ['-rx', line]);
  return new Promise((resolve, reject) => {
    execFile(file, args, { env: ENVIRONMENT, timeout: timeoutMs, maxBuffer: 50e6 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else
        reject(new Error(`Asterisk did not answer "${line}": ${stderr || stdout || error.message}`, { cause: error }));
    });
  });
}
