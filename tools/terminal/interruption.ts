/**
 * Ctrl-C, and SIGTERM: whoever waits is told, and what was started is ended by those who started it. Nothing is ended from here but own children, by
 * their ids. It must never end the process itself.
 */
import { readFileSync } from 'node:fs';

class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class Interruption {
  happened = false;
  readonly #listeners = new Set<() => void>();
  /** As if Ctrl-C had been pressed. */
  readonly begin = (): void => {
    if (this.happened) return;
    this.happened = true;
    for (const listener of [...this.#listeners]) listener();
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.begin);
    // A reader that has gone away (a pipe into `head`) wants no more either.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', this.begin);
  }

  /** Calls `act` when it happens; the returned function ends that. */
  on(act: () => void): () => void {
    this.#listeners.add(act);
    return () => this.#listeners.delete(act);
  }

  /** Throws when it has happened. */
  check(): void {
    if (this.happened) throw new Interrupted('interrupted');
  }

  /** The work's result; rejects with Interrupted as soon as that happens. The work is then left to fail by itself. */
  async orElse<T>(work: Promise<T>): Promise<T> {
    this.check();
    work.catch(() => undefined);
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = this.on(() => reject(new Interrupted('interrupted')));
    try {
      return await Promise.race([work, promise]);
    } finally {
      stop();
    }
  }

  /** It was the way in which the user ends things, not an accident. */
  forgive(): void {
    this.happened = false;
  }

  /** Signals have their usual effect again. */
  over(): void {
    for (const signal of SIGNALS) process.off(signal, this.begin);
  }
}

/** Asks the direct children of this process to end. */
export function endChildren(): void {
  for (const pid of childrenOf(process.pid)) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It has ended by itself meanwhile.
    }
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text
      .split(' ')
      .map(Number)
      .filter((child) => child > 0);
  } catch {
    return [];
  }
}
