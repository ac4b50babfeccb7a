/**
 * Browsers use up Asterisk's HTTP sessions (EDGES 57): calls are routed over the connections that are kept; where even these are gone, new calls ring by the dialplan; /healthz names
 * `sessionlimit`, and its cure works.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { answersAfter } from '../../../lab/phone/invite-policies.ts';
import { Browsers, RequestLine } from '../../../lab/rigs/browsers.ts';
import { unhealthyBecause } from '../../../lab/rigs/sick-router.ts';

const SESSIONS = 20;
const NAMED = /closes new connections at once.*raise sessionlimit in http\.conf/;

describe.each([16, 22] as const)('the HTTP sessions of Asterisk %i are used up', (version) => {
  let lab: Lab;
  let line: RequestLine;
  let browsers: Browsers | undefined;
  beforeAll(async () => {
    lab = await startLab({
      version,
      startRouter: false,
      globals: 'XIVO_MAPP_MSG_SOUND = beep',
      asterisk: { sessionLimit: SESSIONS },
    });
    line = await RequestLine.before(lab);
  });
  afterEach(async () => {
    line.mend();
    await browsers?.leave();
    browsers = undefined;
    await lab.router.waitUntilHealthy();
    await lab.nothingRemains();
  });
  afterAll(async () => {
    await lab?.stop();
    await line?.stop();
  });

  /** How often Asterisk has found the application left. */
  const givenUp = async () =>
    (await readFile(lab.asterisk.logFile, 'utf8')).split('Deactivating Stasis app').length - 1;

  it('a call comes: the mobile is pushed, wakes, answers and talks; /healthz names sessionlimit, and raising it cures', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    browsers = await Browsers.come(lab);
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    await unhealthyBecause(lab.router, NAMED);
    const file = join(lab.asterisk.runFolder, 'etc', 'http.conf');
    const text = await readFile(file, 'utf8');
    await browsers.leave();
    await lab.router.waitUntilHealthy();
    browsers = await Browsers.come(lab);
    const next = await lab.caller().call(alice);
    await unhealthyBecause(lab.router, NAMED);
    await next.hangUp();
    await writeFile(file, text.replace(`sessionlimit=${SESSIONS}`, 'sessionlimit=5000'));
    await lab.asterisk.cli('module reload http');
    await lab.router.waitUntilHealthy();
    await writeFile(file, text);
    await lab.asterisk.cli('module reload http');
  });

  it('and no connection is left but that of the events: the application is given up, and the next call rings by the dialplan', async () => {
    const mobile = { is: 'awake', does: answersAfter(50) } as const;
    const [alice, bob] = await Promise.all([1, 2].map(() => lab.user({ ringingDevice: 'MobileApp', mobile })));
    if (alice === undefined || bob === undefined) throw new Error('no users');
    line.cutRequests();
    // All but that of the events.
    browsers = await Browsers.come(lab, SESSIONS - 1);
    line.mend();
    const before = await givenUp();
    const first = await lab.caller().call(alice);
    await unhealthyBecause(lab.router, NAMED);
    await lab.router.log.waitFor(/ERROR no connection to Asterisk: .*sessionlimit/);
    // Asterisk learns of it a little later than the router does it.
    await expect.poll(givenUp).toBeGreaterThan(before);
    const next = await lab.caller().call(bob);
    await next.talksWith(bob.mobile);
    await next.hangUp();
    expect(await lab.ending(next)).toMatchObject({ status: 'FAILED', reason: 'router-absent', dialStatus: 'ANSWER' });
    await browsers.leave();
    await first.talksWith(alice.mobile);
    await first.hangUp();
  });
});
