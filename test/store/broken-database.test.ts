/** A database that breaks while calls go on: told of once, calls get what was last known, and it is used again without a restart. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { callHistoryIn } from '../../src/store/call-history.ts';
import { brokenStores, patience, phone, user } from './broken-store.ts';

const { scratch, setUp, withAnna, copyOf, noticed, garbled } = brokenStores();

describe('a lock of another program', () => {
  it('that lasts a moment is waited for, while everything else goes on', async () => {
    const { file, registry, told } = await withAnna();
    const other = scratch.other(file);
    other.exec('BEGIN IMMEDIATE');
    const put = registry.putUser({ ...user, ringingDevice: 'WebApp' });
    expect((await registry.callee('anna')).user?.ringingDevice).toBe('MobileApp');
    other.exec('COMMIT');
    expect(await put).toBe('replaced');
    expect(told()).toEqual([]);
  });

  it('that stays is told once, and once that it is gone', async () => {
    const { file, registry, told, tokens, back } = await withAnna();
    const other = scratch.other(file);
    other.exec('BEGIN EXCLUSIVE');
    for (let turn = 0; turn < 3; turn += 1)
      await expect(registry.putUser(user)).rejects.toThrow(/is locked by another/);
    expect(await tokens('anna')).toEqual(['token-1']);
    expect((await registry.callee('anna')).stale).toBeUndefined();
    other.exec('COMMIT');
    await back();
    expect(await registry.putUser(user)).toBe('replaced');
    expect(told()).toEqual([
      expect.stringMatching(/is locked by another program: .*; until it works, calls go by what is known/),
      expect.stringMatching(/works again/),
    ]);
  });
});

describe('a file that is gone', () => {
  it('leaves calls what they need, takes no change, and is used again when it is back', async () => {
    const store = await withAnna();
    const { file, registry, told, tokens, back } = store;
    renameSync(file, `${file}.away`);
    await noticed(store);
    expect(await tokens('anna')).toEqual(['token-1']);
    expect(existsSync(file)).toBe(false);
    renameSync(`${file}.away`, file);
    await back();
    expect(await registry.putDevice({ ...phone, token: 'token-2' })).toBe('replaced');
    expect(await tokens('anna')).toEqual(['token-2']);
    expect(told()).toEqual([expect.stringMatching(/is gone: put it back/), expect.stringMatching(/works again/)]);
  });

  it('may come back as a copy: nothing of the one before gets into it', async () => {
    const store = await withAnna();
    const { file, database, registry, tokens, back } = store;
    const copy = copyOf(file);
    await registry.putDevice({ ...phone, deviceId: 'later', token: 'later' });
    rmSync(file);
    await noticed(store);
    renameSync(copy, file);
    await back();
    expect(await tokens('anna')).toEqual(['token-1']);
    expect(database.sqlite.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  });

  it('and its folder with it: as well', async () => {
    const file = `${scratch.path()}-folder/mapp.sqlite`;
    mkdirSync(dirname(file));
    const store = await withAnna(setUp(file));
    const copy = `${dirname(file)}-copy`;
    scratch.other(file).exec(`VACUUM INTO '${copy}'`);
    rmSync(dirname(file), { recursive: true });
    await noticed(store);
    expect(await store.tokens('anna')).toEqual(['token-1']);
    mkdirSync(dirname(file));
    renameSync(copy, file);
    await store.back();
    expect(await store.registry.putUser(user)).toBe('replaced');
  });

  it('another one in its place is used at once', async () => {
    const { file, registry, log, tokens } = await withAnna();
    const copy = copyOf(file);
    await registry.deleteDevice('anna', 'phone');
    renameSync(copy, file);
    await vi.waitFor(async () => {
      await registry.putUser(user);
      expect(await tokens('anna')).toEqual(['token-1']);
    }, patience);
    expect(log.at('warn').map(({ message }) => message)).toEqual([expect.stringMatching(/was replaced/)]);
  });
});

describe('a file of garbage', () => {
  it('is noticed, leaves calls what was last known, and is done without until a copy is there', async () => {
    const store = await withAnna();
    const { file, registry, told, back } = store;
    const copy = copyOf(file);
    await garbled(store);
    expect(await registry.callee('anna')).toMatchObject({
      user,
      devices: [{ token: 'token-1' }],
      stale: expect.stringMatching(/is no SQLite database|is damaged/),
    });
    expect(await registry.callee('nobody')).toMatchObject({ user: undefined, devices: [], stale: expect.anything() });
    renameSync(copy, file);
    await back();
    expect((await registry.callee('anna')).stale).toBeUndefined();
    expect(told()).toEqual([expect.stringMatching(/until it works, calls go/), expect.stringMatching(/works again/)]);
  });

  it('takes nothing of what calls learn meanwhile: a dead token is pushed no more, a moved one neither', async () => {
    const store = await withAnna();
    const { registry, tokens } = store;
    await registry.putUser({ ...user, userId: 'bert' });
    await registry.putDevice({ ...phone, deviceId: 'tablet', token: 'token-2' });
    await registry.putDevice({ ...phone, userId: 'bert', token: 'token-2' });
    await garbled(store);
    expect(await tokens('anna')).toEqual(['token-1']);
    const [device] = (await registry.callee('anna')).devices;
    if (device === undefined) throw new Error('no device');
    await registry.markTokenDead(device, 'UNREGISTERED');
    expect(await tokens('anna')).toEqual([]);
    expect(await tokens('bert')).toEqual(['token-2']);
  });

  it('keeps the history in memory, to be read and to be written later', async () => {
    const store = await withAnna();
    const { file, database, log, back } = store;
    const callHistory = callHistoryIn(database, log, { retryMs: 20 });
    const copy = copyOf(file);
    await garbled(store);
    callHistory.open({ callId: 'c1', userId: 'anna', caller: { name: '', number: '' }, startedAtMs: 1 });
    callHistory.close('c1', { outcome: 'no-answer', reason: 'wait-over', durationMs: 1, stagesMs: {} });
    expect((await callHistory.latest(5)).map(({ callId }) => callId)).toEqual(['c1']);
    expect(await callHistory.story('c1')).toMatchObject({ callId: 'c1' });
    renameSync(copy, file);
    await back();
    const rows = () => scratch.other(file).prepare('SELECT call_id FROM calls').all();
    await vi.waitFor(() => expect(rows()).toEqual([{ call_id: 'c1' }]), patience);
  });
});
