/**
 * The log: one line per event on a stream, by winston, readable or as JSON. Errors come with message and stack, secrets never come, and phone numbers
 * only at debug level. It must never be left without close(): what has been logged must have gone out before the process ends; and it must never wait
 * for whoever reads it.
 */
import { createWriteStream, fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { createLogger, format, transports } from 'winston';
import type { Log } from '../call/ports.ts';
import { Backlog, type LogLevel } from './backlog.ts';
import { cut, redact } from './redact.ts';

/** How long lines may take to leave at the end, ms: a reader that hangs would keep the process for ever. */
const longestFlushMs = 2_000;

export interface LogOptions {
  readonly level: LogLevel;
  /** Where lines go: standard output. */
  readonly to: Writable;
  /** `line` for people, `json` for collectors, `journal` for people who read systemd's journal. Default: `line`. */
  readonly shape?: 'line' | 'json' | 'journal';
}

/** As the journal of systemd counts them. */
const PRIORITIES: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/** @param journal JOURNAL_STREAM: which file systemd's journal reads. Its owner may have led our output elsewhere since. */
export function shapeOf(journal: string | undefined, fd = 1): 'line' | 'journal' {
  if (journal === undefined) return 'line';
  const { dev, ino } = fstatSync(fd);
  return journal === `${dev}:${ino}` ? 'journal' : 'line';
}

/** What is said of a start that fails before there is a log: an error, as whoever reads that file tells them apart. */
export function errorText(text: string, shape: 'line' | 'journal'): string {
  return shape === 'journal' ? prefixed(text, 'error') : text;
}

/** Each line by itself: the journal takes it for an entry of its own. */
function prefixed(text: string, level: string): string {
  return text.replaceAll(/^/gm, `<${PRIORITIES[level] ?? 6}>`);
}

export interface OpenLog extends Log {
  /** What is wrong with whoever reads the log, in words; undefined: nothing that is known. */
  trouble(): string | undefined;
  /** Resolves when every line has left the process, the stream is gone, or nobody has read it for 2 s. Later lines are dropped. */
  close(): Promise<void>;
}

/**
 * Standard output as the log can use it. Node writes to a terminal in such a way that one that is held (Ctrl-S, a connection that is frozen) would
 * hold the whole router; pipes and sockets it does not wait for, and files take what they are given.
 */
export function outputOf(program: { readonly stdout: Writable }, fd = 1): Writable {
  return isatty(fd) ? createWriteStream('', { fd, autoClose: false }) : program.stdout;
}

export function openLog({ level, to, shape = 'line' }: LogOptions): OpenLog {
  const logger = createLogger({
    level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: format.printf((info) => {
      const { message, fields } = info;
      const event = {
        time: new Date().toISOString(),
        level: info.level,
        message: cut(String(message), 4_000),
        fields: redact(fields ?? {}, { maskNumbers: info.level !== 'debug' }),
      };
      if (shape === 'json') return JSON.stringify(event);
      const text = readable(event);
      return shape === 'journal' ? prefixed(text, event.level) : text;
    }),
    transports: [new transports.Stream({ stream: to, eol: '\n' })],
  });
  // It hears the stream's errors too: a reader that goes away (a pipe that is closed) must not end the router.
  const backlog = new Backlog(to, (message) => logger.log({ level: 'warn', message, fields: {} }));
  let closed = false;
  const write =
    (at: LogLevel) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (closed || !logger.isLevelEnabled(at)) return;
      if (backlog.takes(at)) logger.log({ level: at, message, fields });
    };

  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    trouble: () => backlog.trouble(),
    async close() {
      if (closed) return;
      closed = true;
      backlog.tellGap();
      await new Promise<void>((resolve) => {
        logger.once('finish', () => resolve());
        logger.end();
      });
      await flushed(to);
    },
  };
}

/** Resolves when all that was written has left, or cannot. */
async function flushed(to: Writable): Promise<void> {
  if (!to.writable) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const outOfTime = setTimeout(resolve, longestFlushMs);
  to.write('', () => resolve());
  await promise;
  clearTimeout(outOfTime);
  // A write counts as under way until its callback has returned, and an end that waits for nobody would be one by a signal.
  await nextTurn();
}

interface Event {
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly fields: unknown;
}

/** `2024-05-01T10:00:00.000Z INFO  message name=value …`, and stacks on lines of their own below. */
function readable({ time, level, message, fields }: Event): string {
  const stacks: string[] = [];
  const entries = typeof fields === 'object' && fields !== null ? Object.entries(fields) : [];
  const shown = entries
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${text(value, stacks)}`);
  const line = [time, level.toUpperCase().padEnd(5), oneLine(message), ...shown].join(' ');
  return [line, ...stacks.map(indented)].join('\n');
}

function indented(stack: string): string {
  return stack
    .split('\n')
    .map((line) => `    ${oneLine(line)}`)
    .join('\n');
}

function text(value: unknown, stacks: string[]): string {
  return oneLine(plain(value, stacks));
}

function plain(value: unknown, stacks: string[]): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value === 'object' && value !== null && 'stack' in value && 'message' in value) {
    const { stack, message, ...rest } = value;
    if (typeof stack === 'string') stacks.push(stack);
    return JSON.stringify(Object.keys(rest).length > 1 ? { message, ...rest } : message);
  }
  return JSON.stringify(value) ?? String(value);
}

/** Nobody outside gets to write a line of its own into the log, or to move a terminal's cursor. */
function oneLine(message: string): string {
  return message.replaceAll(/[\p{Cc}\u2028\u2029]/gu, escaped);
}

/** JSON has escapes for a few of them only, and leaves some that a terminal obeys as they are. */
function escaped(control: string): string {
  const short = JSON.stringify(control).slice(1, -1);
  return short === control ? `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}` : short;
}
