/** A store with one user and one mobile, and the ways in which its file breaks, for the tests of this folder. */
import { randomBytes } from 'node:crypto';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { expect, vi } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { registryIn } from '../../src/store/registry.ts';
import { keepDatabase } from '../../src/store/sqlite/database.ts';
import { StoreFault } from '../../src/store/sqlite/fault.ts';
import { scratchFolder } from './scratch.ts';

export const patience = { timeout: 60_000 } as const;

const anna = { userId: 'anna', ringingDevice: 'MobileApp', mobileEndpoint: 'PJSIP/a1' } as const;
export const user = { ...anna, webAppEndpoint: undefined };
const bare = { appId: undefined, osVersion: undefined, model: undefined, language: undefined, alertToken: undefined };
export const phone = { ...bare, userId: 'anna', deviceId: 'phone', platform: 'android', token: 'token-1' } as const;

/** To be called once in each test file: its folder goes when the file is done. */
export function brokenStores() {
  const scratch = scratchFolder();

  function setUp(file = scratch.path()) {
    const log = fakeLog();
    const database = scratch.keep(keepDatabase(`sqlite:${file}`, log, 20));
    const registry = registryIn(database, { wallMs: () => 1_000 }, log);
    const told = () =>
      log.lines
        .filter(({ level, message }) => level === 'error' || (level === 'info' && !/has been made/.test(message)))
        .map((line) => line.message);
    const tokens = async (userId: string) => (await registry.callee(userId)).devices.map(({ token }) => token);
    const back = () => vi.waitFor(() => expect(database.fault()).toBeUndefined(), patience);
    return { file, log, database, registry, told, tokens, back };
  }

  async function withAnna(store = setUp()) {
    await store.registry.putUser(user);
    await store.registry.putDevice(phone);
    return store;
  }

  /** The file as it was, elsewhere, with all that has been written. */
  function copyOf(file: string): string {
    const copy = `${file}.copy`;
    scratch.other(file).exec(`VACUUM INTO '${copy}'`);
    chmodSync(copy, 0o600);
    return copy;
  }

  /** Whatever a fresh look shows, and nothing that is remembered. */
  const noticed = (store: ReturnType<typeof setUp>) =>
    vi.waitFor(() => expect(store.registry.putUser(user)).rejects.toThrow(StoreFault), patience);

  async function garbled(store: ReturnType<typeof setUp>): Promise<void> {
    // What still stands in the log beside the file, SQLite would mend it with.
    scratch.other(store.file).exec('PRAGMA wal_checkpoint(TRUNCATE)');
    writeFileSync(store.file, randomBytes(statSync(store.file).size));
    await noticed(store);
  }

  return { scratch, setUp, withAnna, copyOf, noticed, garbled };
}
