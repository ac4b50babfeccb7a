/** Files with secrets that others can read: told of at the start, each with its cure. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { looseFiles } from '../src/config/loose-files.ts';

const OWN = process.getuid?.();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mapp-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function made(name: string, mode: number): string {
  const file = join(folder, name);
  writeFileSync(file, 'x');
  chmodSync(file, mode);
  return file;
}

it.each(['API_KEY_FILE', 'ARI_PASSWORD_FILE', 'DATABASE_URL_FILE', 'FCM_CREDENTIALS_FILE', 'APNS_KEY_FILE'])(
  'the file of %s',
  (setting) => {
    const file = made('secret', 0o644);
    expect(looseFiles({ [setting]: file }, folder, OWN)).toEqual([
      `the file that ${setting} names can be read by other users of this machine (mode 0644): chmod 600 ${file}`,
    ]);
    chmodSync(file, 0o600);
    expect(looseFiles({ [setting]: file }, folder, OWN)).toEqual([]);
  },
);

it('the .env of the folder in which it starts', () => {
  const file = made('.env', 0o666);
  expect(looseFiles({}, folder, OWN)).toEqual([
    `the file with settings can be read or changed by other users of this machine (mode 0666): chmod 600 ${file}`,
  ]);
});

it('what another user owns may be read by a group, which is how a packaged service gets it', () => {
  const file = made('secret', 0o640);
  expect(looseFiles({ API_KEY_FILE: file }, folder, (OWN ?? 0) + 1)).toEqual([]);
  chmodSync(file, 0o664);
  expect(looseFiles({ API_KEY_FILE: file }, folder, (OWN ?? 0) + 1)).toEqual([
    expect.stringContaining(`can be read or changed by other users of this machine (mode 0664): chmod 640 ${file}`),
  ]);
});

it('says nothing of what is no secret, is not there, or is not named', () => {
  const globals = made('globals', 0o644);
  expect(looseFiles({ XIVO_GLOBALS_FILE: globals, API_KEY_FILE: join(folder, 'none') }, folder, OWN)).toEqual([]);
});
