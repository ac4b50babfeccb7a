/** Opening the database: what stands in the way is told in words that help. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { StoreFault, storeFault } from '../../src/store/sqlite/fault.ts';
import { openDatabase } from './open-database.ts';
import { scratchFolder } from './scratch.ts';

const scratch = scratchFolder();

describe('opening a database', () => {
  it('makes the file, readable by its owner alone, and finds its content again', () => {
    const file = scratch.path();
    const first = scratch.open(file);
    first.sqlite.exec("INSERT INTO users VALUES ('anna', 'WebApp', NULL, NULL)");
    first.close();
    first.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const second = scratch.open(file);
    expect(second.sqlite.prepare('SELECT user_id FROM users').all()).toEqual([{ user_id: 'anna' }]);
    expect(second.sqlite.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(second.sqlite.prepare('PRAGMA foreign_keys').get()).toEqual({ foreign_keys: 1 });
  });

  it('takes a file as a URL with slashes has it', () => {
    const file = scratch.path();
    openDatabase(`sqlite://${file}`).close();
    expect(statSync(file).isFile()).toBe(true);
  });

  it.each(['postgres://db/mapp', 'sqlite:', '/var/lib/mapp.sqlite'])('refuses %s', (url) => {
    expect(() => openDatabase(url)).toThrow(/give sqlite:<file>/);
  });

  it('names a folder that is missing', () => {
    expect(() => scratch.open(`${scratch.path()}/none/mapp.sqlite`)).toThrow(/has no folder: create .*\/none/);
  });

  it('names a folder in place of a file', () => {
    expect(() => openDatabase('sqlite:/tmp')).toThrow(/\/tmp cannot be written \(EISDIR\): give the service write/);
  });

  it('says that a file is no database, and leaves it as it was', () => {
    const file = scratch.path();
    writeFileSync(file, 'a letter to my aunt, longer than a header of SQLite is. '.repeat(20));
    const before = readFileSync(file);
    expect(() => scratch.open(file)).toThrow(/is no SQLite database/);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('refuses a database of a newer version', () => {
    const file = scratch.path();
    scratch.open(file).sqlite.exec('PRAGMA user_version = 99');
    expect(() => scratch.open(file)).toThrow(/newer xivo-mapp/);
  });

  it('says that another program holds the lock', () => {
    const file = scratch.path();
    scratch.other(file).exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE held (x)');
    expect(() => scratch.open(file)).toThrow(/is locked by another program/);
  });

  it('keeps all of a transaction or nothing', () => {
    const database = scratch.open();
    expect(() =>
      database.together(() => {
        database.sqlite.exec("INSERT INTO users VALUES ('anna', 'WebApp', NULL, NULL)");
        throw new Error('no more');
      }),
    ).toThrow(StoreFault);
    expect(database.sqlite.prepare('SELECT count(*) AS n FROM users').get()).toEqual({ n: 0 });
  });

  it('says that the disk is full', () => {
    const file = scratch.path();
    const database = scratch.open(file);
    const pages = Number(database.sqlite.prepare('PRAGMA page_count').get()?.page_count);
    database.sqlite.exec(`PRAGMA max_page_count = ${pages}`);
    const fill = database.sqlite.prepare("INSERT INTO users VALUES (?, 'WebApp', ?, NULL)");
    expect(() =>
      database.together(() => {
        for (let n = 0; n < 100; n += 1) fill.run(`user-${n}`, 'x'.repeat(1_000));
      }),
    ).toThrow(`the database ${file} has no room left`);
  });
});

it('tells an unknown fault with its detail', () => {
  expect(storeFault('a.sqlite', new Error('boom')).message).toBe('the database a.sqlite cannot be used (boom)');
});
