/**
 * Users and their devices in the database. A phone is known by its tokens: whoever registers one takes it away from whatever device had it,
 * so that no call for the former user wakes that phone. Where the database cannot be used, calls get what was last known, and every change rejects
 * with StoreFault. It must never hand out a dead token to a call.
 */

import type { SQLInputValue } from 'node:sqlite';
import { wordsOf } from '../call/errors.ts';
import { MOST_DEVICES } from '../call/ports/callee.ts';
import type { Clock, Device, Directory, Log, RegisteredDevice, Registry, User } from '../call/ports.ts';
import { type Callee, LastKnown } from './last-known.ts';
import { believe, damageTeller, deviceRow, userRow } from './rows.ts';
import type { Row, Statement } from './sqlite/connection.ts';
import type { Database } from './sqlite/database.ts';
import { StoreFault } from './sqlite/fault.ts';
import { aheadReader } from './sqlite/read-ahead.ts';

export interface StoredRegistry extends Registry, Directory {}

/** A call takes notice of no more than these; an older database may hold more, of which the newest serve. */
const mostDevices = MOST_DEVICES;

export function registryIn(database: Database, clock: Pick<Clock, 'wallMs'>, log: Log): StoredRegistry {
  const selectUser = database.statement('SELECT * FROM users WHERE user_id = ?');
  const upsertUser = database.statement(
    `INSERT INTO users (user_id, ringing_device, mobile_endpoint, web_app_endpoint) VALUES (?, ?, ?, ?)
     ON CONFLICT (user_id) DO UPDATE SET ringing_device = excluded.ringing_device,
       mobile_endpoint = excluded.mobile_endpoint, web_app_endpoint = excluded.web_app_endpoint`,
  );
  const deleteUser = database.statement('DELETE FROM users WHERE user_id = ?');
  const selectLiving = database.statement(
    'SELECT * FROM devices WHERE user_id = ? AND dead_at_ms IS NULL ORDER BY registered_at_ms DESC LIMIT ?',
  );
  const selectDead = database.statement(
    'SELECT * FROM devices WHERE user_id = ? AND dead_at_ms IS NOT NULL ORDER BY dead_at_ms DESC LIMIT ?',
  );
  const selectDevice = database.statement('SELECT * FROM devices WHERE user_id = ? AND device_id = ?');
  const countDevices = database.statement(
    'SELECT count(*) AS devices FROM (SELECT 1 FROM devices WHERE user_id = ? LIMIT ?)',
  );
  const deleteLongestDead = database.statement(
    `DELETE FROM devices WHERE rowid =
     (SELECT rowid FROM devices WHERE user_id = ? AND dead_at_ms IS NOT NULL ORDER BY dead_at_ms LIMIT 1) RETURNING device_id`,
  );
  const deleteDevice = database.statement('DELETE FROM devices WHERE user_id = ? AND device_id = ?');
  const takeTokens = database.statement(
    'DELETE FROM devices WHERE (token IN (?1, ?2) OR alert_token IN (?1, ?2)) AND NOT (user_id = ?3 AND device_id = ?4) RETURNING user_id',
  );
  const selectHolder = database.statement(
    'SELECT 1 FROM devices WHERE (token IN (?1, ?2) OR alert_token IN (?1, ?2)) AND user_id = ?3 LIMIT 1',
  );
  const replaceDevice = database.statement(
    `INSERT OR REPLACE INTO devices (user_id, device_id, platform, token, alert_token, app_id, os_version, model, language, registered_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  // The registration counts too: a phone that has come back with the same token since the push is not dead.
  const markDead = database.statement(
    `UPDATE devices SET dead_at_ms = ?, dead_reason = ?
     WHERE user_id = ? AND device_id = ? AND token = ? AND registered_at_ms = ? AND dead_at_ms IS NULL`,
  );

  const lastKnown = new LastKnown();

  /** A damaged row is left out: the others are still of use. */
  const damaged = damageTeller(log);
  const userFrom = (userId: string, row: Row | undefined): User | undefined =>
    row === undefined ? undefined : believe(userRow, row, damaged('users', { userId }))[0];
  const userOf = (userId: string): User | undefined => userFrom(userId, selectUser.get(userId));
  const deviceOf = (userId: string, row: Row): RegisteredDevice[] =>
    believe(deviceRow, row, damaged('devices', { userId, deviceId: row.device_id }));
  const devicesIn = (userId: string, rows: readonly Row[]): RegisteredDevice[] =>
    rows.flatMap((row) => deviceOf(userId, row)).sort((one, other) => (one.deviceId < other.deviceId ? -1 : 1));
  const devicesFrom = (userId: string, ...selections: readonly Statement[]): RegisteredDevice[] =>
    devicesIn(
      userId,
      selections.flatMap((selection) => selection.all(userId, mostDevices)),
    );
  const read = (userId: string): Callee => {
    const callee = { user: userOf(userId), devices: devicesFrom(userId, selectLiving).map(alive) };
    lastKnown.keep(userId, callee);
    return callee;
  };
  const readAll = aheadReader(database, {
    read: (userId) => read(userId).devices.length,
    take: (user, devices) => {
      const userId = String(user.user_id);
      lastKnown.keep(userId, { user: userFrom(userId, user), devices: devicesIn(userId, devices).map(alive) });
    },
  });
  database.onWorking(() => {
    readAll().catch((error: unknown) => log.debug('not everybody was read ahead', { error }));
  });
  const ask = async <T>(question: () => T): Promise<T> => database.ask(question);
  const callee: Registry['callee'] = async (userId) => {
    try {
      return database.ask(() => read(userId));
    } catch (error) {
      return { ...lastKnown.of(userId), stale: wordsOf(error) };
    }
  };
  /** Makes a change, and takes note of it only once it is kept. */
  const change = async <T>(work: () => readonly [answer: T, touched: readonly string[]]): Promise<T> => {
    const [answer, touched] = await database.patiently(work);
    for (const userId of touched) {
      lastKnown.forget(userId);
      await callee(userId);
    }
    return answer;
  };
  /** False: the user has as many devices as it may have, and all of them live. */
  const makeRoom = (userId: string): boolean => {
    if (Number(countDevices.get(userId, mostDevices)?.devices) < mostDevices) return true;
    const gone = deleteLongestDead.all(userId)[0]?.device_id;
    if (gone !== undefined) log.info('a dead device has made room for a new one', { userId, deviceId: gone });
    return gone !== undefined;
  };
  const nothing = (text: string | undefined): SQLInputValue => text ?? null;

  return {
    mostDevices,
    callee,
    async markTokenDead(device, reason) {
      const { userId, deviceId, token, registeredAtMs } = device;
      lastKnown.bury(device);
      const mark = () => markDead.run(clock.wallMs(), reason, userId, deviceId, token, registeredAtMs);
      const changes = await database.patiently(mark).catch((error: unknown) => {
        // The next push will hear of it again. The database has told of its own trouble.
        if (!(error instanceof StoreFault)) throw error;
        return 0;
      });
      if (changes > 0)
        log.warn('a device is no longer reachable by push: its token is dead', { userId, deviceId, reason });
    },
    putUser: (user) =>
      change(() => {
        const { userId, ringingDevice } = user;
        const known = selectUser.get(userId) !== undefined;
        upsertUser.run(userId, ringingDevice, nothing(user.mobileEndpoint), nothing(user.webAppEndpoint));
        return [known ? 'replaced' : 'created', [userId]];
      }),
    user: (userId) => ask(() => userOf(userId)),
    deleteUser: (userId) => change(() => [deleteUser.run(userId) > 0, [userId]]),
    putDevice: (given) =>
      change(() => {
        const { userId, deviceId, platform, token } = given;
        if (selectUser.get(userId) === undefined) return ['no-such-user', []];
        const before = selectDevice.get(userId, deviceId)?.registered_at_ms;
        const tokens = [token, given.alertToken ?? token] as const;
        // An app that was installed anew comes with its token under another id, and takes the place of the one before.
        const hasPlace = before !== undefined || selectHolder.get(...tokens, userId) !== undefined;
        if (!hasPlace && !makeRoom(userId)) return ['too-many', []];
        const losers = takeTokens.all(...tokens, userId, deviceId);
        if (losers.length > 0)
          log.info('a push token has moved to another device', { userId, deviceId, taken: losers.length });
        const nowMs = clock.wallMs();
        const details = [given.alertToken, given.appId, given.osVersion, given.model, given.language].map(nothing);
        // Each registration has a moment of its own, so that a verdict on the one before does not hit it.
        replaceDevice.run(userId, deviceId, platform, token, ...details, before === nowMs ? nowMs + 1 : nowMs);
        const touched = [...new Set([userId, ...losers.map((row) => String(row.user_id))])];
        return [before === undefined ? 'created' : 'replaced', touched];
      }),
    deleteDevice: (userId, deviceId) => change(() => [deleteDevice.run(userId, deviceId) > 0, [userId]]),
    device: (userId, deviceId) =>
      ask(() => {
        const row = selectDevice.get(userId, deviceId);
        return row === undefined ? undefined : deviceOf(userId, row)[0];
      }),
    devices: (userId) =>
      ask(() => (selectUser.get(userId) === undefined ? undefined : devicesFrom(userId, selectLiving, selectDead))),
  };
}

function alive(entry: RegisteredDevice): Device {
  const { userId, deviceId, platform, token, alertToken, appId, registeredAtMs } = entry;
  const ios = platform === 'ios';
  return {
    userId,
    deviceId,
    platform,
    token,
    alertToken: ios ? alertToken : undefined,
    appId: ios ? appId : undefined,
    registeredAtMs,
  };
}
