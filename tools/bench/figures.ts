/**
 * Samples in milliseconds, and what is told of them. Percentiles are values that were measured (nearest rank), never interpolated.
 */

export class Samples {
  readonly #sorted: number[] = [];

  add(...valuesMs: readonly number[]): void {
    this.#sorted.push(...valuesMs);
    this.#sorted.sort((one, other) => one - other);
  }

  get count(): number {
    return this.#sorted.length;
  }

  get medianMs(): number {
    return this.percentile(50);
  }

  /** The value below or at which `percent` of all lie; NaN without any sample. */
  percentile(percent: number): number {
    return this.#sorted[Math.max(0, Math.ceil((percent / 100) * this.count) - 1)] ?? Number.NaN;
  }

  /** `median / p90 / p99 / max`. */
  told(): string {
    if (this.count === 0) return '-';
    return [50, 90, 99, 100].map((percent) => tellMs(this.percentile(percent))).join(' / ');
  }
}

/** Tenths below 100 ms, whole milliseconds below 10 s, seconds above. */
export function tellMs(ms: number): string {
  if (Number.isNaN(ms)) return '-';
  return ms.toFixed(Math.abs(ms) < 100 ? 1 : 0);
}

/** Samples by name, in the order in which the names first came. */
export class Sheet {
  readonly #rows = new Map<string, Samples>();

  add(name: string, ...valuesMs: readonly number[]): void {
    this.of(name).add(...valuesMs);
  }

  of(name: string): Samples {
    const there = this.#rows.get(name);
    if (there !== undefined) return there;
    const fresh = new Samples();
    this.#rows.set(name, fresh);
    return fresh;
  }

  get names(): readonly string[] {
    return [...this.#rows.keys()];
  }

  /** One line for each name. */
  told(): string {
    const width = Math.max(0, ...this.names.map((name) => name.length));
    return this.names
      .map((name) => `  ${name.padEnd(width)}  ${this.of(name).told()}  (${this.of(name).count})`)
      .join('\n');
  }
}
