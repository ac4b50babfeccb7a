/** Who may read the database's files, and what is said of a database that was not there. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect, it, vi } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { keepDatabase } from '../../src/store/sqlite/database.ts';
import { FileGuard } from '../../src/store/sqlite/file-guard.ts';
import { brokenStores, patience, user } from './broken-store.ts';

const { scratch, setUp, withAnna, copyOf } = brokenStores();
const modeOf = (file: string) => statSync(file).mode & 0o777;
const open = (file: string) => {
  const log = fakeLog();
  return { log, database: scratch.keep(keepDatabase(`sqlite:${file}`, log, 20)) };
};
const warnings = ({ lines }: ReturnType<typeof fakeLog>) =>
  lines.filter(({ level }) => level === 'warn').map(({ message }) => message);

it('a database that others can read is theirs no more, nor is what stands beside it, and each is told of once', async () => {
  const { file } = await withAnna();
  const companions = [`${file}-wal`, `${file}-shm`];
  for (const one of [file, ...companions]) chmodSync(one, 0o644);
  const { log } = open(file);
  expect([file, ...companions].map(modeOf)).toEqual([0o600, 0o600, 0o600]);
  expect(warnings(log)).toEqual(
    [file, ...companions].map((one) =>
      expect.stringMatching(`the database file ${one} can be read .* \\(mode 0644\\): its mode is now 0600`),
    ),
  );
});

it('one that is behind a link as well, with what SQLite keeps beside the file itself', async () => {
  const { file } = await withAnna();
  for (const one of [file, `${file}-wal`]) chmodSync(one, 0o664);
  const link = scratch.path();
  symlinkSync(file, link);
  open(link);
  expect([file, `${file}-wal`].map(modeOf)).toEqual([0o600, 0o600]);
});

it('what is no file keeps its rights, though somebody has named it for a database', () => {
  const folder = scratch.path();
  mkdirSync(folder, { mode: 0o755 });
  chmodSync(folder, 0o1777);
  open(folder);
  expect(statSync(folder).mode & 0o7777).toBe(0o1777);
});

it('one that has a second name as well: the rights are those of the file', async () => {
  const { file } = await withAnna();
  const name = scratch.path();
  linkSync(file, name);
  chmodSync(name, 0o644);
  open(file);
  expect(modeOf(name)).toBe(0o600);
});

it('one that is put in its place while the router runs', async () => {
  const { file, log, registry } = await withAnna();
  const copy = copyOf(file);
  chmodSync(copy, 0o640);
  renameSync(copy, file);
  await vi.waitFor(async () => {
    await registry.putUser(user);
    expect(modeOf(file)).toBe(0o600);
  }, patience);
  expect(warnings(log)).toContainEqual(expect.stringMatching(/\(mode 0640\): its mode is now 0600/));
});

it('where the rights cannot be taken away, that is told once, with the cure, and the database is used', () => {
  const log = fakeLog();
  const guard = new FileGuard(log);
  // Nobody can change the rights of what the system shows of a process, not even root.
  for (let tries = 0; tries < 3; tries += 1) guard.tighten('/proc/self/status');
  expect(warnings(log)).toEqual([
    expect.stringMatching(
      /\/proc\/\d+\/status can be read .*\(mode 0444\), and that cannot be changed \(E\w+\): chmod 600/,
    ),
  ]);
});

it('a database that was not there is told of once, when it has been made, for its owner alone', () => {
  const file = scratch.path();
  const { log, database } = open(file);
  expect(modeOf(file)).toBe(0o600);
  const told = log.lines.filter(({ message }) => /was not there and has been made/.test(message));
  expect(told.map(({ level }) => level)).toEqual(['info']);
  expect(told[0]?.message).toMatch(/with no user and no device; if there was one, stop the router, put it back/);
  database.close();
  expect(open(file).log.lines).toEqual([]);
});

it('where it is lost, what SQLite had not taken into it is kept, and serves when the database is back', async () => {
  const store = await withAnna();
  const { file } = store;
  const aside = `${file}.aside`;
  // As after a crash: the last that was confirmed stands beside the file only.
  copyFileSync(file, aside);
  copyFileSync(`${file}-wal`, `${aside}-wal`);
  store.database.close();
  rmSync(file);
  rmSync(`${file}-shm`, { force: true });
  renameSync(`${aside}-wal`, `${file}-wal`);
  chmodSync(`${file}-wal`, 0o644);
  const { log, database } = open(file);
  database.close();
  const kept = readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}-wal.of-lost`));
  expect(kept).toHaveLength(1);
  const keptFile = `${dirname(file)}/${kept[0]}`;
  expect(modeOf(keptFile)).toBe(0o600);
  expect(warnings(log)).toContainEqual(expect.stringContaining(`is kept as ${keptFile}. Stop the router, put`));
  for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
  renameSync(aside, file);
  renameSync(keptFile, `${file}-wal`);
  expect((await setUp(file).registry.user('anna'))?.ringingDevice).toBe('MobileApp');
});

it('a folder in which every user can write is told of, with the cure', () => {
  const folder = `${scratch.path()}-folder`;
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  const { log } = open(`${folder}/mapp.sqlite`);
  expect(warnings(log)).toEqual([expect.stringMatching(`for its folder has the mode 0777: chmod o-w ${folder}$`)]);
});

it('a file that cannot be opened is not taken for one that was made', async () => {
  const file = `${scratch.path()}-folder/mapp.sqlite`;
  const { log, database } = open(file);
  mkdirSync(dirname(file));
  writeFileSync(file, 'a letter to my aunt, longer than a header of SQLite is. '.repeat(20), { mode: 0o600 });
  await vi.waitFor(() => expect(database.fault()?.message).toMatch(/is no SQLite database/), patience);
  expect(existsSync(file)).toBe(true);
  expect(log.lines.filter(({ message }) => /has been made/.test(message))).toEqual([]);
});
