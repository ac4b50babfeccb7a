/** A user with very many devices: how many it may have, who makes room, which of them serve, and that no question asked of the database grows with them. */
import { describe, expect, it } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import type { DeviceRegistration } from '../../src/call/ports.ts';
import { registryIn } from '../../src/store/registry.ts';
import { scratchFolder } from './scratch.ts';
import { watched } from './watched-database.ts';

const scratch = scratchFolder();
const MOST = 50;
const OLD = 2_300;
const anna = {
  userId: 'anna',
  ringingDevice: 'MobileApp',
  mobileEndpoint: 'PJSIP/a',
  webAppEndpoint: undefined,
} as const;
const phone = (n: number | string, token = `token-${n}`): DeviceRegistration => ({
  userId: 'anna',
  deviceId: `phone-${n}`,
  platform: 'android',
  token,
  alertToken: undefined,
  appId: undefined,
  osVersion: undefined,
  model: undefined,
  language: undefined,
});

async function annaWith(devices: number) {
  const { database, asked } = watched(scratch.open());
  let nowMs = 1_000_000;
  const log = fakeLog();
  const registry = registryIn(database, { wallMs: () => (nowMs += 1) }, log);
  await registry.putUser(anna);
  // As an older router has left them.
  const insert = database.sqlite.prepare(
    "INSERT INTO devices (user_id, device_id, platform, token, registered_at_ms) VALUES ('anna', ?, 'android', ?, ?)",
  );
  database.sqlite.exec('BEGIN');
  for (let n = 1; n <= devices; n += 1) insert.run(`phone-${n}`, `token-${n}`, n);
  database.sqlite.exec('COMMIT');
  return { database, registry, asked, log };
}

describe('a user who has as many devices as it may have', () => {
  it('gets no more, and may change each of them', async () => {
    const { registry } = await annaWith(MOST - 1);
    expect(registry.mostDevices).toBe(MOST);
    expect(await registry.putDevice(phone('last'))).toBe('created');
    expect(await registry.putDevice(phone('more'))).toBe('too-many');
    expect(await registry.device('anna', 'phone-more')).toBeUndefined();
    expect(await registry.putDevice(phone(7, 'another-token'))).toBe('replaced');
    expect(await registry.deleteDevice('anna', 'phone-8')).toBe(true);
    expect(await registry.putDevice(phone('more'))).toBe('created');
  });

  it('may register a phone that was installed anew, under another id', async () => {
    const { registry } = await annaWith(MOST);
    expect(await registry.putDevice(phone('anew', 'token-3'))).toBe('created');
    expect(await registry.device('anna', 'phone-3')).toBeUndefined();
    expect(await registry.devices('anna')).toHaveLength(MOST);
  });

  it('keeps its phone when it is refused one that another user has', async () => {
    const { registry } = await annaWith(MOST);
    await registry.putUser({ ...anna, userId: 'bert' });
    await registry.putDevice({ ...phone('b'), userId: 'bert' });
    expect(await registry.putDevice(phone('mine', 'token-b'))).toBe('too-many');
    expect(await registry.devices('bert')).toHaveLength(1);
  });

  it('loses the one that has been dead for longest, where one is', async () => {
    const { registry, log } = await annaWith(MOST);
    const { devices } = await registry.callee('anna');
    for (const id of ['phone-9', 'phone-4']) {
      const device = devices.find(({ deviceId }) => deviceId === id);
      if (device !== undefined) await registry.markTokenDead(device, 'UNREGISTERED');
    }
    expect(await registry.putDevice(phone('new'))).toBe('created');
    expect(await registry.device('anna', 'phone-9')).toBeUndefined();
    expect((await registry.device('anna', 'phone-4'))?.dead).toBeDefined();
    expect(log.at('info').at(-1)).toMatchObject({ fields: { userId: 'anna', deviceId: 'phone-9' } });
  });
});

describe('a user with more devices than it may have, from an older database', () => {
  it('is served by the newest living ones, and may go on with those that it has', async () => {
    const { registry } = await annaWith(OLD);
    const newest = Array.from({ length: MOST }, (_, n) => `phone-${OLD - n}`).sort();
    expect((await registry.callee('anna')).devices.map(({ deviceId }) => deviceId)).toEqual(newest);
    expect(await registry.devices('anna')).toHaveLength(MOST);
    expect(await registry.putDevice(phone('new'))).toBe('too-many');
    expect(await registry.putDevice(phone(1))).toBe('replaced');
    expect((await registry.callee('anna')).devices.map(({ deviceId }) => deviceId)).toContain('phone-1');
  });

  it('costs no more than another: as few rows, each found by an index', async () => {
    const few = await annaWith(MOST);
    const many = await annaWith(OLD);
    for (const { registry, asked } of [few, many]) {
      asked.rows = 0;
      await registry.putDevice(phone(3));
      await registry.putDevice(phone('new'));
      await registry.device('anna', 'phone-3');
      await registry.devices('anna');
      const [device] = (await registry.callee('anna')).devices;
      if (device !== undefined) await registry.markTokenDead(device, 'UNREGISTERED');
      await registry.putDevice(phone('newer'));
      await registry.deleteDevice('anna', 'phone-5');
    }
    expect(many.asked.rows).toBeLessThanOrEqual(few.asked.rows + MOST);
    const plans = [...many.asked.sql].flatMap((sql) =>
      many.database.sqlite
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => String(detail)),
    );
    expect(plans.length).toBeGreaterThan(8);
    expect(plans.filter((plan) => /SCAN devices|TEMP B-TREE/.test(plan))).toEqual([]);
  });
});
