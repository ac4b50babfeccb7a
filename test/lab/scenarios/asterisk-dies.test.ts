/**
 * Asterisk is killed, or restarted by its administrator, with callers waiting, ringing and talking: the router says so, lets go of the calls that died with it, each with an
 * ending, and works again as soon as Asterisk does. Both versions at the same time, since most of it is waiting for Asterisk.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { unhealthyBecause } from '../../../lab/rigs/sick-router.ts';

/** A short wait for those who have both devices, a long one for the others. */
const GLOBALS = [
  'XIVO_MAPP_LOOPS_INTERVAL = 1',
  'XIVO_MAPP_LOOPS_MOBILEAPP = 60',
  'XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 1',
  'XIVO_MAPP_MSG_SOUND = beep',
].join('\n');
const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;
const awake = { ringingDevice: 'MobileApp', mobile: { is: 'awake' } } as const;
const DOWN = /closed the connection|nothing listens at .*is Asterisk running|does not answer or breaks off/;

describe.concurrent.each([16, 22] as const)('Asterisk %i goes in the middle of calls', (version) => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const has = (callId: string, what: string): Promise<true> =>
    awaitThat(
      async () => ((await lab.story(callId)).timeline.some((entry) => entry.what === what) ? true : undefined),
      SOON_MS,
      async () => `call ${callId} has no ${what}\n${lab.router.log.tail()}`,
    );

  /** How the router tells that these calls have ended, once it does. */
  const endings = (callIds: readonly string[]): Promise<string[]> =>
    awaitThat(
      async () => {
        const stories = await Promise.all(callIds.map((callId) => lab.story(callId)));
        return stories.every(({ ended }) => ended)
          ? stories.map(({ outcome, reason }) => `${outcome} ${reason}`)
          : undefined;
      },
      15_000,
      async () => `the router still has the old calls\n${lab.router.log.tail()}`,
    );

  /** One whose mobile sleeps, one whose mobile rings, one who talks; with the router's ids of these calls. */
  const threeCalls = async () => {
    const [waits, rings, talks] = await Promise.all([lab.user(sleeper), lab.user(awake), lab.user(awake)]);
    const called = await Promise.all([waits, rings, talks].map((user) => lab.caller().call(user)));
    const [waiting, ringing, talking] = called;
    if (waiting === undefined || ringing === undefined || talking === undefined) throw new Error('no calls');
    await talks.mobile.answer();
    await talking.talksWith(talks.mobile);
    await waits.mobile.waitForPush();
    const ids = await Promise.all(called.map((call) => lab.callId(call)));
    await has(ids[1] ?? '', 'leg-ringing');
    return { waits, rings, talks, waiting, ringing, talking, ids };
  };

  const liveCalls = async (): Promise<string[]> =>
    (await lab.api.metrics()).split('\n').filter((line) => /^xivo_mapp_live_calls.* [1-9]/.test(line));

  /** A call to a mobile that was off since before Asterisk went, and registers anew. */
  const wakesAndTalks = async (callee: Callee, call: LabCall): Promise<void> => {
    await awaitThat(
      async () =>
        callee.mobile.pushes.filter(({ payload }) => payload.type === 'incoming-call').length > 1 ? true : undefined,
      SOON_MS,
      async () => `${callee.mobile.name} was not pushed again`,
    );
    await callee.mobile.wake();
    await callee.mobile.answer();
    await call.talksWith(callee.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  };

  it('EDGES 17: killed: each call has its ending, /healthz says why, and a mobile that registers with the new one rings', {
    concurrent: false,
  }, async () => {
    const { waits, rings, talks, waiting, ringing, talking, ids } = await threeCalls();
    const short = await lab.user({
      ringingDevice: 'WebAppAndMobileApp',
      mobile: sleeper.mobile,
      webApp: { isRegistered: false },
    });
    const giving = await lab.caller().call(short);
    const givingId = await lab.callId(giving);
    await short.mobile.waitForPush();
    await lab.asterisk.kill();
    // Nobody tells the phones.
    for (const call of [waiting.sip, ringing.sip, talking.sip, giving.sip, rings.mobile.call, talks.mobile.call])
      call.vanish();
    await unhealthyBecause(lab.router, DOWN);
    // Its wait ends while there is nobody to give the caller back to.
    await has(givingId, 'given-back');
    await lab.asterisk.start();
    await lab.router.waitUntilHealthy();
    expect(await endings([...ids, givingId])).toEqual([
      'caller-left while-waiting',
      'caller-left while-ringing',
      'answered mobile',
      'no-answer wait-over',
    ]);
    expect(await liveCalls()).toEqual([]);
    await waits.mobile.waitForPush('call-ended');
    await wakesAndTalks(waits, await lab.caller().call(waits));
    // What is broken is said once, and once how it went on; no call and no request has a line of its own.
    // Where the machine stands still, so does the push service, and the router says so as well.
    const said = lab.router.log.find(/ (WARN|ERROR) (?!pushes through )/).map(({ text }) => text);
    expect(said.filter((text) => !/no connection to Asterisk|Asterisk fails requests/.test(text))).toEqual([]);
    expect(said.length).toBeLessThanOrEqual(4);
  });

  it('EDGES 17: restarted by `core restart now`: the phones are told, and so is the router', {
    concurrent: false,
  }, async () => {
    const { waits, talks, rings, waiting, ringing, talking, ids } = await threeCalls();
    await lab.asterisk.cli('core restart now');
    await Promise.all([waiting, ringing, talking].map((call) => call.waitFor('ended')));
    await Promise.all([talks, rings].map(({ mobile }) => mobile.call.waitFor('ended', SOON_MS)));
    await unhealthyBecause(lab.router, /nothing listens/);
    // It comes from a folder of its own, where it cannot start itself again.
    await lab.asterisk.kill();
    await lab.asterisk.start();
    await lab.router.waitUntilHealthy();
    expect(await endings(ids)).toEqual(['caller-left while-waiting', 'caller-left while-ringing', 'answered mobile']);
    expect(await liveCalls()).toEqual([]);
    await wakesAndTalks(waits, await lab.caller().call(waits));
  });
});
