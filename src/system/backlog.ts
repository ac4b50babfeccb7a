/**
 * The lines of the log that wait for whoever reads it. A reader that hangs (a stopped journal, a full pipe, a frozen terminal) must cost neither
 * memory without bound nor a call: what has no room is dropped and counted, what matters less first, and the gap is told in its place once there is
 * room again. It must never wait.
 */
import type { Writable } from 'node:stream';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Waiting bytes above which a line of that level is dropped: warnings find room when news has none left. */
const mostBytes: Readonly<Record<LogLevel, number>> = {
  error: 4_000_000,
  warn: 4_000_000,
  info: 2_000_000,
  debug: 2_000_000,
};
/** What may still wait when lines are taken again: a reader that is merely slow shall not tear a gap every few lines. */
const lowBytes = 500_000;

export class Backlog {
  private readonly to: Writable;
  private readonly tell: (words: string) => void;
  private readonly dropped = new Map<LogLevel, number>();
  private fault: string | undefined;

  /** @param tell writes a warning into the log, past this bound */
  constructor(to: Writable, tell: (words: string) => void) {
    this.to = to;
    this.tell = tell;
    to.on('drain', () => this.tellGap());
    to.on('error', (error) => {
      this.fault ??= error.message;
    });
  }

  /** Whether a line of that level has room now; one that has none is counted. */
  takes(level: LogLevel): boolean {
    const waitingBytes = this.to.writableLength;
    if (waitingBytes <= lowBytes) this.tellGap();
    const isLess = level === 'info' || level === 'debug';
    if (waitingBytes <= mostBytes[level] && !(isLess && this.dropped.size > 0)) return true;
    this.dropped.set(level, (this.dropped.get(level) ?? 0) + 1);
    return false;
  }

  /** Tells how many lines are missing here, if any are. */
  tellGap(): void {
    if (this.dropped.size === 0) return;
    const counts = [...this.dropped].map(([level, lines]) => `${lines} ${level}`).join(', ');
    const lines = [...this.dropped.values()].reduce((sum, one) => sum + one, 0);
    // First, for what is told takes this way too.
    this.dropped.clear();
    this.tell(`${lines} lines are missing from the log before this one (${counts}): whoever reads it did not keep up`);
  }

  /** What is wrong with the log's reader, in words; undefined: it reads, as far as is known. */
  trouble(): string | undefined {
    if (this.fault !== undefined)
      return `whoever read the log is gone (${this.fault}): restart the router with its output where it is read`;
    if (this.dropped.size === 0) return undefined;
    return 'nobody reads the log, and lines are dropped: look at the journal, or at what the output is piped into';
  }
}
