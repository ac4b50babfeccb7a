/** The life of the package on real Debian 11, 12 and 13, under their own systemd: installed, upgraded, hurt, removed, purged. */
import { copyFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageBefore } from './before.ts';
import { buildPackage, scratchFolder } from './built.ts';
import { Debian } from './debian.ts';
import { missingHere, SUITES } from './roots.ts';

const SITE = '/etc/asterisk/extensions_extra.d';
const DIALPLAN = `${SITE}/xivo-mapp.conf`;
const SHIPPED = '/usr/share/xivo-mapp/dialplan/xivo-mapp.conf';
const UNTIL = { timeout: 60_000, interval: 100 };
const HEALTH = `fetch('http://127.0.0.1:9480/healthz').then((r) => r.text()).then(console.log)`;
const USERS = `const key = require('fs').readFileSync('/etc/xivo-mapp/api-key', 'utf8').trim();
fetch('http://127.0.0.1:9480/v1/users', { headers: { authorization: 'Bearer ' + key } }).then((r) => console.log(r.status))`;

const missing = missingHere();
if (missing !== undefined) console.log(`the package is not installed on real Debians here: ${missing}`);

let folder: string;
let now: string;
let before: string;
beforeAll(async () => {
  if (missing !== undefined) return;
  folder = await scratchFolder();
  now = await buildPackage(folder);
  before = await packageBefore(now, folder);
});
afterAll(() => (folder === undefined ? undefined : rm(folder, { recursive: true, force: true })));

/** As a XiVO has it, as far as the package sees. */
async function likeXivo(debian: Debian): Promise<void> {
  await debian.ask('mkdir', '-p', SITE, '/etc/monit/conf.d');
  await debian.ask('groupadd', '--system', 'asterisk');
  await debian.ask('useradd', '--system', '--gid', 'asterisk', 'asterisk');
  for (const path of [now, before]) await copyFile(path, join(debian.root, 'root', basename(path)));
}

const dpkg = (debian: Debian, path: string) => debian.ask('dpkg', '-i', `/root/${basename(path)}`);
const state = async (debian: Debian, property: string) =>
  (await debian.ask('systemctl', 'show', 'xivo-mapp', '-p', property)).replace(/^\w+=/, '');
const node = (debian: Debian, script: string) => debian.run('/usr/lib/xivo-mapp/bin/node', '-e', script);
/** Processes whose program is ours. */
const running = (debian: Debian) =>
  debian.ask('sh', '-c', 'find /proc -maxdepth 2 -name exe -lname "/usr/lib/xivo-mapp/*" 2>/dev/null || true');
const started = (debian: Debian) => expect.poll(() => state(debian, 'ActiveState'), UNTIL).toBe('active');

describe.skipIf(missing !== undefined).each(SUITES)('on Debian %s', (suite) => {
  let debian: Debian;
  let untouched: readonly string[];
  beforeAll(async () => {
    debian = await Debian.atRest(suite);
    await likeXivo(debian);
    await debian.boot();
    untouched = await debian.files();
  });
  afterAll(async () => await debian?.[Symbol.asyncDispose]());

  it('is installed, and runs', async () => {
    const said = await dpkg(debian, before);
    await started(debian);
    expect(await state(debian, 'StatusText')).toBe('routing calls');
    expect(await running(debian)).not.toBe('');
    expect(await debian.ask('systemctl', 'is-enabled', 'xivo-mapp')).toBe('enabled');
    const warnings = await debian.ask('journalctl', '--no-pager', '-t', 'xivo-mapp', '-p', 'warning');
    expect(warnings).toContain('WARN  no push service is configured');
    expect(warnings).not.toMatch(/INFO|<\d>/);
    expect(JSON.parse((await node(debian, HEALTH)).said)).toMatchObject({ parts: { store: { ok: true } } });

    const key = (await debian.read('/etc/xivo-mapp/api-key')).trim();
    expect(key).toMatch(/^[\w-]{43}$/);
    const password = await debian.read('/etc/xivo-mapp/ari-password');
    expect(await debian.read('/etc/xivo-mapp/ari.conf')).toContain(`\npassword = ${password.trim()}\n`);
    expect(password).not.toBe(key);
    expect(said).not.toContain(key);
    expect(said).not.toContain(password);
    expect((await node(debian, USERS)).said.trim()).not.toMatch(/401|403/);
  });

  it('lays each file where it belongs, for those alone who need it', async () => {
    const paths = ['', '/xivo-mapp.env', '/api-key', '/ari-password', '/ari.conf'].map(
      (path) => `/etc/xivo-mapp${path}`,
    );
    const shown = await debian.ask(
      'stat',
      '-c',
      '%a %U:%G %n',
      ...paths,
      '/var/lib/xivo-mapp',
      '/var/lib/xivo-mapp/xivo-mapp.sqlite',
      DIALPLAN,
    );
    expect(shown.split('\n')).toEqual([
      '755 root:root /etc/xivo-mapp',
      '640 root:xivo-mapp /etc/xivo-mapp/xivo-mapp.env',
      '640 root:xivo-mapp /etc/xivo-mapp/api-key',
      '640 root:xivo-mapp /etc/xivo-mapp/ari-password',
      '640 root:asterisk /etc/xivo-mapp/ari.conf',
      '750 xivo-mapp:xivo-mapp /var/lib/xivo-mapp',
      '600 xivo-mapp:xivo-mapp /var/lib/xivo-mapp/xivo-mapp.sqlite',
      `644 root:root ${DIALPLAN}`,
    ]);
    expect(await debian.ask('getent', 'passwd', 'xivo-mapp')).toMatch(/:\/var\/lib\/xivo-mapp:\/usr\/sbin\/nologin$/);
    expect(await debian.ask('cat', '/etc/monit/conf.d/xivo-mapp')).toContain('group telephony');
  });

  it('is hardened to an exposure of 1.5 or less', async () => {
    const said = await debian.ask('systemd-analyze', 'security', '--no-pager', 'xivo-mapp');
    const [, exposure] = /Overall exposure level for xivo-mapp\.service: ([\d.]+)/.exec(said) ?? [];
    expect(Number(exposure)).toBeGreaterThan(0);
    expect(Number(exposure)).toBeLessThanOrEqual(1.5);
  });

  it('comes back when it is killed, and when it hangs', async () => {
    const hurt = async (signal: string) => {
      const pid = await state(debian, 'MainPID');
      await debian.ask('sh', '-c', `kill -${signal} ${pid}`);
      await expect.poll(() => state(debian, 'MainPID'), UNTIL).not.toMatch(new RegExp(`^(${pid}|0)$`));
      await started(debian);
    };
    await hurt('KILL');
    // However often: by default systemd gives up after five starts in 10 s.
    for (let times = 0; times < 6; times += 1) await debian.ask('systemctl', 'restart', 'xivo-mapp');
    await debian.ask(
      'sh',
      '-c',
      'mkdir -p /run/systemd/system/xivo-mapp.service.d && printf "[Service]\\nWatchdogSec=2\\n" >/run/systemd/system/xivo-mapp.service.d/watchdog.conf',
    );
    await debian.ask('systemctl', 'daemon-reload');
    await debian.ask('systemctl', 'restart', 'xivo-mapp');
    await hurt('STOP');
    await debian.ask('rm', '-r', '/run/systemd/system/xivo-mapp.service.d');
    await debian.ask('systemctl', 'daemon-reload');
  });

  it('stays down with wrong settings, and on the standby of a pair', async () => {
    const settings = await debian.read('/etc/xivo-mapp/xivo-mapp.env');
    await debian.write('/etc/xivo-mapp/xivo-mapp.env', `${settings}HTTP_PORT=many\n`);
    await debian.run('systemctl', 'restart', 'xivo-mapp');
    await expect.poll(() => state(debian, 'ActiveState'), UNTIL).toBe('failed');
    expect(await state(debian, 'ExecMainStatus')).toBe('78');
    expect(await debian.ask('journalctl', '--no-pager', '-t', 'xivo-mapp', '-p', 'err')).toContain('HTTP_PORT');
    await debian.write('/etc/xivo-mapp/xivo-mapp.env', settings);

    await debian.write('/var/lib/xivo/disabled', '');
    await debian.run('systemctl', 'restart', 'xivo-mapp');
    expect(await state(debian, 'ActiveState')).not.toBe('active');
    await debian.ask('rm', '-r', '/var/lib/xivo');
    await debian.ask('systemctl', 'restart', 'xivo-mapp');
    await started(debian);
  });

  it('is upgraded: the dialplan follows, settings and secrets stay', async () => {
    const settings = `${await debian.read('/etc/xivo-mapp/xivo-mapp.env')}LOG_LEVEL=debug\n`;
    await debian.write('/etc/xivo-mapp/xivo-mapp.env', settings);
    const kept = ['/etc/xivo-mapp/api-key', '/etc/xivo-mapp/ari-password', '/etc/xivo-mapp/ari.conf'];
    const held = await debian.ask('sha256sum', ...kept);
    const pid = await state(debian, 'MainPID');
    expect(await debian.read(DIALPLAN)).toContain('; as it was before');

    await dpkg(debian, now);
    await started(debian);
    expect(await state(debian, 'MainPID')).not.toBe(pid);
    expect(await debian.read(DIALPLAN)).toBe(await debian.read(SHIPPED));
    expect(await debian.read(DIALPLAN)).not.toContain('; as it was before');
    expect(await debian.ask('dpkg', '--verify', 'xivo-mapp')).toMatch(
      /^(\?\?5\?{6} c \/etc\/xivo-mapp\/xivo-mapp\.env)?$/,
    );
    expect(await debian.ask('sha256sum', ...kept)).toBe(held);
    expect(await debian.read('/etc/xivo-mapp/xivo-mapp.env')).toBe(settings);
  });

  it('keeps a dialplan that the site has changed, and lays the new one beside it', async () => {
    await debian.write(DIALPLAN, `${await debian.read(DIALPLAN)}; changed here\n`);
    // To an older one: for dpkg that is an upgrade too.
    expect(await dpkg(debian, before)).toContain('xivo-mapp.conf has been changed here and is kept');
    expect(await debian.read(DIALPLAN)).toContain('; changed here');
    expect(await debian.read(`${DIALPLAN}.dpkg-dist`)).toBe(await debian.read(SHIPPED));
    // It is told once, and no more where it has been merged.
    expect(await dpkg(debian, before)).not.toContain('changed here');
    await debian.ask('cp', SHIPPED, DIALPLAN);
    await dpkg(debian, now);
    expect(await debian.read(DIALPLAN)).toBe(await debian.read(SHIPPED));
    expect((await debian.run('ls', `${DIALPLAN}.dpkg-dist`)).status).not.toBe(0);
  });

  it('is configured though its settings were deleted, and leaves an ARI user that the site has changed', async () => {
    const settings = await debian.read('/etc/xivo-mapp/xivo-mapp.env');
    const ariUser = `${await debian.read('/etc/xivo-mapp/ari.conf')}; changed here\n`;
    await debian.write('/etc/xivo-mapp/ari.conf', ariUser);
    await debian.ask('rm', '/etc/xivo-mapp/xivo-mapp.env');
    expect(await dpkg(debian, before)).toContain('xivo-mapp.env is gone');
    expect(await debian.read('/etc/xivo-mapp/ari.conf')).toBe(ariUser);
    await debian.write('/etc/xivo-mapp/xivo-mapp.env', settings);
    await dpkg(debian, now);
    await started(debian);
  });

  it('is removed: no call breaks, and nothing runs', async () => {
    await debian.ask('dpkg', '-r', 'xivo-mapp');
    expect(await running(debian)).toBe('');
    expect(await state(debian, 'ActiveState')).not.toBe('active');
    expect(await debian.read(DIALPLAN)).toContain('[xivo-mapp]');
    expect((await debian.run('ls', '/etc/monit/conf.d/xivo-mapp')).status).not.toBe(0);
    expect(await debian.read('/etc/xivo-mapp/xivo-mapp.env')).toContain('LOG_LEVEL=debug');
  });

  it('is purged: nothing is left', async () => {
    await debian.ask('dpkg', '-P', 'xivo-mapp');
    const left = await debian.files();
    expect(left.filter((line) => !untouched.includes(line))).toEqual([]);
    expect(untouched.filter((line) => !left.includes(line))).toEqual([]);
  });

  it('is purged: a dialplan of the site that was there before is still there, one that it has laid is not', async () => {
    const [own, agi] = ['; the own one of the site\n', DIALPLAN.replace('.conf', '-agi.conf')];
    await debian.write(DIALPLAN, own);
    await dpkg(debian, now);
    expect(await debian.read(DIALPLAN)).toBe(own);
    await debian.ask('cp', SHIPPED.replace('.conf', '-agi.conf'), agi);
    await dpkg(debian, before);
    await debian.ask('dpkg', '-P', 'xivo-mapp');
    expect(await debian.read(DIALPLAN)).toBe(own);
    expect((await debian.run('ls', agi, `${DIALPLAN}.dpkg-dist`)).said).not.toMatch(/^\//m);
  });
});
