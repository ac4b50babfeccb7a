/** Rows as they may stand in the database's file: right ones with values of any type in their columns; and how another program puts them there. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import fc from 'fast-check';
import { jsonBytes } from './inputs.ts';
import { strangeNumber, strangeText } from './strange.ts';

export const summary = {
  outcome: 'answered',
  reason: 'mobile',
  durationMs: 12_345.6,
  stagesMs: { waiting: 12, talking: 3 },
};
const timeline = [
  { atMs: 0, what: 'arrived', facts: { user: '7', fresh: true } },
  { atMs: 12.5, what: 'push-sent', facts: { device: 'pixel', waitMs: 15_000 } },
];
export const rows = {
  users: { user_id: 'KEY', ringing_device: 'MobileApp', mobile_endpoint: 'PJSIP/m', web_app_endpoint: null },
  devices: {
    user_id: 'KEY',
    device_id: 'pixel',
    platform: 'ios',
    token: 'ab'.repeat(32),
    alert_token: 'cd'.repeat(32),
    app_id: 'org.example.app',
    os_version: '18.1',
    model: 'iPhone 12',
    language: 'fr-FR',
    registered_at_ms: 1_714_521_600_000,
    dead_at_ms: null,
    dead_reason: null,
  },
  calls: {
    call_id: 'KEY',
    user_id: '7',
    caller_name: 'Carol',
    caller_number: '0612',
    started_at_ms: 1_714_521_600_000,
    summary: JSON.stringify(summary),
    timeline: JSON.stringify(timeline),
    left_out: 0,
  },
} as const;
export type Table = keyof typeof rows;

/** The tables as a program makes them that cares less for types. */
export const FOREIGN = `CREATE TABLE users (user_id PRIMARY KEY, ringing_device, mobile_endpoint, web_app_endpoint);
  CREATE TABLE devices (${Object.keys(rows.devices).join(', ')}, PRIMARY KEY (user_id, device_id));
  CREATE TABLE calls (seq INTEGER PRIMARY KEY, call_id UNIQUE, ${Object.keys(rows.calls).slice(1).join(', ')});
  PRAGMA user_version = 1;`;

const asText = (bytes: fc.Arbitrary<Buffer>) => bytes.map((json) => json.toString());
const value: fc.Arbitrary<SQLInputValue> = fc.oneof(
  { weight: 6, arbitrary: strangeText },
  { weight: 2, arbitrary: strangeNumber },
  { weight: 1, arbitrary: fc.constantFrom(null, 2n ** 62n, -(2n ** 63n), 2n ** 53n + 1n, 1n, Number.NaN, Infinity) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 300_000).map((size) => new Uint8Array(size)) },
  { weight: 1, arbitrary: fc.constantFrom('WebApp', 'ios', 'android', 'PJSIP/x', '8640000000000001') },
  { weight: 4, arbitrary: asText(jsonBytes(summary, timeline)) },
);
export const row = fc.constantFrom<Table>('users', 'devices', 'calls').chain((table) => {
  const columns = Object.keys(rows[table]).slice(1);
  const changes = fc.array(fc.tuple(fc.constantFrom(...columns), value), { maxLength: 2 });
  const told = fc.oneof(asText(jsonBytes(summary)), fc.constant(rows.calls.summary));
  const story = fc.oneof(asText(jsonBytes(timeline)), fc.constant(rows.calls.timeline));
  return fc.record({ table: fc.constant(table), changes, told, story });
});

export interface Made {
  readonly table: Table;
  readonly key: string;
  readonly row: Readonly<Record<string, SQLInputValue>>;
}

/** What there is in the file makes room for these rows. */
export function rewrite(sqlite: DatabaseSync, made: readonly Made[]): void {
  sqlite.exec('BEGIN; DELETE FROM users; DELETE FROM devices; DELETE FROM calls;');
  const insert = (table: Table, row: Made['row']) =>
    sqlite
      .prepare(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.keys(row).map(() => '?')})`)
      .run(...Object.values(row));
  for (const { table, key, row } of made) {
    insert(table, row);
    if (table === 'devices') insert('users', { ...rows.users, user_id: key });
  }
  sqlite.exec('COMMIT');
}
