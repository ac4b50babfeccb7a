/** The log as main has it, at its usual level, with its lines kept: what an operator would read. */
import { Writable } from 'node:stream';
import { expect } from 'vitest';
import { type OpenLog, openLog } from '../../src/system/log.ts';

export interface KeptLog extends OpenLog {
  readonly lines: string[];
}

export function keptLog(): KeptLog {
  const lines: string[] = [];
  const to = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { ...openLog({ level: 'info', to }), lines };
}

/** Each entry is one line of a length that can be read, or such a line and a stack below it; no entry was begun by someone outside. */
export function judgeLines(lines: readonly string[]): void {
  for (const entry of lines) {
    expect(entry.length).toBeLessThan(12_000);
    const [line = '', ...stack] = entry.trimEnd().split('\n');
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z (INFO |WARN |ERROR) /);
    expect(line.length).toBeLessThan(6_000);
    expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    for (const below of stack) expect(below).toMatch(/^ {4}/);
  }
}
