/**
 * Reads everybody once, a few at a time, so that calls for all of them can go on should the database fail. Reading stands in the way of calls: it must
 * never read more in one go than takes about a millisecond, however many devices somebody has.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Row } from './connection.ts';
import type { Database } from './database.ts';

/** Users that are read in one go, and devices of theirs; where they have more, each of them is read by itself. */
const mostUsers = 20;
const mostDevices = 3 * mostUsers;

/** Who takes what was read. */
interface Taker {
  /** A user's row, with the rows of all its living devices. */
  take(user: Row, devices: readonly Row[]): void;
  /** Reads this user by itself. Says how many devices it has. */
  read(userId: string): number;
}

/** The returned function reads everybody. Rejects, and ends early, where the database fails. */
export function aheadReader(database: Database, { take, read }: Taker): () => Promise<void> {
  const usersBehind = database.statement('SELECT * FROM users WHERE user_id > ? ORDER BY user_id LIMIT ?');
  const devicesOf = database.statement(
    'SELECT * FROM devices WHERE user_id > ? AND user_id <= ? AND dead_at_ms IS NULL ORDER BY user_id LIMIT ?',
  );

  /** The next users behind this one; those among them whose devices are too many to have been read. */
  const readSome = (after: string) => {
    const users = usersBehind.all(after, mostUsers);
    const ids = users.map((row) => String(row.user_id));
    const last = ids.at(-1);
    if (last === undefined) return { last, left: [] };
    const devices = devicesOf.all(after, last, mostDevices);
    if (devices.length === mostDevices) return { last, left: ids };
    const ofUser = Map.groupBy(devices, (row) => row.user_id);
    for (const user of users) take(user, ofUser.get(user.user_id) ?? []);
    return { last, left: [] };
  };

  return async () => {
    for (let after: string | undefined = ''; after !== undefined; ) {
      await nextTurn();
      const from: string = after;
      const { last, left } = database.ask(() => readSome(from));
      let devices = 0;
      for (const userId of left) {
        devices += database.ask(() => read(userId));
        if (devices < mostUsers) continue;
        await nextTurn();
        devices = 0;
      }
      after = last;
    }
  };
}
