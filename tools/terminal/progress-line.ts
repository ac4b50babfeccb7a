/**
 * What is going on right now: on a terminal one line that is written over, elsewhere a line for each change, at most one every few seconds. It must
 * never mix with what is printed for good: clear() comes first.
 */
import type { WriteStream } from 'node:tty';

const APART_MS = 3_000;

export class ProgressLine {
  readonly #to: WriteStream;
  #shown = false;
  #ticking: NodeJS.Timeout | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(to: WriteStream) {
    this.#to = to;
  }

  show(text: string): void {
    if (this.#to.isTTY) {
      this.#to.write(`\r\x1b[K${text.slice(0, (this.#to.columns ?? 80) - 1)}`);
      this.#shown = true;
      return;
    }
    if (performance.now() - this.#toldMs < APART_MS) return;
    this.#toldMs = performance.now();
    this.#to.write(`${text}\n`);
  }

  /** The same, with the seconds that it takes, counted on a terminal. */
  count(text: string): void {
    this.clear();
    const sinceMs = performance.now();
    const tell = (): void => this.show(`${text} ${((performance.now() - sinceMs) / 1000).toFixed(0)} s`);
    tell();
    if (this.#to.isTTY) this.#ticking = setInterval(tell, 1000);
  }

  clear(): void {
    clearInterval(this.#ticking);
    if (this.#shown) this.#to.write('\r\x1b[K');
    this.#shown = false;
  }
}
