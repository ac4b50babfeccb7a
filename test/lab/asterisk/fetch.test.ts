/**
 * How the lab finds Debian's mirror and keys, and what a user is told who cannot fetch. What is fetched shows in asterisk.test.ts.
 */
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findDebianArchive, parseSourcesList, parseSourcesStanzas } from '../../../lab/asterisk/apt-sources.ts';
import { fetchAsterisk } from '../../../lab/asterisk/fetch.ts';
import { withLock } from '../../../lab/asterisk/fetch-lock.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-fetch-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

it('reads one-line sources with options, comments and further suites', () => {
  const text = `# deb http://old.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb [ arch=amd64 signed-by=/a.gpg,/b.gpg ] http://mirror.example/debian bookworm main contrib # ours
`;
  expect(parseSourcesList(text)).toEqual([
    {
      uri: 'http://mirror.example/debian',
      suites: ['bookworm'],
      components: ['main', 'contrib'],
      signedBy: ['/a.gpg', '/b.gpg'],
    },
  ]);
});

it('reads stanzas with folded fields, and leaves out those that are switched off', () => {
  const text = `Types: deb deb-src
# a comment
URIs: http://one.example/debian
  http://two.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /k.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
`;
  expect(parseSourcesStanzas(text).map(({ uri }) => uri)).toEqual([
    'http://one.example/debian',
    'http://two.example/debian',
  ]);
  expect(parseSourcesStanzas(text)[0]?.suites).toEqual(['trixie', 'trixie-updates']);
});

it('takes the mirror of the archive itself, not that of security or of another project', async () => {
  await mkdir(join(folder, 'sources.list.d'));
  await writeFile(join(folder, 'sources.list.d', 'a.list'), 'deb http://other.example/node nodistro main\n');
  await writeFile(
    join(folder, 'sources.list.d', 'debian.sources'),
    `Types: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents: main\n
Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n`,
  );
  expect((await findDebianArchive(folder)).uri).toBe('http://mirror.example/debian');
});

it('knows an archive even where apt names none', async () => {
  expect((await findDebianArchive(folder)).uri).toMatch(/^http.*\/debian$/);
});

it('names the cure when the cache folder cannot be used', async () => {
  await writeFile(join(folder, 'file'), '');
  const fetching = fetchAsterisk(16, { cacheFolder: join(folder, 'file', 'cache') });
  await expect(fetching).rejects.toThrow(/XIVO_MAPP_LAB_CACHE/);
});

it('lets one fetcher in at a time', async () => {
  const lock = join(folder, 'lock');
  const secondWaits = Promise.withResolvers<void>();
  let inside = 0;
  const work = async (): Promise<number> => {
    inside += 1;
    const met = inside;
    await secondWaits.promise;
    inside -= 1;
    return met;
  };
  const enter = (): Promise<number> => withLock(lock, secondWaits.resolve, work);
  expect(await Promise.all([enter(), enter()])).toEqual([1, 1]);
});

it('takes the lock of a fetcher that died', async () => {
  const lock = join(folder, 'lock');
  await writeFile(lock, '');
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(lock, longAgo, longAgo);
  expect(
    await withLock(
      lock,
      () => undefined,
      async () => 'in',
    ),
  ).toBe('in');
});
