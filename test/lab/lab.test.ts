/** The lab itself: that it says what is wrong, tells what remains, survives restarts of its parts, and leaves nothing behind. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';

describe('the lab as a whole', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lab-test-'));
    vi.stubEnv('TMPDIR', folder);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  const held = () => process.getActiveResourcesInfo().filter((what) => /Process|UDP|TCPServer/.test(what));
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('runs both versions at once, and leaves no process, folder or socket when stopped in the middle of a call', async () => {
    const before = held();
    const labs = await Promise.all([startLab({ version: 16 }), startLab({ version: 22 })]);
    const pids = labs.flatMap((lab) => [lab.asterisk.pid(), lab.router.pid]);
    await Promise.all(
      labs.map(async (lab) => {
        const bob = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { wakesAfterMs: 0 } });
        const call = await lab.caller().call(bob);
        await Promise.all([bob.mobile.waitFor('ringing'), bob.webApp.waitFor('ringing'), call.hears('sound')]);
      }),
    );
    expect(pids.map(isAlive)).toEqual([true, true, true, true]);
    await Promise.all(labs.map((lab) => lab.stop()));
    expect(pids.map(isAlive)).toEqual([false, false, false, false]);
    expect(await readdir(folder)).toEqual([]);
    expect(held()).toEqual(before);
  });

  it('says why when the router does not start, and leaves nothing', async () => {
    const before = held();
    const wrong = startLab({ version: 22, environment: { API_KEY: 'short', ARI_PASSWORD: '' } });
    await expect(wrong).rejects.toThrow(/ended while it started.*ARI_PASSWORD.*API_KEY.*exit status 78/s);
    expect(await readdir(folder)).toEqual([]);
    expect(held()).toEqual(before);
  });
});

describe('one lab for many tests', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version: 22, seats: 1 });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('gives a seat back after each test', async () => {
    const first = await lab.user({ ringingDevice: 'WebApp' });
    await expect(lab.user({ ringingDevice: 'WebApp' })).rejects.toThrow('All 1 seats are taken');
    await lab.nothingRemains();
    const second = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'asleep' } });
    expect(second.userId).toBe(first.userId);
    await lab.nothingRemains();
    expect(await lab.asterisk.cli('pjsip show contacts')).toContain('No objects found');
    expect((await lab.api.ask('GET', `/v1/users/${first.userId}`)).status).toBe(404);
  });

  it('tells what remains, and clears it for the next test', async () => {
    const endpoint = 'Local/s@lab-idle';
    await lab.asterisk.ari('POST', '/channels', { endpoint, extension: 's', context: 'lab-idle' });
    await expect(lab.nothingRemains(200)).rejects.toThrow('Local/s@lab-idle');
    await lab.nothingRemains();
  });

  it('tells of a call that is still going on', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    await lab.caller({ name: 'Carol' }).call(alice);
    await alice.webApp.invited();
    await expect(lab.nothingRemains(200)).rejects.toThrow('These phones still have a call: Carol, uc-1');
  });

  it('shows the dialplan what a scenario says of its user', async () => {
    const variables = { XIVO_ENABLEDND: '1' };
    const alice = await lab.user({ ringingDevice: 'WebApp', variables, ringSeconds: 1 });
    const call = await lab.caller().call(alice);
    await call.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ status: 'PASSED', reason: 'do-not-disturb' });
  });

  it('goes on after its router was killed, ended or restarted, and after a restart of Asterisk', async () => {
    const killed = lab.router.pid;
    await lab.router.kill();
    await lab.router.start();
    expect(lab.router.pid).not.toBe(killed);
    expect(await lab.router.terminate()).toBe(0);
    await lab.router.start();
    await lab.router.restart();
    await lab.asterisk.restart();
    await lab.router.waitUntilHealthy();
    expect(lab.router.log.find('exit status 0').length).toBe(2);

    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
  });
});
