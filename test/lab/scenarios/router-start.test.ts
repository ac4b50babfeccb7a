/**
 * The router as a program that an administrator starts, where Asterisk is not: what is wrong is said in words with the cure, at once and with an exit status where
 * the settings are wrong, and in /healthz and one line of the log where the world is.
 */
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { endServer } from '../../../lab/rigs/between.ts';
import { listenOn, portOf, unhealthyBecause } from '../../../lab/rigs/sick-router.ts';
import { LabRouter, type RouterEnvironment } from '../../../lab/router.ts';

const service = z.object({ ok: z.boolean(), configured: z.boolean() });
const health = z.object({ parts: z.object({ fcm: service, apns: service }) });

describe('the router where Asterisk is not', () => {
  let folder: string;
  let router: LabRouter;
  let sound: RouterEnvironment;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lab-router-'));
    const taken = await listenOn(0);
    const httpPort = portOf(taken);
    await endServer(taken);
    sound = {
      PATH: '/usr/bin:/bin',
      HOME: folder,
      ARI_URL: 'http://127.0.0.1:1',
      ARI_USERNAME: 'router',
      ARI_PASSWORD: 'a-secret-password',
      API_KEY: 'a-secret-key-of-the-api',
      HTTP_PORT: String(httpPort),
      AGI_PORT: '0',
      DATABASE_URL: `sqlite:${join(folder, 'router.sqlite')}`,
    };
    router = new LabRouter(`http://127.0.0.1:${httpPort}`, sound);
  });
  afterEach(async () => {
    await router.kill();
    await rm(folder, { recursive: true, force: true });
  });

  it('settings that are wrong or missing are listed all at once, with status 78', async () => {
    const { ARI_USERNAME: _name, ARI_PASSWORD: _password, ...rest } = sound;
    router.environment = {
      ...rest,
      ARI_URL: 'ftp://asterisk',
      ARI_APP: 'two words',
      HTTP_PORT: '99999',
      API_KEY: 'short',
      DATABASE_URL: 'mysql://there',
      FCM_CREDENTIALS_FILE: '/no/such/key.json',
      APNS_KEY_ID: 'ABCDE12345',
      LOG_LEVEL: 'loud',
    };
    router.launch();
    expect(await router.ended()).toBe(78);
    const told = router.log.lines.map(({ text }) => text);
    expect(told[0]).toMatch(/^1\d settings are wrong:$/);
    for (const name of [
      ...['ARI_URL', 'ARI_USERNAME', 'ARI_PASSWORD', 'ARI_APP', 'HTTP_PORT', 'API_KEY', 'DATABASE_URL'],
      ...['FCM_CREDENTIALS_FILE', 'APNS_KEY_FILE', 'APNS_TEAM_ID', 'APNS_TOPIC', 'LOG_LEVEL'],
    ]) {
      // What is wrong, and what to do.
      expect(told.filter((line) => /^ {2}\w+: .+\. \S.+\.$/.test(line) && line.startsWith(`  ${name}: `))).toHaveLength(
        1,
      );
    }
    expect(told.join('\n')).not.toContain('short');
  });

  it('push credentials that are none end it with status 78 as well', async () => {
    const file = join(folder, 'key.json');
    await writeFile(file, '{"type": "something else"}');
    router.environment = { ...sound, FCM_CREDENTIALS_FILE: file };
    router.launch();
    expect(await router.ended()).toBe(78);
    await router.log.waitFor(/^ {2}FCM_CREDENTIALS_FILE: names no service account/);
  });

  it('what it has compiled is there for the next run, also when it is killed; where it cannot be kept, it starts all the same', async () => {
    const kept = join(folder, 'compiled');
    router.environment = { ...sound, NODE_COMPILE_CACHE: kept };
    router.launch();
    await unhealthyBecause(router, /./);
    await router.kill();
    expect((await readdir(kept, { recursive: true })).length).toBeGreaterThan(100);
    await writeFile(join(folder, 'file'), '');
    router.environment = { ...sound, NODE_COMPILE_CACHE: join(folder, 'file', 'compiled') };
    router.launch();
    await unhealthyBecause(router, /./);
  });

  it('an HTTP port that is taken: says so, and starts once it is free', async () => {
    const taken = await listenOn(Number(sound.HTTP_PORT));
    router.launch();
    expect(await router.ended()).toBe(1);
    await router.log.waitFor(/ERROR .*cannot listen on 127\.0\.0\.1:\d+: the port is taken.*set HTTP_PORT/);
    await endServer(taken);
    router.launch();
    await unhealthyBecause(router, /./);
  });

  it('what can be said before the first call is said: no push service, a database that was not there, a password that others can read', async () => {
    const file = join(folder, 'password');
    await writeFile(file, 'a-secret-password');
    await chmod(file, 0o644);
    const { ARI_PASSWORD: _password, ...rest } = sound;
    router.environment = { ...rest, ARI_PASSWORD_FILE: file };
    router.launch();
    await unhealthyBecause(router, /./);
    for (const line of [
      /WARN {2}no push service is configured, so no sleeping mobile can be woken: set FCM_CREDENTIALS_FILE/,
      /INFO {2}the database .*router\.sqlite was not there and has been made, with no user and no device; if there was/,
      new RegExp(`WARN {2}the file that ARI_PASSWORD_FILE names can be read by .* \\(mode 0644\\): chmod 600 ${file}`),
    ])
      expect(router.log.find(line)).toHaveLength(1);
    const { parts } = health.parse(await (await fetch(`${router.url}/healthz`)).json());
    expect([parts.fcm, parts.apns]).toEqual(Array(2).fill({ ok: true, configured: false }));
    // Of what there is already, nothing is said.
    await router.terminate();
    router.launch();
    await unhealthyBecause(router, /./);
    expect(router.log.find(/has been made/)).toHaveLength(1);
  });

  it('a database without a folder: says so once, starts without it, and makes it once the folder is there', async () => {
    const missing = join(folder, 'not-there');
    router.environment = { ...sound, DATABASE_URL: `sqlite:${join(missing, 'router.sqlite')}` };
    router.launch();
    await unhealthyBecause(router, /./);
    await router.log.waitFor(
      new RegExp(
        `ERROR .*has no folder: create ${missing}, owned by the user .*; until it works, calls go by what is kn`,
      ),
    );
    await mkdir(missing);
    await router.log.waitFor(/INFO .*router\.sqlite works again/);
    expect(router.log.find(/has no folder/)).toHaveLength(1);
    expect(router.isRunning).toBe(true);
  });

  it.each([
    {
      what: 'nobody listens there',
      url: 'http://127.0.0.1:1',
      why: /nothing listens at 127\.0\.0\.1:1: is Asterisk running/,
    },
    {
      what: 'the name does not resolve',
      url: 'http://xivo.invalid:5039',
      why: /the name in ARI_URL \(xivo\.invalid:5039\) does not resolve: correct it/,
    },
  ])('$what: says so once, stays, and ends at SIGTERM', async ({ url, why }) => {
    router.environment = { ...sound, ARI_URL: url };
    router.launch();
    await unhealthyBecause(router, why);
    await router.log.waitFor(new RegExp(`ERROR no connection to Asterisk: ${why.source}`));
    expect(await router.terminate()).toBe(0);
    expect(router.log.find(/no connection to Asterisk/)).toHaveLength(1);
    expect(router.log.tail(1_000)).not.toMatch(/a-secret/);
  });

  it('something that is no Asterisk: says so', async () => {
    const other = new LabRouter(router.url, {
      ...sound,
      ARI_URL: router.url,
      HTTP_PORT: '0',
      DATABASE_URL: 'sqlite::memory:',
    });
    router.launch();
    await unhealthyBecause(router, /./);
    try {
      other.launch();
      await other.log.waitFor(/ERROR no connection to Asterisk: .*ARI/);
    } finally {
      await other.kill();
    }
  });
});
