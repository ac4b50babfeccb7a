/**
 * What the router has written to its standard outputs, line by line as it came, over all its lives. Tests search it and failures show its tail.
 * It must never judge a line: what a log line means is the router's business.
 */
import { nowMs } from './phone/clock.ts';

export interface LogLine {
  /** When it arrived, on the clock of the phones. */
  readonly atMs: number;
  readonly text: string;
}

const LINES_KEPT = 50_000;

export class RouterLog {
  readonly lines: LogLine[] = [];
  readonly #listeners = new Set<(line: LogLine) => void>();
  #unfinished = '';

  /** Takes in a piece of output. */
  take(piece: string): void {
    const parts = (this.#unfinished + piece).split('\n');
    this.#unfinished = parts.pop() ?? '';
    for (const text of parts.filter((part) => part !== '')) {
      const line = { atMs: nowMs(), text };
      this.lines.push(line);
      for (const listener of [...this.#listeners]) listener(line);
    }
    if (this.lines.length > LINES_KEPT) this.lines.splice(0, LINES_KEPT / 10);
  }

  /** Calls `listener` at each line from now on; the returned function ends it. */
  on(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds a word of the lab's own, such as the exit status. */
  remark(text: string): void {
    this.take(`${this.#unfinished === '' ? '' : '\n'}${text}\n`);
  }

  /** All lines that fit. */
  find(what: string | RegExp): readonly LogLine[] {
    return this.lines.filter(({ text }) => fits(text, what));
  }

  /** The first line that fits and came at `sinceMs` or later, now or within the deadline. Throws with the log's tail. */
  async waitFor(what: string | RegExp, withinMs = 30_000, sinceMs = 0): Promise<LogLine> {
    const there = this.lines.find(({ atMs, text }) => atMs >= sinceMs && fits(text, what));
    if (there !== undefined) return there;
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    const listener = (line: LogLine): void => {
      if (fits(line.text, what)) resolve(line);
    };
    this.#listeners.add(listener);
    const late = setTimeout(
      () => reject(new Error(`the router logged no ${what} within ${withinMs} ms\n${this.tail()}`)),
      withinMs,
    );
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      this.#listeners.delete(listener);
    }
  }

  tail(lines = 25): string {
    const last = this.lines.slice(-lines).map(({ text }) => text);
    return last.join('\n') || '(the router has written nothing)';
  }
}

function fits(text: string, what: string | RegExp): boolean {
  return typeof what === 'string'
    ? text.includes(what)
    : new RegExp(what.source, what.flags.replace('g', '')).test(text);
}
