/**
 * One opening of the database's file: the connection, its prepared statements, its transactions, and whether the file is still the one that was opened.
 * It must never decide what becomes of a fault: it throws.
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { FileGuard } from './file-guard.ts';
import {
  type FileMarks,
  fileIsGone,
  inMemory,
  lookInto,
  markOf,
  marksOf,
  openFile,
  removeOrphans,
} from './open-file.ts';

/** Columns by name. */
export type Row = Record<string, SQLOutputValue>;

/** SQL that outlives the connection. */
export interface Statement {
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): Row[];
  /** How many rows it changed. */
  run(...values: SQLInputValue[]): number;
}

/** @param now the connection of the moment; throws where there is none */
export function statementOn(now: () => Connection, sql: string): Statement {
  return {
    get(...values) {
      const row = now()
        .statement(sql)
        .get(...values);
      return row && withNumbers(row);
    },
    all: (...values) =>
      now()
        .statement(sql)
        .all(...values)
        .map(withNumbers),
    run: (...values) =>
      Number(
        now()
          .statement(sql)
          .run(...values).changes,
      ),
  };
}

/** Integers are numbers where a number can hold them; others stay what no schema takes for one. */
function withNumbers(row: Row): Row {
  for (const [name, value] of Object.entries(row)) {
    if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) row[name] = Number(value);
  }
  return row;
}

export class Connection {
  readonly sqlite: DatabaseSync;
  private readonly file: string;
  private readonly marks: FileMarks;
  private readonly prepared = new Map<string, StatementSync>();

  /**
   * @param before the connection before this one, whose file is waited for, where there was one; without it a file is made
   * @throws StoreFault
   */
  constructor(file: string, lockWaitMs: number, before: Connection | undefined, guard: FileGuard) {
    if (before !== undefined && !before.isOurs()) removeOrphans(file, before.marks);
    this.file = file;
    this.sqlite = openFile(file, lockWaitMs, before === undefined, guard);
    this.marks = marksOf(file);
  }

  statement(sql: string): StatementSync {
    const known = this.prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.sqlite.prepare(sql);
    // One number that is too large would otherwise keep every other row from being read.
    statement.setReadBigInts(true);
    this.prepared.set(sql, statement);
    return statement;
  }

  together<T>(work: () => T): T {
    const { sqlite } = this;
    try {
      sqlite.exec('BEGIN IMMEDIATE');
      const result = work();
      sqlite.exec('COMMIT');
      return result;
    } catch (error) {
      if (sqlite.isOpen && sqlite.isTransaction) sqlite.exec('ROLLBACK');
      throw error;
    }
  }

  /** False: another file is in its place. @throws StoreFault where none is, or it is no database any more */
  look(): boolean {
    if (this.file === inMemory) return true;
    if (markOf(this.file) === undefined) throw fileIsGone(this.file);
    if (!this.isOurs()) return false;
    lookInto(this.file);
    return true;
  }

  close(): void {
    if (this.sqlite.isOpen) this.sqlite.close();
  }

  private isOurs(): boolean {
    return markOf(this.file) === this.marks.main;
  }
}
