/**
 * The log: one line per event on a stream, by winston, readable or as JSON. Errors come with message and stack, secrets never come, and phone
 * numbers only at debug level. It must never be left without close(): what has been logged must have gone out before the process ends.
 */
import type { Writable } from 'node:stream';
import { createLogger, format, transports } from 'winston';
import type { Log } from '../call/ports.ts';
import { cut, redact } from './redact.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface LogOptions {
  readonly level: LogLevel;
  /** Where lines go: standard output. */
  readonly to: Writable;
  /** `line` for people, `json` for collectors. Default: `line`. */
  readonly shape?: 'line' | 'json';
}

export interface OpenLog extends Log {
  /** Resolves when every line has left the process, or the stream is gone. Later lines are dropped. */
  close(): Promise<void>;
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
      return shape === 'json' ? JSON.stringify(event) : readable(event);
    }),
    transports: [new transports.Stream({ stream: to, eol: '\n' })],
  });
  // A reader that goes away (a pipe that is closed) must not end the router; there is nowhere left to tell of it.
  const swallow = (): void => undefined;
  to.on('error', swallow);
  let closed = false;
  const write =
    (at: LogLevel) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (!closed) logger.log({ level: at, message, fields });
    };

  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    async close() {
      if (closed) return;
      closed = true;
      await new Promise<void>((resolve) => {
        logger.once('finish', () => resolve());
        logger.end();
      });
      if (to.writable) await new Promise<void>((resolve) => to.write('', () => resolve()));
      to.off('error', swallow);
    },
  };
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
