/**
 * Users and their devices in the database. A phone is known by its tokens: whoever registers one takes it away from whatever device had it,
 * so that no call for the former user wakes that phone. Every method rejects with StoreFault when the database cannot be used.
 * It must never hand out a dead token to a call.
 */
import type { SQLInputValue } from 'node:sqlite';
import type { Clock, Device, Log, Registry, User } from '../call/ports.ts';
import type { Database } from './database.ts';
import { storeFault } from './fault.ts';
import { believe, type DeviceEntry, type DeviceRegistration, deviceRow, userRow } from './rows.ts';

export interface StoredRegistry extends Registry {
  putUser(user: User): Promise<'created' | 'replaced'>;
  user(userId: string): Promise<User | undefined>;
  /** With the user's devices. False: there is no such user. */
  deleteUser(userId: string): Promise<boolean>;
  putDevice(registration: DeviceRegistration): Promise<'created' | 'replaced' | 'no-such-user'>;
  /** False: there is no such device. */
  deleteDevice(userId: string, deviceId: string): Promise<boolean>;
  /** Dead ones included. Undefined: there is no such user. */
  devices(userId: string): Promise<readonly DeviceEntry[] | undefined>;
}

export function registryIn(database: Database, clock: Pick<Clock, 'wallMs'>, log: Log): StoredRegistry {
  const { sqlite, file } = database;
  const selectUser = sqlite.prepare('SELECT * FROM users WHERE user_id = ?');
  const upsertUser = sqlite.prepare(
    `INSERT INTO users (user_id, ringing_device, mobile_endpoint, web_app_endpoint) VALUES (?, ?, ?, ?)
     ON CONFLICT (user_id) DO UPDATE SET ringing_device = excluded.ringing_device,
       mobile_endpoint = excluded.mobile_endpoint, web_app_endpoint = excluded.web_app_endpoint`,
  );
  const deleteUser = sqlite.prepare('DELETE FROM users WHERE user_id = ?');
  const selectDevices = sqlite.prepare('SELECT * FROM devices WHERE user_id = ? ORDER BY device_id');
  const selectDevice = sqlite.prepare('SELECT registered_at_ms FROM devices WHERE user_id = ? AND device_id = ?');
  const deleteDevice = sqlite.prepare('DELETE FROM devices WHERE user_id = ? AND device_id = ?');
  const takeTokens = sqlite.prepare(
    'DELETE FROM devices WHERE (token IN (?1, ?2) OR alert_token IN (?1, ?2)) AND NOT (user_id = ?3 AND device_id = ?4)',
  );
  const replaceDevice = sqlite.prepare(
    `INSERT OR REPLACE INTO devices (user_id, device_id, platform, token, alert_token, app_id, os_version, model, language, registered_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  // The registration counts too: a phone that has come back with the same token since the push is not dead.
  const markDead = sqlite.prepare(
    `UPDATE devices SET dead_at_ms = ?, dead_reason = ?
     WHERE user_id = ? AND device_id = ? AND token = ? AND registered_at_ms = ? AND dead_at_ms IS NULL`,
  );

  /** A damaged row is left out, and told of: the others are still of use. */
  const damaged = (table: string, ids: Record<string, unknown>) => (columns: string) =>
    log.error(`a row of the table ${table} is damaged and is left out: wrong in ${columns}`, ids);
  const userOf = (userId: string): User | undefined => {
    const row = selectUser.get(userId);
    return row === undefined ? undefined : believe(userRow, row, damaged('users', { userId }))[0];
  };
  const devicesOf = (userId: string): DeviceEntry[] =>
    selectDevices
      .all(userId)
      .flatMap((row) => believe(deviceRow, row, damaged('devices', { userId, deviceId: row.device_id })));
  const ask = async <T>(question: () => T): Promise<T> => {
    try {
      return question();
    } catch (error) {
      throw storeFault(file, error);
    }
  };
  const nothing = (text: string | undefined): SQLInputValue => text ?? null;

  return {
    callee: (userId) =>
      ask(() => ({
        user: userOf(userId),
        devices: devicesOf(userId)
          .filter(({ dead }) => dead === undefined)
          .map(alive),
      })),
    markTokenDead: (device, reason) =>
      ask(() => {
        const { userId, deviceId, token, registeredAtMs } = device;
        const { changes } = markDead.run(clock.wallMs(), reason, userId, deviceId, token, registeredAtMs);
        if (changes > 0)
          log.warn('a device is no longer reachable by push: its token is dead', { userId, deviceId, reason });
      }),
    putUser: (user) =>
      ask(() =>
        database.together(() => {
          const known = selectUser.get(user.userId) !== undefined;
          upsertUser.run(user.userId, user.ringingDevice, nothing(user.mobileEndpoint), nothing(user.webAppEndpoint));
          return known ? 'replaced' : 'created';
        }),
      ),
    user: (userId) => ask(() => userOf(userId)),
    deleteUser: (userId) => ask(() => deleteUser.run(userId).changes > 0),
    putDevice: (given) =>
      ask(() =>
        database.together(() => {
          const { userId, deviceId, platform, token } = given;
          if (selectUser.get(userId) === undefined) return 'no-such-user';
          const before = selectDevice.get(userId, deviceId)?.registered_at_ms;
          const { changes: moved } = takeTokens.run(token, given.alertToken ?? token, userId, deviceId);
          if (moved > 0)
            log.info('a push token has moved to another device', { userId, deviceId, taken: Number(moved) });
          const nowMs = clock.wallMs();
          const details = [given.alertToken, given.appId, given.osVersion, given.model, given.language].map(nothing);
          // Each registration has a moment of its own, so that a verdict on the one before does not hit it.
          replaceDevice.run(userId, deviceId, platform, token, ...details, before === nowMs ? nowMs + 1 : nowMs);
          return before === undefined ? 'created' : 'replaced';
        }),
      ),
    deleteDevice: (userId, deviceId) => ask(() => deleteDevice.run(userId, deviceId).changes > 0),
    devices: (userId) => ask(() => (selectUser.get(userId) === undefined ? undefined : devicesOf(userId))),
  };
}

function alive(entry: DeviceEntry): Device {
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
