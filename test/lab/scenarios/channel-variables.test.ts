/**
 * What the router writes to a caller's channel leaves the site's dialplan whole: Asterisk 20 and 22 refuse DB() and its like to a channel whose variable was set by ARI's own order, until the
 * call ends (EDGES 58). No call, however it ends, is written to so; whatever the user, and Asterisk itself, are called.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { AriFront } from '../../../lab/rigs/ari-front.ts';
import { dies, noted, waits } from '../../../lab/rigs/death.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 2\nXIVO_MAPP_MSG_SOUND = beep';
const LONG_WAIT = `${GLOBALS}\nXIVO_MAPP_LOOPS_MOBILEAPP = 30\nXIVO_MAPP_ANSWER_EARLY = True`;
const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;
/** A number of a user with an id that no registry has, whose dialplan keeps what came of the call. */
const ODD = '62';
const SITE = `[lab-did](+)
exten => ${ODD},1,Set(XIVO_MAPP_MOBILE_ENDPOINT=PJSIP/mobile-1)
 same => n,Set(LAB_ID=it's + é % = ${'x'.repeat(300)})
 same => n,Gosub(xivo-mapp,s,1(\${LAB_ID}))
 same => n,Set(DB(lab/status)=\${XIVO_MAPP_STATUS} \${XIVO_MAPP_REASON})
 same => n,Set(DB(lab/read)=\${DB(lab/status)})
 same => n,Hangup()
`;

describe.each([
  { version: 16, systemName: undefined },
  { version: 22, systemName: undefined },
  { version: 16, systemName: 'a/b c%41?d' },
  { version: 22, systemName: 'a/b c%41?d' },
] as const)('what is written to callers on Asterisk $version, called $systemName', ({ version, systemName }) => {
  let lab: Lab;
  let front: AriFront;
  const asked: string[] = [];
  beforeAll(async () => {
    lab = await startLab({
      version,
      globals: GLOBALS,
      startRouter: false,
      asterisk: { mohDefault: 'tone', extraDialplan: SITE },
    });
    if (systemName !== undefined) {
      const file = join(lab.asterisk.runFolder, 'etc', 'asterisk.conf');
      const conf = await readFile(file, 'utf8');
      expect(conf).toContain('[options]\n');
      await writeFile(file, conf.replace('[options]\n', `[options]\nsystemname = ${systemName}\n`));
      await lab.asterisk.restart();
    }
    front = await AriFront.before(lab, async (line) => {
      asked.push(line);
      return undefined;
    });
    await lab.router.start();
  });
  afterEach(async () => {
    await lab.nothingRemains();
    await lab.asterisk.reloadGlobals(GLOBALS);
  });
  afterAll(async () => {
    await lab?.stop();
    await front?.stop();
  });

  it('however calls end, no variable is set by ARI’s own order', async () => {
    const alice = await lab.user(sleeper);
    const bob = await lab.user({ ringingDevice: 'WebApp' });

    const unanswered = await lab.caller().call(alice);
    expect(await fallsBack(lab, unanswered)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over' });

    const declined = await lab.caller().call(bob);
    await bob.webApp.refuse(603);
    expect(await fallsBack(lab, declined)).toMatchObject({ status: 'DECLINED', reason: 'declined' });

    const answered = await lab.caller().call(bob);
    await bob.webApp.answer();
    await answered.talksWith(bob.webApp);
    await answered.hangUp();
    expect(await lab.ending(answered)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });

    await lab.asterisk.reloadGlobals(LONG_WAIT);
    const resumed = await lab.caller().call(alice);
    const { callId } = await waits(lab, resumed);
    await dies(lab);
    await noted(lab, callId, 'resumed');
    await alice.mobile.wake();
    await alice.mobile.answer();
    await resumed.talksWith(alice.mobile);
    await resumed.hangUp();
    expect(await lab.ending(resumed)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });

    const left = await lab.caller().call(alice);
    await waits(lab, left);
    await left.hangUp();
    expect((await lab.story(left)).outcome).toBe('caller-left');

    const names = ['STATUS', 'REASON', 'MEMORY', 'HOLD'].map((name) => `XIVO_MAPP_${name}`);
    for (const name of [...names, 'XIVO_PICKEDUP']) {
      expect(
        asked.filter((line) => line.includes(`variable=SET(${name}%3D`)),
        name,
      ).not.toEqual([]);
    }
    expect(asked.filter((line) => /^(POST|PUT) \S*\/variable/.test(line))).toEqual([]);
  });

  it('EDGES 58: DB() is the dialplan’s as before, also for a user with the oddest id', async () => {
    await lab.asterisk.cli('database deltree lab');
    const call = await lab.caller().call(ODD);
    await call.waitFor('ended');
    for (const key of ['status', 'read']) {
      expect(await lab.asterisk.cli(`database get lab ${key}`)).toContain('Value: UNREACHABLE no-device');
    }
    expect(asked.filter((line) => line.includes('SET(XIVO_MAPP_MEMORY%3D') && line.includes('over%3D'))).not.toEqual(
      [],
    );
    expect(asked.filter((line) => /^(POST|PUT) \S*\/variable/.test(line))).toEqual([]);
  });
});
