/** A database that a test needs to work, from the first moment on. It must never be used where trouble with it is what is tested. */
import { type Database, keepDatabase } from '../../src/store/sqlite/database.ts';

/** Opens it now or never. @throws StoreFault */
export function openDatabase(url: string): Database {
  const silent = () => undefined;
  const database = keepDatabase(url, { error: silent, warn: silent, info: silent, debug: silent });
  const fault = database.fault();
  if (fault === undefined) return database;
  database.close();
  throw fault;
}
