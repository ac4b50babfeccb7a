/**
 * The database's file, malformed: rows that another program has written or a disk has spoilt, and files with bytes gone wrong. What is believed of a row is right by rules written down here
 * a second time; a row that is not is left out, and told of once, and the others are still of use. What cannot be opened is refused in words.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { callHistoryIn } from '../../src/store/call-history.ts';
import { registryIn } from '../../src/store/registry.ts';
import type { Database } from '../../src/store/sqlite/database.ts';
import { StoreFault } from '../../src/store/sqlite/fault.ts';
import { systemClock } from '../../src/system/clock.ts';
import { openDatabase } from '../store/open-database.ts';
import { nothingUncaught } from './alive.ts';
import { FOREIGN, type Made, rewrite, row, rows, summary, type Table } from './database-rows.ts';
import {
  judgeEntry,
  judgeStory,
  judgeUser,
  type Row,
  rightDevice,
  rightEntry,
  rightStory,
  rightUser,
} from './database-rules.ts';
import { feed, LONG } from './feed.ts';
import { damagedBytes, readable } from './inputs.ts';

nothingUncaught();

const folder = mkdtempSync(join(tmpdir(), 'mapp-fuzz-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newFile = (): string => {
  files += 1;
  return join(folder, `${files}.sqlite`);
};

/** A row as it stands in the file now, with numbers as they are. */
function stored({ sqlite }: Database, table: Table, key: string): Row {
  const statement = sqlite.prepare(`SELECT * FROM ${table} WHERE ${table === 'calls' ? 'call_id' : 'user_id'} = ?`);
  statement.setReadBigInts(true);
  const found = statement.get(key);
  if (found === undefined) throw new Error(`there is no ${key}`);
  const isSafe = (held: unknown) => typeof held === 'bigint' && Number.isSafeInteger(Number(held));
  return Object.fromEntries(Object.entries(found).map(([name, held]) => [name, isSafe(held) ? Number(held) : held]));
}

it('a row is right and is believed, or is left out and told of once', LONG, async () => {
  const seen = new Set<string>();
  const file = newFile();
  const other = new DatabaseSync(file);
  other.exec(FOREIGN);
  const database = openDatabase(`sqlite:${file}`);
  await feed('database', 0.95, row, async (some) => {
    const made = some.map(({ table, changes, told, story }, n): Made => {
      const key = `k${n}`;
      const [first = ''] = Object.keys(rows[table]);
      const json = table === 'calls' ? { summary: told, timeline: story } : {};
      return { table, key, row: { ...rows[table], ...json, ...Object.fromEntries(changes), [first]: key } };
    });
    rewrite(other, made);
    const log = fakeLog();
    const registry = registryIn(database, systemClock, log);
    const journal = callHistoryIn(database, log);
    // Twice, to hear of nothing twice.
    for (let turn = 0; turn < 2; turn += 1) {
      const latest = await journal.latest(1_000);
      for (const { table, key } of made) {
        const held = stored(database, table, key);
        const wrong = { users: rightUser, devices: rightDevice, calls: rightStory }[table](held);
        seen.add(`${table} ${wrong.length === 0}`);
        if (table === 'users') expect((await registry.user(key)) === undefined).toBe(wrong.length > 0);
        if (table === 'devices') expect((await registry.devices(key))?.length).toBe(wrong.length > 0 ? 0 : 1);
        if (table === 'calls') {
          expect((await journal.story(key)) === undefined).toBe(wrong.length > 0);
          expect(latest.some(({ callId }) => callId === key)).toBe(rightEntry(held).length === 0);
        }
        const lines = log.lines.filter(({ fields }) => fields.userId === key || fields.callId === key);
        const named = lines.filter(({ message }) => wrong.some((column) => message.includes(column)));
        if (wrong.length > 0) expect(named.length).toBeGreaterThan(0);
        // A call is read with its timeline and without.
        expect(lines.length).toBeLessThanOrEqual(wrong.length === 0 ? 0 : table === 'calls' ? 2 : 1);
      }
    }
    journal.shut();
  });
  expect(seen.size).toBe(6);
  other.close();
  database.close();
});

function wholeFile(): Buffer {
  const file = newFile();
  const database = openDatabase(`sqlite:${file}`);
  const calls = Array.from(
    { length: 20 },
    (_, n): Made => ({ table: 'calls', key: '', row: { ...rows.calls, call_id: `xm-${n}` } }),
  );
  const devices: Made = { table: 'devices', key: '7', row: { ...rows.devices, user_id: '7' } };
  database.sqlite.exec('PRAGMA foreign_keys = OFF');
  rewrite(database.sqlite, [devices, ...calls]);
  database.sqlite.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  return readFileSync(file);
}

/** Reads and writes whatever can be; what cannot says so in words. */
async function live(database: Database): Promise<void> {
  const log = fakeLog();
  const inWords = (fault: unknown): undefined => {
    expect(fault).toBeInstanceOf(StoreFault);
    expect(String(fault)).toMatch(/the database .*\.sqlite /);
    return undefined;
  };
  const registry = registryIn(database, systemClock, log);
  const journal = callHistoryIn(database, log);
  const user = await registry.user('7').catch(inWords);
  if (user !== undefined) judgeUser(user);
  await registry.callee('7').catch(inWords);
  await registry.devices('7').catch(inWords);
  for (const entry of (await journal.latest(50).catch(inWords)) ?? []) judgeEntry(entry);
  const story = await journal.story('xm-3').catch(inWords);
  if (story !== undefined) judgeStory(story);
  journal.open({ callId: 'xm-new', userId: '7', caller: { name: '', number: '' }, startedAtMs: 1 });
  journal.close('xm-new', summary);
  journal.shut();
  expect(log.lines.length).toBeLessThan(40);
}

it('a file with bytes gone wrong is of what use it can be, or is refused in words', LONG, async () => {
  const whole = wholeFile();
  const version = (n: number) => Buffer.concat([whole.subarray(0, 60), Buffer.from([0, 0, n, n]), whole.subarray(64)]);
  const heads = fc
    .constantFrom(whole, whole, whole, version(0), version(1), version(255))
    .map((bytes) => readable(Buffer.from(bytes)));
  const seen = { opened: 0, refused: 0 };
  await feed('database', 0.05, damagedBytes(heads), async (some) => {
    for (const bytes of some) {
      const file = newFile();
      writeFileSync(file, bytes);
      let database: Database;
      try {
        database = openDatabase(`sqlite:${file}`);
        seen.opened += 1;
      } catch (fault) {
        seen.refused += 1;
        expect(fault).toBeInstanceOf(StoreFault);
        expect(String(fault)).toContain(file);
        continue;
      }
      await live(database).finally(() => database.close());
    }
  });
  expect(seen).toEqual({
    opened: expect.toSatisfy((n: number) => n > 0),
    refused: expect.toSatisfy((n: number) => n > 0),
  });
});
