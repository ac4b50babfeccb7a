/**
 * The lab's own Asterisk, both versions: it boots clean, obeys, plays what it is told to, and is gone afterwards.
 */
import { access, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AsteriskVersion, type LabAsterisk, startAsterisk } from '../../../lab/asterisk/asterisk.ts';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import { fetchAsterisk } from '../../../lab/asterisk/fetch.ts';

const VERSIONS: readonly AsteriskVersion[] = [16, 22];

/** Plays one sound to a Local channel and leaves the outcome in a global variable. */
const PLAYER = `[player]
exten => play,1,Answer()
 same => n,Set(CHANNEL(language)=\${CUT(LAB_SOUND,@,2)})
 same => n,Playback(\${CUT(LAB_SOUND,@,1)})
 same => n,Set(GLOBAL(PLAYED)=\${PLAYBACKSTATUS}:\${LAB_SOUND})
 same => n,Hangup()
`;

const info = z.object({ system: z.object({ version: z.string() }) });
const value = z.object({ value: z.string() });

async function global(asterisk: LabAsterisk, variable: string): Promise<string> {
  return value.parse((await asterisk.ari('GET', '/asterisk/variable', { variable })).body).value;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.each(VERSIONS)('Asterisk %i', (version) => {
  let asterisk: LabAsterisk;

  beforeAll(async () => {
    asterisk = await startAsterisk({
      version,
      endpoints: [{ name: 'mobile1' }, { name: 'uc1', video: true }],
      users: [{ id: '42', did: '1001', interface: 'PJSIP/uc1', ringSeconds: 5, mohClass: 'other' }],
      globals: 'XIVO_MAPP_PLAY_MSG = "True"',
      extraDialplan: PLAYER,
    });
  }, 600_000);

  afterAll(async () => {
    await asterisk.stop();
  });

  it('boots without an error and answers ARI as the version it should be', async () => {
    const answer = await asterisk.ari('GET', '/asterisk/info');
    expect(answer.status).toBe(200);
    expect(info.parse(answer.body).system.version).toMatch(new RegExp(`^${version}\\.`));
    expect(await readFile(asterisk.logFile, 'utf8')).not.toMatch(/ (WARNING|ERROR)\[/);
  });

  it('refuses a wrong ARI password', async () => {
    const { status } = await asterisk.ari('GET', '/channels');
    expect(status).toBe(200);
    const answer = await fetch(`${asterisk.ariUrl}/ari/channels?api_key=lab:wrong`);
    expect(answer.status).toBe(401);
  });

  it('knows its endpoints', async () => {
    const endpoints = await asterisk.cli('pjsip show endpoints');
    for (const name of ['mobile1', 'uc1', 'trunk']) expect(endpoints).toContain(` ${name} `);
    expect(await asterisk.cli('pjsip show endpoint uc1')).toMatch(/allow +: \(ulaw\|alaw\|h264\|vp8\)/);
  });

  it('shows globals as written, quotes and all, and anew after a reload', async () => {
    expect(await global(asterisk, 'XIVO_MAPP_PLAY_MSG')).toBe('"True"');
    await asterisk.reloadGlobals('XIVO_MAPP_PLAY_MSG = no');
    expect(await global(asterisk, 'XIVO_MAPP_PLAY_MSG')).toBe('no');
  });

  it.each(['hello-world@en', 'hello-world@fr', 'vm-nobodyavail@en'])('plays %s', async (sound) => {
    const { status } = await asterisk.ari(
      'POST',
      '/channels',
      { endpoint: 'Local/s@lab-idle', extension: 'play', context: 'player' },
      { variables: { LAB_SOUND: sound } },
    );
    expect(status).toBe(200);
    const played = await awaitThat(
      async () => {
        const said = await global(asterisk, 'PLAYED');
        return said.endsWith(sound) ? said : undefined;
      },
      20_000,
      () => asterisk.logTail(),
    );
    expect(played).toBe(`SUCCESS:${sound}`);
    await asterisk.awaitNothingLeft();
  });

  it('has music in both classes', async () => {
    const classes = await asterisk.cli('moh show files');
    expect(classes).toMatch(/Class: default\s+File: .*macroform/);
    expect(classes).toMatch(/Class: other\s+File: .*moh-other\/tone/);
  });

  it('tells what is left, and that nothing is', async () => {
    await asterisk.ari('POST', '/channels', { endpoint: 'Local/s@lab-idle', extension: 's', context: 'lab-idle' });
    expect((await asterisk.leftovers()).channels).toHaveLength(2);
    await expect(asterisk.awaitNothingLeft(0)).rejects.toThrow(/Local\/s@lab-idle/);
    await asterisk.cli('channel request hangup all');
    await asterisk.awaitNothingLeft();
  });

  it('comes back on the same ports after a crash', async () => {
    const before = asterisk.pid();
    await asterisk.restart();
    expect(asterisk.pid()).not.toBe(before);
    expect(isAlive(before)).toBe(false);
    expect((await asterisk.ari('GET', '/asterisk/info')).status).toBe(200);
  });
});

it('runs both versions at once, and leaves no process and no folder when stopped', async () => {
  const both = await Promise.all(VERSIONS.map((version) => startAsterisk({ version, endpoints: [{ name: 'phone' }] })));
  expect(new Set(both.map(({ sipPort }) => sipPort)).size).toBe(both.length);
  for (const asterisk of both) expect(isAlive(asterisk.pid())).toBe(true);
  const pids = both.map((asterisk) => asterisk.pid());
  await Promise.all(both.map((asterisk) => asterisk.stop()));
  for (const pid of pids) expect(isAlive(pid)).toBe(false);
  for (const { runFolder } of both) await expect(access(runFolder)).rejects.toThrow(/ENOENT/);
});

it('says what is wrong, with the log, when Asterisk cannot boot', async () => {
  const install = { ...(await fetchAsterisk(22)), libraryPath: '/nowhere' };
  const broken = startAsterisk({ version: 22, endpoints: [], install });
  await expect(broken).rejects.toThrow(/exited while it booted/);
});

it('boots with ARI switched off, and then answers nobody there', async () => {
  await using asterisk = await startAsterisk({ version: 22, endpoints: [], ari: { enabled: false } });
  expect((await asterisk.ari('GET', '/asterisk/info')).status).not.toBe(200);
});
