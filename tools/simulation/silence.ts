/** How long, at the longest, a caller who waits has heard nothing. Somebody who must be told each time that something changes; it looks for itself at nothing. */

export class Silence {
  readonly #nowMs: () => number;
  #sinceMs: number | undefined;
  #longestMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  is(silent: boolean): void {
    if (this.#sinceMs !== undefined) this.#longestMs = Math.max(this.#longestMs, this.#nowMs() - this.#sinceMs);
    if (!silent) this.#sinceMs = undefined;
    else this.#sinceMs ??= this.#nowMs();
  }

  get longestMs(): number {
    return this.#longestMs;
  }
}
