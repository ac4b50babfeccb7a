/** FastAGI on real Asterisks: a dialplan that keeps its own Dial is told whom it can dial, and goes on whatever becomes of the router. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { LOOK_UP, OWN_DIAL, OWN_DIALPLAN, tellWhere, WRONG } from '../../../lab/rigs/own-dial.ts';

const GLOBALS = `
XIVO_MAPP_LOOPS_INTERVAL = 1
XIVO_MAPP_LOOPS_MOBILEAPP = 20
XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 1
XIVO_MAPP_RESTART_TRIES = 120
`;

describe.each([16, 22] as const)('a dialplan with its own Dial on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS, asterisk: { extraDialplan: OWN_DIALPLAN } });
    await tellWhere(lab);
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const call = (callee: Callee, prefix = OWN_DIAL): Promise<LabCall> =>
    lab.caller().call({ number: `${prefix}${callee.number}` });

  it('rings the mobile that has woken; the caller hears music meanwhile, then ringback; the mobile is told of the end by the hangup handler', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const placed = await call(alice);
    const push = await alice.mobile.waitForPush('incoming-call');
    await placed.hears('sound');
    await alice.mobile.wake();
    await alice.mobile.invited();
    await placed.hears('ringback');
    await alice.mobile.answer();
    await placed.talksWith(alice.mobile);
    await placed.hangUp();
    expect(await lab.ending(placed)).toMatchObject({ status: 'READY', reason: 'mobile', dialStatus: 'ANSWER' });
    const ended = await alice.mobile.waitForPush('call-ended');
    expect(ended.payload).toMatchObject({ callId: push.payload.callId, reason: 'answered' });
    const story = await lab.story(placed);
    expect(story).toMatchObject({ outcome: 'ready', reason: 'mobile', callId: push.payload.callId });
    expect(story.timeline.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['planned', 'push-sent', 'hold', 'mobile-registered', 'given-back']),
    );
  });

  // Asterisk keeps an expiry in whole seconds: a renewal within the same second would be none.
  it('EDGES 7: sees a phone that renews the contact it had', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'asleep', wakesAfterMs: 1100 } });
    const placed = await call(alice);
    await alice.mobile.answer();
    await placed.talksWith(alice.mobile);
    await alice.mobile.hangUp();
    await placed.waitFor('ended');
    expect(await lab.ending(placed)).toMatchObject({ status: 'READY', reason: 'mobile' });
  });

  it('rings the UC Assistant when the wait is over', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { wakesAfterMs: 'never' } });
    const placed = await call(alice);
    await alice.webApp.answer();
    await placed.talksWith(alice.webApp);
    await placed.hangUp();
    expect(await lab.ending(placed)).toMatchObject({ status: 'READY', reason: 'wait-over', dialStatus: 'ANSWER' });
    await alice.mobile.waitForPush('call-ended');
  });

  it('ends a wait when the time is over that the site grants, and the mobile is told', async () => {
    const variables = { 'TIMEOUT(absolute)': '4' };
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' }, variables });
    const placed = await call(alice);
    await alice.mobile.waitForPush('call-ended');
    await placed.waitFor('ended');
    expect(await lab.ending(placed)).toMatchObject({ status: '', reason: '', scenario: '' });
  });

  it('goes on to the no-answer scenario when nobody has come, and the mobile is told at once', async () => {
    await lab.asterisk.reloadGlobals(`${GLOBALS}\nXIVO_MAPP_LOOPS_MOBILEAPP = 1`);
    try {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
      const placed = await call(alice);
      expect((await alice.mobile.waitForPush('call-ended')).payload.reason).toBe('no-answer');
      expect(await fallsBack(lab, placed)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over', dialStatus: '' });
    } finally {
      await lab.asterisk.reloadGlobals(GLOBALS);
    }
  });

  it('EDGES 2: tells the mobile, once, when the caller hangs up during the wait', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const placed = await call(alice);
    await alice.mobile.waitForPush('incoming-call');
    await placed.hangUp();
    expect((await alice.mobile.waitForPush('call-ended')).payload.reason).toBe('caller-left');
    await lab.ending(placed);
    expect(await lab.story(placed)).toMatchObject({ outcome: 'caller-left', reason: 'while-waiting' });
    await lab.asterisk.awaitNothingLeft();
    expect(alice.mobile.pushes.map(({ payload }) => payload.type)).toEqual(['incoming-call', 'call-ended']);
  });

  it('EDGES 16: a router that is restarted waits on, and pushes nobody twice', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const placed = await call(alice);
    await alice.mobile.waitForPush('incoming-call');
    await lab.router.restart();
    await alice.mobile.wake();
    await alice.mobile.answer();
    await placed.talksWith(alice.mobile);
    await placed.hangUp();
    await alice.mobile.waitForPush('call-ended');
    expect(alice.mobile.pushes.map(({ payload }) => payload.type)).toEqual(['incoming-call', 'call-ended']);
  });

  it('rings by itself when the router dies during the wait, and when there is none', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { wakesAfterMs: 'never' } });
    await lab.asterisk.reloadGlobals(`${GLOBALS}\nXIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 20`);
    try {
      const ringsByItself = async (placed: LabCall): Promise<void> => {
        await alice.webApp.answer();
        await placed.talksWith(alice.webApp);
        await placed.hangUp();
        const ending = { status: 'FAILED', reason: 'router-absent', dialStatus: 'ANSWER' };
        expect(await lab.ending(placed)).toMatchObject(ending);
      };
      const placed = await call(alice);
      await alice.mobile.waitForPush('incoming-call');
      await lab.router.kill();
      await ringsByItself(placed);
      await ringsByItself(await call(alice));
    } finally {
      await lab.router.start();
      await lab.asterisk.reloadGlobals(GLOBALS);
    }
  });

  it('looks up whom it can dial, without a push', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { is: 'awake' } });
    const placed = await call(alice, LOOK_UP);
    await alice.webApp.invited();
    await alice.mobile.answer();
    await placed.talksWith(alice.mobile);
    await placed.hangUp();
    expect(await lab.ending(placed)).toMatchObject({ status: 'READY', reason: 'registered' });
    expect(await lab.asterisk.logTail(400)).toContain('LAB-LOOKUP WebAppAndMobileApp PJSIP/mobile-1 PJSIP/uc-1');
    expect(alice.mobile.requests).toEqual([]);
  });

  it('is told FAILED where it asks for what there is not, and the log says what there is, once', async () => {
    for (let again = 0; again < 2; again += 1) {
      const placed = await lab.caller().call(WRONG);
      await placed.waitFor('ended');
      expect(await lab.ending(placed)).toMatchObject({ status: 'FAILED', reason: 'bad-request' });
    }
    expect(
      lab.router.log.lines.filter(({ text }) => /WARN .*there are lookup, wake and ended/.test(text)),
    ).toHaveLength(1);
  });
});
