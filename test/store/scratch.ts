/** A folder of its own for the databases of a test file, and a second program's hand on one of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Database } from '../../src/store/sqlite/database.ts';
import { openDatabase } from './open-database.ts';

export interface Scratch {
  /** A path in the folder that nothing has used yet. */
  path(): string;
  /** Opens a database; it is closed after the test. */
  open(file?: string): Database;
  /** Closes it after the test. */
  keep(database: Database): Database;
  /** The same file as another program has it; closed after the test. */
  other(file: string): DatabaseSync;
}

export function scratchFolder(): Scratch {
  const open: { close(): void }[] = [];
  let folder = '';
  let files = 0;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mapp-store-'));
  });
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const scratch: Scratch = {
    path: () => join(folder, `${++files}.sqlite`),
    open: (file = scratch.path()) => scratch.keep(openDatabase(`sqlite:${file}`)),
    keep(database) {
      open.push(database);
      return database;
    },
    other(file) {
      const sqlite = new DatabaseSync(file, { timeout: 1_000 });
      open.push(sqlite);
      return sqlite;
    },
  };
  return scratch;
}
