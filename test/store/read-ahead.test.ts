/** Reading everybody ahead: all of them, in few questions, and never much in one go. */
import { expect, it } from 'vitest';
import type { Row } from '../../src/store/sqlite/connection.ts';
import type { Database } from '../../src/store/sqlite/database.ts';
import { aheadReader } from '../../src/store/sqlite/read-ahead.ts';
import { scratchFolder } from './scratch.ts';
import { watched } from './watched-database.ts';

const scratch = scratchFolder();

/** Users with so many devices each. */
async function readAhead(counts: readonly number[]) {
  const { database, asked } = watched(scratch.open());
  const { sqlite } = database;
  const user = sqlite.prepare("INSERT INTO users (user_id, ringing_device) VALUES (?, 'MobileApp')");
  const device = sqlite.prepare(
    "INSERT INTO devices (user_id, device_id, platform, token, registered_at_ms) VALUES (?, ?, 'android', ?, ?)",
  );
  sqlite.exec('BEGIN');
  for (const [n, count] of counts.entries()) {
    user.run(`user-${n}`);
    for (let one = 0; one < count; one += 1) device.run(`user-${n}`, `phone-${one}`, `token-${n}-${one}`, one);
  }
  sqlite.exec('COMMIT');
  const taken = new Map<string, readonly Row[]>();
  const alone: string[] = [];
  let questions = 0;
  const ask: Database['ask'] = (question) => {
    questions += 1;
    return database.ask(question);
  };
  await aheadReader(
    { ...database, ask },
    {
      take: ({ user_id: userId }, devices) => void taken.set(String(userId), devices),
      read: (userId) => alone.push(userId),
    },
  )();
  return { database, asked, taken, alone, questions };
}

it('takes each user once, with its own devices', async () => {
  const { taken, alone, questions } = await readAhead(Array.from({ length: 250 }, (_, n) => n % 3));
  expect(alone).toEqual([]);
  expect(taken.size).toBe(250);
  for (const [userId, devices] of taken) {
    expect(devices).toHaveLength(Number(userId.slice('user-'.length)) % 3);
    expect(devices.every((row) => row.user_id === userId)).toBe(true);
  }
  expect(questions).toBeLessThan(20);
});

it('leaves those with too many devices to be read one by one, and finds every row by an index', async () => {
  const { database, asked, taken, alone } = await readAhead([...Array<number>(30).fill(1), 2_000]);
  expect(taken.size + alone.length).toBe(31);
  expect(alone).toContain('user-30');
  expect(asked.mostAtOnce).toBeLessThan(100);
  const plans = [...asked.sql].flatMap((sql) => database.sqlite.prepare(`EXPLAIN QUERY PLAN ${sql}`).all());
  expect(plans.filter(({ detail }) => /SCAN|TEMP B-TREE/.test(String(detail)))).toEqual([]);
});
