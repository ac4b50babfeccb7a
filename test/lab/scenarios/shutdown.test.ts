/** The router ends by SIGTERM, as `systemctl stop` and `restart` do it: it takes no new calls, hands on those that wait, leaves conversations alone, and loses nobody. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LabCall } from '../../../lab/caller.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { answersAfter } from '../../../lab/phone/invite-policies.ts';
import { slow } from '../../../lab/push/answers.ts';
import { talk, waits, wakesOf } from '../../../lab/rigs/death.ts';
import { allAre, stillTalk } from '../../../lab/rigs/live-calls.ts';
import { RequestGate } from '../../../lab/rigs/request-gate.ts';

const CROWD = 50;
/** So many come in an instant. */
const TOGETHER = 10;
const PATIENCE_MS = 120_000;
/** No wait ends before the next router is there, be the machine ever so slow. */
const WAITS = 'XIVO_MAPP_MSG_SOUND = beep\nXIVO_MAPP_LOOPS_INTERVAL = 60\nXIVO_MAPP_LOOPS_MOBILEAPP = 5';
const USUAL = `${WAITS}\nXIVO_MAPP_RESTART_TRIES = 120`;
const SILENT = { socket: false } as const;
/** A mobile that the test itself wakes. */
const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;

describe.each([16, 22] as const)('a router that is told to stop on Asterisk %i', (version) => {
  let lab: Lab;
  let gate: RequestGate;
  beforeAll(async () => {
    lab = await startLab({
      version,
      globals: USUAL,
      seats: CROWD,
      startRouter: false,
      asterisk: { mohDefault: 'tone' },
    });
    gate = await RequestGate.before(lab);
  });
  afterEach(async () => {
    await lab.router.start();
    await lab.asterisk.reloadGlobals(USUAL);
    await lab.nothingRemains(PATIENCE_MS);
  });
  afterAll(async () => {
    await lab?.stop();
    await gate?.stop();
  });

  it('EDGES 18: hands a waiting caller to the next run by way of the dialplan, when its push has been taken', async () => {
    const alice = await lab.user(sleeper);
    lab.push.fcm.answers.forToken(alice.mobile.token, slow(300), 1);
    const call = await lab.caller().call(alice);
    await lab.push.fcm.waitFor(({ token }) => token === alice.mobile.token);
    await lab.router.restart();
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(alice.mobile.requests).toHaveLength(1);
    // One that has just started may have a crowd to see to.
    const given = (await lab.asterisk.logTail(1000)).match(/@xivo-mapp-guard.*TIMEOUT\(absolute\)=\d+/g);
    expect(new Set(given?.map((step) => step.split('=').at(-1)))).toEqual(new Set(['3', '10']));
  });

  it('stopped for good: conversations go on, and the dialplan rings for those who wait and for those who come', async () => {
    await lab.asterisk.reloadGlobals(`${WAITS}\nXIVO_MAPP_RESTART_TRIES = 2`);
    const spec = { ringingDevice: 'WebAppAndMobileApp', mobile: { wakesAfterMs: 'never' } } as const;
    const [alice, bob, ida] = [await lab.user({ ringingDevice: 'WebApp' }), await lab.user(spec), await lab.user(spec)];
    const talking = await lab.caller().call(alice);
    await alice.webApp.answer();
    await talk(lab, talking, alice.webApp);
    const waiting = await lab.caller().call(bob);
    await waits(lab, waiting);
    expect(await lab.router.terminate()).toBe(0);
    const coming = await lab.caller().call(ida);
    for (const [call, { webApp }] of [
      [coming, ida],
      [waiting, bob],
    ] as const) {
      await webApp.answer();
      await call.talksWith(webApp);
      await call.hangUp();
    }
    expect(await lab.ending(coming)).toMatchObject({ dialStatus: 'ANSWER', reason: 'router-absent' });
    expect(await lab.ending(waiting)).toMatchObject({ dialStatus: 'ANSWER', reason: 'router-stopping' });
    await stillTalk(talking, alice.webApp);
    await lab.router.start();
    await stillTalk(talking, alice.webApp);
    await alice.webApp.hangUp();
    await talking.waitFor('ended');
    expect(await lab.ending(talking)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
    expect([bob, ida].map(({ mobile }) => wakesOf(mobile))).toEqual([1, 0]);
  });

  it('told twice: it leaves at once, and the caller who waited goes on with the next run', async () => {
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await waits(lab, call);
    const giveBack = gate.hold(/^POST .*\/continue/);
    const ended = lab.router.terminate();
    await giveBack.arrived();
    process.kill(lab.router.pid, 'SIGTERM');
    expect(await ended).toBe(128 + 15);
    giveBack.lose();
    await lab.router.start();
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(wakesOf(alice.mobile)).toBe(1);
  });

  it(`restarted with ${CROWD} callers waiting: none is lost, none pushed twice; all mobiles ring and all are answered`, async () => {
    const mobile = { wakesAfterMs: 'never', audio: SILENT, does: answersAfter(100) } as const;
    const callees = [];
    for (let seat = 0; seat < CROWD; seat += 1) callees.push(await lab.user({ ringingDevice: 'MobileApp', mobile }));
    const calls: LabCall[] = [];
    for (let from = 0; from < CROWD; from += TOGETHER) {
      const some = callees.slice(from, from + TOGETHER);
      calls.push(...(await Promise.all(some.map((callee) => lab.caller({ audio: SILENT }).call(callee)))));
      await Promise.all(some.map((callee) => callee.mobile.waitForPush('incoming-call', PATIENCE_MS)));
    }
    await lab.router.restart();
    await allAre(lab, 'waiting', CROWD, PATIENCE_MS);
    expect(calls.filter((call) => call.hasEnded)).toEqual([]);
    await Promise.all(callees.map((callee) => callee.mobile.wake()));
    await Promise.all(calls.map((call) => call.waitFor('answered', PATIENCE_MS)));
    await allAre(lab, 'talking', CROWD, PATIENCE_MS);
    expect(callees.map((callee) => wakesOf(callee.mobile))).toEqual(Array<number>(CROWD).fill(1));
    await Promise.all(calls.map((call) => call.hangUp()));
    const endings = await Promise.all(calls.map((call) => lab.ending(call, PATIENCE_MS)));
    expect(endings.map(({ status }) => status)).toEqual(Array<string>(CROWD).fill('ANSWERED'));
  });
});
