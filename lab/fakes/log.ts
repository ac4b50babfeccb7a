/** A Log that keeps its lines for the stories to look at, and prints nothing. */
import type { Log } from '../../src/call/ports.ts';

interface LogLine {
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface FakeLog extends Log {
  readonly lines: readonly LogLine[];
  /** Lines of one level. */
  at(level: keyof Log): readonly LogLine[];
}

export function fakeLog(): FakeLog {
  const lines: LogLine[] = [];
  const keep =
    (level: keyof Log) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, message, fields });
    };
  const port = {
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    debug: keep('debug'),
  } satisfies Log;
  return { ...port, lines, at: (level) => lines.filter((line) => line.level === level) };
}
