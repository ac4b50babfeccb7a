/**
 * Who may read the database's files, and whether they are the ones that were there before: rights that others of this machine have are taken away,
 * and an empty database in the place of one that is gone is told of. It must never open one of the files, for that would end SQLite's locks, never
 * fail the opening, and never throw anything of a database away.
 */
import { chmodSync, realpathSync, renameSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Log } from '../../call/ports.ts';

export class FileGuard {
  private readonly log: Log;
  private readonly told = new Set<string>();
  private making = false;
  private left: string | undefined;

  constructor(log: Log) {
    this.log = log;
  }

  /** Before SQLite opens a file that is there: push tokens stand in it, and in what SQLite keeps beside it. */
  tighten(file: string): void {
    this.lookAtFolder(file);
    const real = behindLinks(file);
    for (const one of [real, `${real}-wal`, `${real}-shm`, `${real}-journal`]) this.tightenOne(one);
  }

  /**
   * Before an empty database is made where there is none. What was written last may be in the log that SQLite keeps beside the file, and SQLite
   * throws that away with an empty database.
   * @throws whatever renaming throws
   */
  keepWhatIsLeftOf(file: string): void {
    const log = `${file}-wal`;
    if (modeOf(log) === undefined) return;
    this.left = `${log}.of-lost-database-${Date.now()}`;
    renameSync(log, this.left);
    this.tightenOne(this.left);
  }

  /** The file, which was not there, has been made. */
  made(file: string): void {
    this.making = true;
    this.lookAtFolder(file);
  }

  /** The database can be used. */
  opened(file: string): void {
    if (!this.making) return;
    const said = `the database ${file} was not there and has been made, with no user and no device`;
    if (this.left === undefined)
      this.log.info(`${said}; if there was one, stop the router, put it back, and start the router`);
    else
      this.log.warn(
        `${said}; but there was one: what it had not taken in yet is kept as ${this.left}. Stop the router, put the database back with that as ${file}-wal, and start the router`,
      );
    this.making = false;
    this.left = undefined;
  }

  private tightenOne(file: string): void {
    const mode = modeOf(file);
    if (mode === undefined || (mode & 0o077) === 0) return;
    const others = `the database file ${file} can be read or written by other users of this machine (mode ${shown(mode)})`;
    try {
      chmodSync(file, mode & 0o700);
      this.log.warn(`${others}: its mode is now ${shown(mode & 0o700)}; push tokens stand in it`);
    } catch (error) {
      this.warnOnce(
        `${others}, and that cannot be changed (${codeOf(error)}): chmod 600 ${file}, and give it to the service`,
      );
    }
  }

  private lookAtFolder(file: string): void {
    const folder = dirname(file);
    const mode = (statOf(folder)?.mode ?? 0) & 0o777;
    if ((mode & 0o002) === 0) return;
    this.warnOnce(
      `every user of this machine can put another database in the place of ${file}, for its folder has the mode ${shown(mode)}: chmod o-w ${folder}`,
    );
  }

  /** It is tried again every few seconds, for as long as something else is wrong. */
  private warnOnce(words: string): void {
    if (this.told.has(words)) return;
    this.told.add(words);
    this.log.warn(words);
  }
}

/** SQLite keeps its companions where the file itself is. */
function behindLinks(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/**
 * Its rights; undefined: there is no such file, or it cannot be looked at. A device or a folder that somebody has named for a database is none: its
 * rights are not ours to change.
 */
function modeOf(file: string): number | undefined {
  const stat = statOf(file);
  return stat?.isFile() ? stat.mode & 0o777 : undefined;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function shown(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
