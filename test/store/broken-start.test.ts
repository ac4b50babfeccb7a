/** A router that starts where its database cannot be opened, and one that has just started where it breaks. */
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { brokenStores, phone, user } from './broken-store.ts';

const { scratch, setUp, withAnna, copyOf, garbled } = brokenStores();

describe('at the start', () => {
  it('everybody is known before anybody has called', async () => {
    const before = await withAnna();
    for (let n = 0; n < 50; n += 1) await before.registry.putUser({ ...user, userId: `user-${n}` });
    before.database.close();
    const store = setUp(before.file);
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    await garbled(store);
    for (const userId of ['anna', 'user-0', 'user-49', 'user-9'])
      expect(await store.registry.callee(userId)).toMatchObject({
        user: { ...user, userId },
        stale: expect.anything(),
      });
  });

  it.each([
    ['a folder that is missing', (file: string) => rmSync(dirname(file), { recursive: true }), /has no folder: create/],
    ['garbage', (file: string) => writeFileSync(file, randomBytes(8_192)), /is no SQLite database/],
  ])('%s is told once, and a database is made or taken as soon as that can be', async (_, spoil, why) => {
    const file = `${scratch.path()}-folder/mapp.sqlite`;
    mkdirSync(dirname(file));
    spoil(file);
    const { registry, told, back, tokens } = setUp(file);
    expect(await registry.callee('anna')).toEqual({ user: undefined, devices: [], stale: expect.stringMatching(why) });
    await expect(registry.putUser(user)).rejects.toThrow(why);
    rmSync(dirname(file), { recursive: true, force: true });
    mkdirSync(dirname(file));
    await back();
    await registry.putUser(user);
    await registry.putDevice(phone);
    expect(await tokens('anna')).toEqual(['token-1']);
    expect(told()).toContainEqual(expect.stringMatching(why));
    expect(told()).toContainEqual(expect.stringMatching(/works again/));
  });

  it('a copy that is put there is taken', async () => {
    const { file } = await withAnna();
    const other = scratch.path();
    writeFileSync(other, randomBytes(8_192));
    const { tokens, back } = setUp(other);
    copyFileSync(copyOf(file), `${other}.new`);
    renameSync(`${other}.new`, other);
    await back();
    expect(await tokens('anna')).toEqual(['token-1']);
  });
});
