/** The stored registry: the contract on a file and in memory, what only the store has, and what it does when the database does not serve. */
import { describe, expect, it, vi } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import type { DeviceRegistration } from '../../src/call/ports.ts';
import { registryIn } from '../../src/store/registry.ts';
import type { Database } from '../../src/store/sqlite/database.ts';
import { StoreFault } from '../../src/store/sqlite/fault.ts';
import { type RegistryUnderTest, registryContract } from '../contract/registry.contract.ts';
import { scratchFolder } from './scratch.ts';

const scratch = scratchFolder();
const bare = { appId: undefined, osVersion: undefined, model: undefined, language: undefined };

function setUp(database: Database) {
  let nowMs = 1_000;
  const log = fakeLog();
  const registry = registryIn(database, { wallMs: () => nowMs }, log);
  return { registry, log, at: (ms: number) => (nowMs = ms) };
}

function underTest(database: Database): RegistryUnderTest {
  const { registry, at } = setUp(database);
  return {
    registry,
    putUser: (user) => registry.putUser(user),
    putDevice: (device, atMs) => {
      at(atMs);
      return registry.putDevice({ ...bare, ...device });
    },
    deleteUser: (userId) => registry.deleteUser(userId),
    deleteDevice: (userId, deviceId) => registry.deleteDevice(userId, deviceId),
  };
}

registryContract('the registry in a file', () => underTest(scratch.open()));
registryContract('the registry in memory', () => underTest(scratch.open(':memory:')));

const anna = {
  userId: 'anna',
  ringingDevice: 'MobileApp',
  mobileEndpoint: 'PJSIP/a1',
  webAppEndpoint: undefined,
} as const;
const phone: DeviceRegistration = {
  userId: 'anna',
  deviceId: 'phone',
  platform: 'ios',
  token: 'aa'.repeat(32),
  alertToken: 'bb'.repeat(32),
  appId: 'org.example.app',
  osVersion: '18.1',
  model: 'iPhone 12',
  language: 'fr-FR',
};

describe('the stored registry', () => {
  it('says what became of each order', async () => {
    const { registry } = setUp(scratch.open());
    expect(await registry.putDevice(phone)).toBe('no-such-user');
    expect(await registry.devices('anna')).toBeUndefined();
    expect(await registry.user('anna')).toBeUndefined();
    expect(await registry.putUser(anna)).toBe('created');
    expect(await registry.putUser(anna)).toBe('replaced');
    expect(await registry.user('anna')).toEqual(anna);
    expect(await registry.putDevice(phone)).toBe('created');
    expect(await registry.putDevice(phone)).toBe('replaced');
    expect(await registry.deleteDevice('anna', 'phone')).toBe(true);
    expect(await registry.deleteDevice('anna', 'phone')).toBe(false);
    expect(await registry.deleteUser('anna')).toBe(true);
    expect(await registry.deleteUser('anna')).toBe(false);
  });

  it('keeps a replaced user’s devices', async () => {
    const { registry } = setUp(scratch.open());
    await registry.putUser(anna);
    await registry.putDevice(phone);
    await registry.putUser({ ...anna, ringingDevice: 'WebApp' });
    expect(await registry.devices('anna')).toHaveLength(1);
  });

  it('shows dead devices with since when and why, until they register again', async () => {
    const { registry, log, at } = setUp(scratch.open());
    await registry.putUser(anna);
    await registry.putDevice(phone);
    const [device] = (await registry.callee('anna')).devices;
    if (device === undefined) throw new Error('no device');
    at(4_000);
    await registry.markTokenDead(device, 'Unregistered');
    expect(await registry.devices('anna')).toEqual([
      { ...phone, registeredAtMs: 1_000, dead: { atMs: 4_000, reason: 'Unregistered' } },
    ]);
    expect(log.at('warn')).toHaveLength(1);
    expect(JSON.stringify(log.lines)).not.toContain(phone.token);
    await registry.putDevice(phone);
    expect(await registry.devices('anna')).toEqual([{ ...phone, registeredAtMs: 4_000, dead: undefined }]);
  });

  it('gives a registration in the same millisecond a moment of its own', async () => {
    const { registry } = setUp(scratch.open());
    await registry.putUser(anna);
    await registry.putDevice(phone);
    const [before] = (await registry.callee('anna')).devices;
    await registry.putDevice(phone);
    if (before !== undefined) await registry.markTokenDead(before, 'Unregistered');
    expect((await registry.callee('anna')).devices).toMatchObject([{ registeredAtMs: 1_001 }]);
  });

  it('leaves out a damaged row, says so, and serves the others', async () => {
    const database = scratch.open();
    const { registry, log } = setUp(database);
    await registry.putUser(anna);
    await registry.putDevice(phone);
    await registry.putDevice({ ...phone, deviceId: 'tablet', token: 'cc'.repeat(32), alertToken: undefined });
    database.sqlite.exec("UPDATE devices SET platform = 'windows' WHERE device_id = 'tablet'");
    expect((await registry.callee('anna')).devices.map(({ deviceId }) => deviceId)).toEqual(['phone']);
    expect(log.at('error')[0]?.message).toMatch(/devices is damaged and is left out: wrong in platform/);
    database.sqlite.exec("UPDATE users SET ringing_device = 'Fax'");
    expect((await registry.callee('anna')).user).toBeUndefined();
  });
});

describe('a database that does not serve', () => {
  it('lets calls read while another program writes, and refuses our writing in clear words', async () => {
    const file = scratch.path();
    const { registry } = setUp(scratch.open(file));
    await registry.putUser(anna);
    await registry.putDevice(phone);
    const other = scratch.other(file);
    other.exec('BEGIN IMMEDIATE');
    const { user, devices } = await registry.callee('anna');
    expect(user).toEqual(anna);
    const [device] = devices;
    if (device === undefined) throw new Error('no device');
    await expect(registry.putUser(anna)).rejects.toThrow(`the database ${file} is locked by another program`);
    await registry.markTokenDead(device, 'gone');
    other.exec('COMMIT');
    expect(await registry.putUser(anna)).toBe('replaced');
    // What the store could not take down is still to be learnt by the next push.
    expect((await registry.callee('anna')).devices).toHaveLength(1);
  });

  it('has been told as out of order by the time in which a change is refused for a lock', async () => {
    const file = scratch.path();
    const database = scratch.open(file);
    const { registry } = setUp(database);
    const other = scratch.other(file);
    other.exec('BEGIN IMMEDIATE');
    // A machine so slow that time passes between any two looks at the clock.
    let nowMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 20));
    await expect(registry.putUser(anna)).rejects.toThrow(StoreFault);
    clock.mockRestore();
    expect(database.fault()?.kind).toBe('locked');
    other.exec('COMMIT');
  });

  it('answers calls by what was last known once the database is closed, and rejects everything else', async () => {
    const database = scratch.open();
    const { registry } = setUp(database);
    await registry.putUser(anna);
    database.close();
    expect(await registry.callee('anna')).toEqual({
      user: anna,
      devices: [],
      stale: expect.stringMatching(/is closed/),
    });
    await expect(registry.putUser(anna)).rejects.toThrow(StoreFault);
  });
});
