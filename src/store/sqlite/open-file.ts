/**
 * Opens the file that the database is, brings its tables up to date, and knows it again among other files of the same name. All of it is synchronous
 * and stands still for the whole router. It must never open or close the file itself while SQLite has it open: that would end SQLite's locks.
 */
import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreFault, storeFault } from './fault.ts';
import type { FileGuard } from './file-guard.ts';
import { schemaSteps } from './schema.ts';

export const inMemory = ':memory:';

/** Files by device and inode, so that one that has been put in the place of another is told from it. */
export interface FileMarks {
  readonly main: string | undefined;
  readonly wal: string | undefined;
  readonly shm: string | undefined;
}

/**
 * @param lockWaitMs how long another program's lock may take, with everything standing still
 * @param mayCreate whether a file that is not there is made
 * @param guard sees to who may read it, and tells what it finds
 * @throws StoreFault
 */
export function openFile(file: string, lockWaitMs: number, mayCreate: boolean, guard: FileGuard): DatabaseSync {
  if (file !== inMemory) prepareFile(file, mayCreate, guard);
  try {
    const sqlite = new DatabaseSync(file, { timeout: lockWaitMs });
    try {
      // A crash may lose the last calls of the history, which WAL with synchronous=NORMAL allows; it damages nothing.
      sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;');
      migrate(sqlite, file);
      guard.opened(file);
      // From here on calls are under way: whoever meets a lock comes again later.
      sqlite.exec('PRAGMA busy_timeout = 0');
      return sqlite;
    } catch (error) {
      sqlite.close();
      throw error;
    }
  } catch (error) {
    throw storeFault(file, error);
  }
}

export function marksOf(file: string): FileMarks {
  return { main: markOf(file), wal: markOf(`${file}-wal`), shm: markOf(`${file}-shm`) };
}

/** What a database that is no more has left beside its place would be taken for news of the one that is there now, and damage it. */
export function removeOrphans(file: string, { wal, shm }: FileMarks): void {
  for (const [companion, mark] of [
    [`${file}-wal`, wal],
    [`${file}-shm`, shm],
  ] as const) {
    if (mark !== undefined && markOf(companion) === mark) rmSync(companion, { force: true });
  }
}

/** Undefined: there is no such file, or it cannot be looked at. */
export function markOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}/${ino}`;
  } catch {
    return undefined;
  }
}

/** Looks at the file with other eyes than those that remember its pages. @throws StoreFault */
export function lookInto(file: string): void {
  try {
    const sqlite = new DatabaseSync(file, { readOnly: true, timeout: 0 });
    try {
      sqlite.prepare('SELECT 1 FROM users, devices, calls LIMIT 0').all();
    } finally {
      sqlite.close();
    }
  } catch (error) {
    throw storeFault(file, error);
  }
}

/** Tokens are nobody else's business: the file is readable by its owner alone, and SQLite gives its companions the same mode. */
function prepareFile(file: string, mayCreate: boolean, guard: FileGuard): void {
  const folder = dirname(file);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new StoreFault(
      `the database ${file} has no folder: create ${folder}, owned by the user that runs the service, or change DATABASE_URL`,
      'gone',
    );
  const isThere = markOf(file) !== undefined;
  if (!mayCreate && !isThere) throw fileIsGone(file);
  if (isThere) guard.tighten(file);
  try {
    if (!isThere) guard.keepWhatIsLeftOf(file);
    closeSync(openSync(file, 'a', 0o600));
    if (!isThere) guard.made(file);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new StoreFault(
      `the database ${file} cannot be written (${why}): give the service write access to the file and its folder, or change DATABASE_URL`,
      'read-only',
      error,
    );
  }
}

export function fileIsGone(file: string): StoreFault {
  return new StoreFault(
    `the database ${file} is gone: put it back, or a copy; the router makes an empty one only when it starts`,
    'gone',
  );
}

function migrate(sqlite: DatabaseSync, file: string): void {
  sqlite.exec('BEGIN IMMEDIATE');
  try {
    const version = Number(sqlite.prepare('PRAGMA user_version').get()?.user_version ?? 0);
    if (version > schemaSteps.length)
      throw new StoreFault(
        `the database ${file} was written by a newer xivo-mapp (its version ${version}, known here ${schemaSteps.length}): update the router, or name another file in DATABASE_URL`,
      );
    for (const step of schemaSteps.slice(version)) sqlite.exec(step);
    sqlite.exec(`PRAGMA user_version = ${schemaSteps.length}`);
    sqlite.exec('COMMIT');
  } catch (error) {
    if (sqlite.isTransaction) sqlite.exec('ROLLBACK');
    throw error;
  }
}
