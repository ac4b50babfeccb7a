/**
 * Opens the database that users, devices and the history of calls live in, and brings its tables up to date. Everything here is
 * synchronous and stands still for the whole router while it runs: it must never wait long for a lock once calls are under way.
 */
import { closeSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreFault, storeFault } from './fault.ts';
import { schemaSteps } from './schema.ts';

/** At the start nobody waits, so that a lock may take its time. */
const lockWaitAtStartMs = 1_000;
/** Each wait for a lock stops all calls for as long. */
const lockWaitMs = 50;

export interface Database {
  /** For messages. */
  readonly file: string;
  readonly sqlite: DatabaseSync;
  /** Runs `work` in one transaction: all of it is kept, or nothing. @throws StoreFault */
  together<T>(work: () => T): T;
  /** Harmless when closed. */
  close(): void;
}

/**
 * @param url `sqlite:<file>`, or `sqlite::memory:` for a database that ends with the process
 * @throws StoreFault in words for the administrator
 */
export function openDatabase(url: string): Database {
  const match = /^sqlite:(?:\/\/)?(.+)$/.exec(url);
  const file = match?.[1];
  if (file === undefined)
    throw new StoreFault('DATABASE_URL is not understood: give sqlite:<file>; other databases are not supported yet');
  try {
    if (file !== ':memory:') prepareFile(file);
    const sqlite = new DatabaseSync(file, { timeout: lockWaitAtStartMs });
    const database = databaseOn(sqlite, file);
    try {
      // A crash may lose the last calls of the history, which WAL with synchronous=NORMAL allows; it damages nothing.
      sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;');
      migrate(database);
      sqlite.exec(`PRAGMA busy_timeout = ${lockWaitMs}`);
      return database;
    } catch (error) {
      sqlite.close();
      throw error;
    }
  } catch (error) {
    throw storeFault(file, error);
  }
}

function databaseOn(sqlite: DatabaseSync, file: string): Database {
  return {
    file,
    sqlite,
    together(work) {
      try {
        sqlite.exec('BEGIN IMMEDIATE');
        const result = work();
        sqlite.exec('COMMIT');
        return result;
      } catch (error) {
        if (sqlite.isOpen && sqlite.isTransaction) sqlite.exec('ROLLBACK');
        throw storeFault(file, error);
      }
    },
    close() {
      if (sqlite.isOpen) sqlite.close();
    },
  };
}

/** Tokens are nobody else's business: the file is made readable by its owner alone, and SQLite gives its companions the same mode. */
function prepareFile(file: string): void {
  const folder = dirname(file);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new StoreFault(
      `the database ${file} has no folder: create ${folder}, owned by the user that runs the service, or change DATABASE_URL`,
    );
  try {
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new StoreFault(
      `the database ${file} cannot be written (${why}): give the service write access to the file and its folder, or change DATABASE_URL`,
      { cause: error },
    );
  }
}

function migrate(database: Database): void {
  database.together(() => {
    const version = Number(database.sqlite.prepare('PRAGMA user_version').get()?.user_version ?? 0);
    if (version > schemaSteps.length)
      throw new StoreFault(
        `the database ${database.file} was written by a newer xivo-mapp (its version ${version}, known here ${schemaSteps.length}): update the router, or name another file in DATABASE_URL`,
      );
    for (const step of schemaSteps.slice(version)) database.sqlite.exec(step);
    database.sqlite.exec(`PRAGMA user_version = ${schemaSteps.length}`);
  });
}
