/**
 * The database that users, devices and the history of calls live in, kept usable: what is wrong with it is told once, it is tried again without
 * anybody's help, and told of when it works. Everything here is synchronous and stands still for the whole router while it runs: it must never
 * wait, neither for a lock nor for a file that may come back.
 */
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../call/ports.ts';
import { Connection, type Statement, statementOn } from './connection.ts';
import { StoreFault, storeFault } from './fault.ts';
import { FileGuard } from './file-guard.ts';
import { schemaSteps } from './schema.ts';
import { lockPatienceMs, Trouble } from './trouble.ts';

export interface Database {
  /** For messages. */
  readonly file: string;
  /** The connection as it is now. @throws StoreFault where there is none */
  readonly sqlite: DatabaseSync;
  statement(sql: string): Statement;
  /** Runs a question that changes nothing. @throws StoreFault */
  ask<T>(question: () => T): T;
  /** Runs `work` in one transaction: all of it is kept, or nothing. @throws StoreFault */
  together<T>(work: () => T): T;
  /** As together(), but gives another program's lock a moment, during which calls go on. Rejects with StoreFault. */
  patiently<T>(work: () => T): Promise<T>;
  /** Why it cannot be used as it should; undefined: it can. */
  fault(): StoreFault | undefined;
  /** Calls back at once if it works, and each time it works again. */
  onWorking(listener: () => void): void;
  /** Harmless when closed. */
  close(): void;
}

/** At the start nobody waits, so that a lock may take its time. */
const lockWaitAtStartMs = 250;
const lockPauseMs = 20;
/** The file is looked at with fresh eyes at most so often: SQLite itself may remember what is there no more. */
const lookEveryMs = 1_000;

/**
 * Opens it, or goes on trying: it is never refused for what may be mended.
 * @param url `sqlite:<file>`, or `sqlite::memory:` for a database that ends with the process
 * @param retryMs pause between tries
 * @throws StoreFault where the URL is not understood
 */
export function keepDatabase(url: string, log: Log, retryMs = 2_000): Database {
  const file = /^sqlite:(?:\/\/)?(.+)$/.exec(url)?.[1];
  if (file === undefined)
    throw new StoreFault('DATABASE_URL is not understood: give sqlite:<file>; other databases are not supported yet');
  return new KeptDatabase(file, log, retryMs);
}

class KeptDatabase implements Database {
  readonly file: string;
  private readonly log: Log;
  private readonly retryMs: number;
  private readonly trouble: Trouble;
  private readonly guard: FileGuard;
  private readonly listeners: (() => void)[] = [];
  private connection: Connection | undefined;
  private lastConnection: Connection | undefined;
  private closed = false;
  private lookedMs = 0;
  private retry: NodeJS.Timeout | undefined;

  constructor(file: string, log: Log, retryMs: number) {
    this.file = file;
    this.log = log;
    this.retryMs = retryMs;
    this.trouble = new Trouble(file, log);
    this.guard = new FileGuard(log);
    try {
      this.open(lockWaitAtStartMs);
    } catch (error) {
      this.tell(storeFault(file, error));
    }
  }

  get sqlite(): DatabaseSync {
    return this.now().sqlite;
  }

  statement(sql: string): Statement {
    return statementOn(() => this.now(), sql);
  }

  ask<T>(question: () => T): T {
    try {
      return question();
    } catch (error) {
      const fault = this.failed(error);
      // What cannot even be read is opened anew.
      if (fault.kind !== 'locked' && fault.kind !== 'refused') this.letGo();
      throw fault;
    }
  }

  together<T>(work: () => T): T {
    try {
      this.look();
      const result = this.now().together(work);
      this.works();
      return result;
    } catch (error) {
      throw this.failed(error);
    }
  }

  async patiently<T>(work: () => T): Promise<T> {
    let untilMs: number | undefined;
    for (;;) {
      const triedMs = performance.now();
      try {
        return this.together(work);
      } catch (error) {
        // From the first try on, and by the clock before the last: whoever is refused finds the trouble told.
        untilMs ??= performance.now() + lockPatienceMs;
        const worthWaiting = error instanceof StoreFault && error.kind === 'locked' && this.fault() === undefined;
        if (!worthWaiting || triedMs >= untilMs) throw error;
      }
      await pause(lockPauseMs);
    }
  }

  fault(): StoreFault | undefined {
    return this.trouble.fault;
  }

  onWorking(listener: () => void): void {
    this.listeners.push(listener);
    if (this.fault() === undefined) listener();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.letGo();
  }

  private now(): Connection {
    if (this.connection !== undefined) return this.connection;
    throw this.fault() ?? new StoreFault(`the database ${this.file} is closed`, 'refused');
  }

  private open(lockWaitMs: number): void {
    this.connection = new Connection(this.file, lockWaitMs, this.lastConnection, this.guard);
    this.lastConnection = this.connection;
  }

  /** Closing may fail as everything else does, and then the connection is gone all the same. */
  private letGo(): void {
    const { connection } = this;
    this.connection = undefined;
    try {
      connection?.close();
    } catch (error) {
      this.log.debug('the database could not be closed', { file: this.file, error });
    }
  }

  /** Is the file still there, still the same, still a database? Another one in its place is taken at once. @throws StoreFault */
  private look(): void {
    const nowMs = performance.now();
    if (this.connection === undefined || nowMs - this.lookedMs < lookEveryMs) return;
    if (!this.connection.look()) {
      this.log.warn('the database was replaced by another file, which is used from now on', { file: this.file });
      this.letGo();
      this.open(0);
      for (const listener of this.listeners) listener();
    }
    this.lookedMs = nowMs;
  }

  private failed(error: unknown): StoreFault {
    const fault = storeFault(this.file, error);
    if (this.closed || fault === this.fault() || !this.trouble.shows(fault)) return fault;
    if (fault.kind === 'damaged' || fault.kind === 'closed-off') this.letGo();
    this.tell(fault);
    return fault;
  }

  private tell(fault: StoreFault): void {
    this.trouble.tell(fault);
    this.lookedMs = 0;
    this.retry ??= setTimeout(() => this.tryAgain(), this.retryMs).unref();
  }

  private tryAgain(): void {
    this.retry = undefined;
    if (this.closed || this.fault() === undefined) return;
    try {
      if (this.connection === undefined) this.open(0);
      // Something has to be written: a transaction without it succeeds also where there is no room.
      this.together(() => this.sqlite.exec(`PRAGMA user_version = ${schemaSteps.length}`));
    } catch (error) {
      this.tell(storeFault(this.file, error));
    }
  }

  private works(): void {
    if (!this.trouble.over()) return;
    clearTimeout(this.retry);
    this.retry = undefined;
    for (const listener of this.listeners) listener();
  }
}
