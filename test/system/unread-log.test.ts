/**
 * A log that nobody reads, as the system has it: standard output is a pipe, a socket or a terminal whose reader stands still, or is gone. A program of its own logs into it, for only the real
 * streams of a process behave like themselves.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

const LOG = new URL('../../src/system/log.ts', import.meta.url).href;
/** Some hundred bytes each: three times what may wait. */
const LINES = 30_000;
/** For a program that has to start, on a machine that is busy. */
const SLOW = { timeout: 60_000 } as const;
const MOST_WAITING_BYTES = 4_100_000;

/** Logs so many lines when told to, and says how it stands; an error after them, to see what finds room. */
const PROGRAM = `
import { setImmediate as turn } from 'node:timers/promises';
import { openLog, outputOf } from ${JSON.stringify(LOG)};
const to = outputOf(process);
const log = openLog({ level: 'info', to });
process.on('message', async (lines) => {
  if (lines === 'end') {
    await log.close();
    process.exit(0);
  }
  for (let n = 1; n <= lines; n += 1) {
    log.info('line', { n, filler: 'x'.repeat(300) });
    if (n % 100 === 0) await turn();
  }
  log.error('an error comes last');
  process.send({ waitingBytes: to.writableLength, trouble: log.trouble() ?? '' });
});
process.send({ waitingBytes: 0, trouble: '' });`;

const answerSchema = z.object({ waitingBytes: z.number(), trouble: z.string() });

let folder: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mapp-log-'));
});
afterEach(async () => {
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await gone;
  }
  child = undefined;
  rmSync(folder, { recursive: true });
});

interface Reader {
  /** Reads on from where it stopped, until a line fits. Gives all that it has read. */
  readUntil(line: RegExp): Promise<string>;
  /** Goes, and does not come back. */
  leave(): void;
}

const programArgs = ['--input-type=module', '--eval', PROGRAM];

function gather(stream: NodeJS.ReadableStream): Reader['readUntil'] {
  return async (line) => {
    let text = '';
    for await (const piece of stream) {
      text += String(piece);
      if (line.test(text)) break;
    }
    return text;
  };
}

/** The program, with nobody who reads what it logs. */
const starts: Readonly<Record<string, () => Reader>> = {
  pipe: () => {
    const path = join(folder, 'pipe');
    execFileSync('/usr/bin/mkfifo', [path]);
    const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writing = openSync(path, constants.O_WRONLY);
    child = spawn(process.execPath, programArgs, { stdio: ['ignore', writing, 'inherit', 'ipc'] });
    closeSync(writing);
    return {
      // A pipe that has nothing for us in this moment is no end of it.
      readUntil: (line) => gather(spawnCat(reading))(line),
      leave: () => closeSync(reading),
    };
  },
  socket: () => {
    child = spawn(process.execPath, programArgs, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    const { stdout } = child;
    if (stdout === null) throw new Error('no output');
    return { readUntil: gather(stdout), leave: () => void stdout.destroy() };
  },
  terminal: () => {
    const command = [process.execPath, ...programArgs].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    child = spawn('/usr/bin/script', ['-qfec', `exec ${command}`, '/dev/null'], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const terminal = child;
    const { stdout } = child;
    if (stdout === null) throw new Error('no output');
    return {
      readUntil: (line) => {
        terminal.kill('SIGCONT');
        return gather(stdout)(line);
      },
      leave: () => undefined,
    };
  },
};

function spawnCat(from: number): NodeJS.ReadableStream {
  const { stdout } = spawn('/bin/cat', [], { stdio: [from, 'pipe', 'inherit'] });
  closeSync(from);
  if (stdout === null) throw new Error('no output');
  return stdout;
}

async function answer(): Promise<z.infer<typeof answerSchema>> {
  if (child === undefined) throw new Error('no program');
  const [message] = await once(child, 'message');
  return answerSchema.parse(message);
}

describe.each(Object.entries(starts))('a %s that nobody reads', (kind, start) => {
  it(
    'holds nobody up, and costs no more memory than may wait; the gap is told when it is read again',
    SLOW,
    async () => {
      const { readUntil } = start();
      await answer();
      if (kind === 'terminal') child?.kill('SIGSTOP');
      child?.send(LINES);
      const { waitingBytes, trouble } = await answer();
      expect(waitingBytes).toBeLessThan(MOST_WAITING_BYTES);
      expect(trouble).toMatch(/^nobody reads the log, and lines are dropped: look at/);
      const text = await readUntil(/lines are missing[^\n]*\n/);
      const [, missing, info] =
        /WARN {2}(\d+) lines are missing from the log before this one \((\d+) info\)/.exec(text) ?? [];
      expect(info).toBe(missing);
      expect(text.split('\n').filter((line) => / INFO {2}line n=/.test(line))).toHaveLength(LINES - Number(missing));
      // What matters more has found room.
      expect(text).toContain('ERROR an error comes last');
    },
  );
});

it.each(['pipe', 'socket'] as const)(
  'a %s whose reader is gone holds nobody up either, and shows on /healthz',
  SLOW,
  async (kind) => {
    const { leave } = starts[kind]?.() ?? { leave: () => undefined };
    await answer();
    leave();
    child?.send(LINES);
    const { waitingBytes, trouble } = await answer();
    expect(waitingBytes).toBeLessThan(MOST_WAITING_BYTES);
    expect(trouble).toMatch(
      /^whoever read the log is gone \(.*E\w+\): restart the router with its output where it is read$/,
    );
    const ended = child && once(child, 'exit');
    child?.send('end');
    expect(await ended).toEqual([0, null]);
  },
);

it('a reader that stands still does not keep the process from its end', SLOW, async () => {
  starts.socket?.();
  await answer();
  child?.send(LINES);
  await answer();
  const ended = child && once(child, 'exit');
  child?.send('end');
  expect(await ended).toEqual([0, null]);
});

it('a file has every line', SLOW, async () => {
  const file = join(folder, 'log');
  const fd = openSync(file, 'a');
  child = spawn(process.execPath, programArgs, { stdio: ['ignore', fd, 'inherit', 'ipc'] });
  closeSync(fd);
  await answer();
  child.send(LINES);
  expect((await answer()).trouble).toBe('');
  expect(readFileSync(file, 'utf8').match(/ INFO {2}line n=/g)).toHaveLength(LINES);
});
