/**
 * Faults of the database, told in words that an administrator can act on. It must never let SQLite's own wording out alone.
 */

/** What is wrong, in a word: one is not told anew for as long as it lasts. */
export type StoreFaultKind =
  | 'locked'
  | 'read-only'
  | 'disk'
  | 'damaged'
  | 'full'
  | 'closed-off'
  | 'gone'
  /** What was asked was refused; the database itself is well. */
  | 'refused'
  | 'other';

/** The database cannot be used. The message names the file, what is wrong and the cure. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly kind: StoreFaultKind;
  constructor(message: string, kind: StoreFaultKind = 'other', cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.kind = kind;
  }
}

/** Primary result codes of SQLite, https://sqlite.org/rescode.html. */
const meanings: Readonly<Record<number, readonly [kind: StoreFaultKind, words: string]>> = {
  5: ['locked', 'is locked by another program: end what else has it open'],
  6: ['locked', 'is locked by another program: end what else has it open'],
  8: ['read-only', 'cannot be written: give the service write access to the file and its folder'],
  10: ['disk', 'cannot be read or written: look at the disk, its room, and the limits of the service'],
  11: ['damaged', 'is damaged: move it away, put a copy in its place, and restart the router'],
  13: ['full', 'has no room left: free some space on its disk'],
  14: ['closed-off', 'cannot be opened: give the service access to the file and its folder'],
  26: ['damaged', 'is no SQLite database: move it away, put a copy in its place, or name another file in DATABASE_URL'],
};
/** Too big, against a constraint, of the wrong type, out of range. */
const refusals = new Set([18, 19, 20, 25]);

/** What `error`, thrown while `file` was used, means. */
export function storeFault(file: string, error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
  const detail = error instanceof Error ? error.message : String(error);
  const unknown = [code === undefined || refusals.has(code) ? 'refused' : 'other', 'cannot be used'] as const;
  const [kind, words] = meanings[code ?? 0] ?? unknown;
  return new StoreFault(`the database ${file} ${words} (${detail})`, kind, error);
}
