/**
 * Signals and faults that meet a running router: those that are none of its own cost no caller the call, and open no door into it; those that end it do so in good order; and a fault that
 * nobody has foreseen ends it with a word, and the next run goes on with the callers who wait.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { waits, wakesOf } from '../../../lab/rigs/death.ts';
import type { LabRouter } from '../../../lab/router.ts';
import { ignoredSignals } from '../../../src/system/signals.ts';

/** A mobile that the test itself wakes. */
const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;
const IGNORED = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGPROF', 'SIGIO', 'SIGPWR'] as const;
const ALSO_IGNORED = ['SIGSTKFLT', 'SIGXCPU', 'SIGTSTP', 'SIGTTIN'] as const;
/** Node or the kernel ignores them by themselves. */
const NEVER_SEEN = ['SIGPIPE', 'SIGXFSZ', 'SIGCHLD', 'SIGURG', 'SIGWINCH', 'SIGCONT'] as const;
/** SIGURG does nothing to any process: here it stands for a fault of the program's own. */
const FAULTY = {
  exception: `process.on('SIGURG',()=>{throw new Error('a fault of this test')})`,
  rejection: `process.on('SIGURG',()=>{Promise.reject(new Error('a fault of this test'))})`,
} as const;

/** Ports on which the process listens. */
async function listeningOn({ pid }: LabRouter): Promise<readonly number[]> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
  const own = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')));
  return tables
    .flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && own.has(inode))
    .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16))
    .sort((a, b) => a - b);
}

/** Whether the process takes that signal by itself, as the kernel has it. */
async function catches({ pid }: LabRouter, number: number): Promise<true | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const caught = BigInt(`0x${/^SigCgt:\s+(\w+)/m.exec(status)?.[1] ?? '0'}`);
  return (caught >> BigInt(number - 1)) & 1n ? true : undefined;
}

describe.each([16, 22] as const)('a router that is sent a signal, on Asterisk %i', (version) => {
  let lab: Lab;
  let environment: LabRouter['environment'];
  beforeAll(async () => {
    const globals = 'XIVO_MAPP_MSG_SOUND = beep\nXIVO_MAPP_LOOPS_INTERVAL = 20';
    lab = await startLab({ version, globals, asterisk: { mohDefault: 'tone' } });
    environment = lab.router.environment;
  });
  afterEach(async () => {
    lab.router.environment = environment;
    await lab.router.start();
    await lab.nothingRemains();
  });
  afterAll(() => lab?.stop());

  const connects = async (call: Awaited<ReturnType<typeof comes>>): Promise<void> => {
    const { alice, carol } = call;
    await alice.mobile.wake();
    await alice.mobile.answer();
    await carol.talksWith(alice.mobile);
    await carol.hangUp();
    expect(await lab.ending(carol)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(wakesOf(alice.mobile)).toBe(1);
  };
  const comes = async () => {
    const alice = await lab.user(sleeper);
    const carol = await lab.caller().call(alice);
    await waits(lab, carol);
    return { alice, carol };
  };

  it('that is none of its own: the call goes on, the log says so, and nobody can look inside', async () => {
    expect([...IGNORED, ...ALSO_IGNORED].sort()).toEqual(Object.keys(ignoredSignals).sort());
    const call = await comes();
    const { pid } = lab.router;
    const ports = await listeningOn(lab.router);
    for (const signal of NEVER_SEEN) process.kill(pid, signal);
    for (const signal of [...IGNORED, ...ALSO_IGNORED]) {
      process.kill(pid, signal);
      await lab.router.log.waitFor(`WARN  ${signal} is ignored: `);
    }
    expect(await listeningOn(lab.router)).toEqual(ports);
    expect(lab.router.log.find(/Debugger listening/)).toEqual([]);
    expect(lab.router.pid).toBe(pid);
    await connects(call);
  });

  it.each(['SIGQUIT', 'SIGINT'] as const)('%s: ends in good order, with the caller given back', async (signal) => {
    const { carol } = await comes();
    process.kill(lab.router.pid, signal);
    expect(await lab.router.ended()).toBe(0);
    expect(
      lab.router.log.find(new RegExp(`INFO {2}${signal}: the router stops; a second signal ends it at once`)),
    ).toHaveLength(1);
    // From here on it is the dialplan's, which waits for the next run for some seconds, and then rings by itself.
    await carol.hangUp();
    expect(await lab.ending(carol)).toMatchObject({ reason: expect.stringMatching(/^router-(stopping|absent)$/) });
  });

  it('while it starts: it starts all the same', async () => {
    await lab.router.terminate();
    lab.router.launch();
    await awaitThat(
      () => catches(lab.router, 1),
      SOON_MS,
      async () => `the router does not catch SIGHUP\n${lab.router.log.tail()}`,
    );
    const sinceMs = lab.router.log.lines.at(-1)?.atMs ?? 0;
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.kill(lab.router.pid, signal);
    await lab.router.waitUntilHealthy();
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'])
      await lab.router.log.waitFor(`WARN  ${signal} is ignored: `, SOON_MS, sinceMs);
    expect(lab.router.log.find(/Debugger listening/)).toEqual([]);
  });

  it.each(Object.entries(FAULTY))(
    'a fault of its own (%s): it says so, ends with 1, and the caller goes on with the next run',
    async (_, script) => {
      await lab.router.terminate();
      lab.router.environment = {
        ...environment,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}`,
      };
      await lab.router.start();
      const call = await comes();
      process.kill(lab.router.pid, 'SIGURG');
      expect(await lab.router.ended()).toBe(1);
      const [told] = lab.router.log.find(/ERROR an unexpected fault ends the router; callers who wait stay/).slice(-1);
      expect(told?.text).toContain('a fault of this test');
      lab.router.environment = environment;
      await lab.router.start();
      await connects(call);
    },
  );
});
