/** A call on a real Asterisk, routed by the program of the package, as its unit runs it on a real Debian: each of 11, 12 and 13. */
import { chmod, copyFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { buildPackage, scratchFolder } from './built.ts';
import { Debian } from './debian.ts';
import { missingHere, SUITES } from './roots.ts';

const missing = missingHere();

let folder: string;
let path: string;
let lab: Lab;
beforeAll(async () => {
  if (missing !== undefined) return;
  folder = await scratchFolder();
  path = await buildPackage(folder);
  lab = await startLab({ version: 22, startRouter: false });
});
afterAll(async () => {
  await lab?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** The lab's settings, in the place of the package's own. Files go where the service may read them. */
async function settle(debian: Debian): Promise<void> {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(lab.router.environment)) {
    if (/^(PATH|HOME|TZ|DATABASE_URL|XIVO_GLOBALS_FILE)$/.test(name)) continue;
    if (!/^(FCM_CREDENTIALS_FILE|APNS_KEY_FILE|NODE_EXTRA_CA_CERTS)$/.test(name)) {
      lines.push(`${name}=${value}`);
      continue;
    }
    const inside = `/etc/xivo-mapp/${basename(value)}`;
    await copyFile(value, join(debian.root, inside));
    await chmod(join(debian.root, inside), 0o640);
    await debian.ask('chown', 'root:xivo-mapp', inside);
    lines.push(`${name}=${inside}`);
  }
  await debian.write('/etc/xivo-mapp/xivo-mapp.env', `${lines.join('\n')}\n`);
  await debian.ask('systemctl', 'restart', 'xivo-mapp');
}

describe.skipIf(missing !== undefined).each(SUITES)('the packaged router on Debian %s', (suite) => {
  let debian: Debian;
  beforeAll(async () => {
    debian = await Debian.atRest(suite);
    await copyFile(path, join(debian.root, 'root/xivo-mapp.deb'));
    // Installed at rest, where no systemd runs, as into an image: that must go as well.
    await debian.ask('dpkg', '-i', '/root/xivo-mapp.deb');
    // The machine's own network is shared here: it must not start before it has ports of its own.
    await debian.write('/var/lib/xivo/disabled', '');
    // An installer writes it, debootstrap does not.
    await debian.write('/etc/hosts', '127.0.0.1 localhost\n');
    await debian.boot('shared');
    await debian.ask('rm', '-r', '/var/lib/xivo');
    await settle(debian);
    await vi.waitFor(async () => expect((await fetch(`${lab.router.url}/healthz`)).status).toBe(200), 60_000);
  });
  afterAll(async () => await debian?.[Symbol.asyncDispose]());

  it.each(['android', 'ios'] as const)(
    'wakes a mobile by a push (%s); it answers, and both hear each other',
    async (platform) => {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform, wakesAfterMs: 300 } });
      const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);
      await alice.mobile.waitForPush('incoming-call');
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      await call.hangUp();
      expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
      expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
      await lab.nothingRemains();
    },
  );
});
