/**
 * Faults of the database, told in words that an administrator can act on. It must never let SQLite's own wording out alone.
 */

/** The database cannot be used. The message names the file, what is wrong and the cure. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
}

/** Primary result codes of SQLite, https://sqlite.org/rescode.html. */
const meanings: Readonly<Record<number, string>> = {
  5: 'is locked by another program: end what else has it open',
  6: 'is locked by another program: end what else has it open',
  8: 'cannot be written: give the service write access to the file and its folder',
  10: 'cannot be read or written: look at the disk',
  11: 'is damaged: move it away, or restore a copy',
  13: 'has no room left: free some space on its disk',
  14: 'cannot be opened: give the service access to the file and its folder',
  26: 'is no SQLite database: name another file in DATABASE_URL',
};

/** What `error`, thrown while `file` was used, means. */
export function storeFault(file: string, error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  const detail = error instanceof Error ? error.message : String(error);
  const meaning = meanings[code] ?? 'cannot be used';
  return new StoreFault(`the database ${file} ${meaning} (${detail})`, { cause: error });
}
