/**
 * What is wrong with the database, told once for as long as it lasts, and once when it is over. It must never take a lock for trouble that another program
 * holds for a moment only.
 */
import type { Log } from '../../call/ports.ts';
import type { StoreFault } from './fault.ts';

/** A lock is no trouble before it has lasted so long, ms. */
export const lockPatienceMs = 500;

export class Trouble {
  private readonly file: string;
  private readonly log: Log;
  private now: { readonly fault: StoreFault; readonly sinceMs: number } | undefined;
  private lockedSinceMs: number | undefined;

  constructor(file: string, log: Log) {
    this.file = file;
    this.log = log;
  }

  get fault(): StoreFault | undefined {
    return this.now?.fault;
  }

  /** Whether the database is out of order where this has happened. */
  shows(fault: StoreFault): boolean {
    if (fault.kind === 'refused') return false;
    if (fault.kind !== 'locked' || this.now !== undefined) return true;
    this.lockedSinceMs ??= performance.now();
    return performance.now() - this.lockedSinceMs >= lockPatienceMs;
  }

  tell(fault: StoreFault): void {
    if (this.now?.fault.kind !== fault.kind)
      this.log.error(`${fault.message}; until it works, calls go by what is known, and changes are refused`);
    this.now = { fault, sinceMs: this.now?.sinceMs ?? performance.now() };
  }

  /** It works. True: it had not. */
  over(): boolean {
    this.lockedSinceMs = undefined;
    if (this.now === undefined) return false;
    const forMs = Math.round(performance.now() - this.now.sinceMs);
    this.now = undefined;
    this.log.info(`the database ${this.file} works again`, { forMs });
    return true;
  }
}
