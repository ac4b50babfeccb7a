/**
 * What operators start is the router itself: a signal to it, to the npm that started it, or in its terminal ends it as it should, and nobody holds its ports. It runs as
 * scripts/start and npm start do, with the npm of this machine; .ci/fresh-machine repeats it with other ones.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readlink, realpath } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RouterLog } from '../../lab/router-log.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Bounds a hang: npm alone needs seconds on a slow machine. */
const WITHIN_MS = 240_000;
const CTRL_C = '\x03';
const SETTINGS = {
  ARI_URL: 'http://127.0.0.1:1',
  ARI_USERNAME: 'router',
  ARI_PASSWORD: 'a-secret-password',
  API_KEY: 'a-secret-key-of-the-api',
  HTTP_PORT: '0',
  AGI_PORT: '0',
  DATABASE_URL: 'sqlite::memory:',
};
const { PATH = '', HOME = '' } = process.env;

class Started {
  readonly log = new RouterLog();
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly child: ChildProcess;

  constructor(command: readonly [string, ...string[]], settings: Readonly<Record<string, string>>) {
    const [file, ...args] = command;
    const child = spawn(file, args, { cwd: ROOT, env: { PATH, HOME, ...settings }, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => this.log.take(piece.replaceAll('\r', '')));
    }
    // 'close', not 'exit': whoever is left behind keeps its output open.
    const { promise, resolve, reject } = Promise.withResolvers<number | NodeJS.Signals>();
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code ?? -1));
    this.child = child;
    this.ended = promise;
  }

  async ports(): Promise<readonly number[]> {
    const lines = [
      await this.log.waitFor(/HTTP listens/, WITHIN_MS),
      await this.log.waitFor(/FastAGI listens/, WITHIN_MS),
    ];
    return lines.map(({ text }) => Number(/:(\d+)$/.exec(text)?.[1]));
  }
}

describe('the router as an operator starts it', () => {
  let started: Started | undefined;
  const start = (command: readonly [string, ...string[]], settings: Readonly<Record<string, string>> = SETTINGS) => {
    started = new Started(command, settings);
    return started;
  };

  afterEach(async () => {
    started?.child.kill('SIGKILL');
    await started?.ended;
    started = undefined;
  });

  it('without settings says what is missing, with status 78', async () => {
    const router = start(['scripts/start'], {});
    expect(await router.ended).toBe(78);
    expect(router.log.find(/^ {2}(ARI_USERNAME|ARI_PASSWORD|API_KEY): /)).toHaveLength(3);
  });

  it('scripts/start is the router’s own process, and ends at SIGTERM as it should', async () => {
    const router = start(['scripts/start']);
    const ports = await router.ports();
    expect(await realpath(await readlink(`/proc/${router.child.pid}/exe`))).toBe(await realpath(process.execPath));
    router.child.kill('SIGTERM');
    expect(await router.ended).toBe(0);
    expect(await Promise.all(ports.map(isHeld))).toEqual([false, false]);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('%s to npm start alone leaves nobody behind', async (signal) => {
    const npm = start(['npm', 'start']);
    const ports = await Promise.race([npm.ports(), npm.ended]);
    if (!Array.isArray(ports)) {
      // This npm would keep SIGTERM to itself.
      expect([ports, npm.log.find(/Start scripts\/start itself/).length]).toEqual([1, 1]);
      return;
    }
    npm.child.kill(signal);
    await npm.ended;
    expect(npm.log.find(/SIGTERM: the router stops/)).toHaveLength(1);
    expect(await Promise.all(ports.map(isHeld))).toEqual([false, false]);
  });

  it('Ctrl-C in the terminal of npm start asks the router once, though npm passes it on', async () => {
    const terminal = start(['script', '--quiet', '--return', '--flush', '--command', 'exec npm start', '/dev/null']);
    const ports = await Promise.race([terminal.ports(), terminal.ended]);
    if (!Array.isArray(ports)) return;
    terminal.child.stdin?.write(CTRL_C);
    expect(await terminal.ended).toBe(0);
    expect(terminal.log.find(/SIGINT: the router stops/)).toHaveLength(1);
    expect(await Promise.all(ports.map(isHeld))).toEqual([false, false]);
  });

  it.each([
    { npm: '9.2.0', keepsSignals: false },
    { npm: '9.6.6', keepsSignals: false },
    { npm: '9.6.7', keepsSignals: true },
    { npm: '9.9.4', keepsSignals: true },
    { npm: '10.2.5', keepsSignals: true },
    { npm: '10.3.0', keepsSignals: false },
    { npm: '11.21.2', keepsSignals: false },
  ])(
    'under npm $npm: refused where that npm keeps signals to itself ($keepsSignals)',
    async ({ npm, keepsSignals }) => {
      const asNpmDoes = { npm_lifecycle_event: 'start', npm_config_user_agent: `npm/${npm} node/v18.19.0 linux x64` };
      const router = start(['scripts/start'], asNpmDoes);
      // Without settings, whoever is not refused ends with 78.
      expect(await router.ended).toBe(keepsSignals ? 1 : 78);
      expect(router.log.find(/this npm passes no SIGTERM on to the router\. Start scripts\/start itself/)).toHaveLength(
        keepsSignals ? 1 : 0,
      );
    },
  );
});

async function isHeld(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
  const held = await promise;
  socket.destroy();
  return held;
}
