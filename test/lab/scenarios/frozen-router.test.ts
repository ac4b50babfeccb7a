/**
 * EDGES 59: a router that stands still with its connection open, as one that is starved, loops or is stopped by a signal. New callers go on in the dialplan within seconds, who waits goes on
 * waiting, who answers talks, and nothing happens twice when it goes on.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { hearsNow, noted, rings, toldEndsOf, waits, wakesOf } from '../../../lab/rigs/death.ts';
import { stillTalk } from '../../../lab/rigs/live-calls.ts';
import { OWN_DIAL, OWN_DIALPLAN, tellWhere } from '../../../lab/rigs/own-dial.ts';

const GLOBALS = 'XIVO_MAPP_MSG_SOUND = beep\nXIVO_MAPP_LOOPS_MOBILEAPP = 8';

describe.each([16, 22] as const)('a router that stands still, with Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS, asterisk: { mohDefault: 'tone', extraDialplan: OWN_DIALPLAN } });
    await tellWhere(lab);
  });
  afterEach(() => {
    lab.router.goOn();
    return lab.nothingRemains();
  });
  afterAll(() => lab?.stop());

  it.each([1, 8])(
    'from before the call until %i s after the answer: the dialplan rings what is awake',
    async (seconds) => {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
      lab.router.standStill();
      const call = await lab.caller().call(alice);
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      await pause(1000 * seconds);
      lab.router.goOn();
      await stillTalk(call, alice.mobile);
      await pause(1000);
      await stillTalk(call, alice.mobile);
      await alice.mobile.hangUp();
      expect(await lab.ending(call)).toMatchObject({ reason: 'router-silent', dialStatus: 'ANSWER' });
      expect([wakesOf(alice.mobile), alice.mobile.calls.length]).toEqual([0, 1]);
    },
  );

  it('while a caller waits, for longer than a new one would wait for it: that one waits on, and is pushed once', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await waits(lab, call);
    lab.router.standStill();
    await pause(8000);
    await hearsNow(call, TONES.mohDefault);
    lab.router.goOn();
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect([wakesOf(alice.mobile), alice.mobile.calls.length]).toEqual([1, 1]);
  });

  it.each([1, 8])('while phones ring: who answers talks, and %i s later the other is told', async (seconds) => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { is: 'awake' } });
    const call = await lab.caller().call(alice);
    await noted(lab, await rings(lab, call, 2), 'push-result');
    lab.router.standStill();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await pause(1000 * seconds);
    lab.router.goOn();
    await alice.webApp.waitFor('cancelled');
    expect(alice.webApp.wasToldElsewhere).toBe(true);
    await stillTalk(call, alice.mobile);
    await call.hangUp();
    await alice.mobile.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect([wakesOf(alice.mobile), toldEndsOf(alice.mobile)]).toEqual([1, []]);
    expect(alice.handsets.map(({ calls }) => calls.length)).toEqual([1, 1]);
  });

  it('while two answer in the same instant, forty times: exactly one talks', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { is: 'awake' } });
    for (let n = 0; n < 40; n += 1) {
      const call = await lab.caller().call(alice);
      await Promise.all(alice.handsets.map((handset) => handset.invited()));
      lab.router.standStill();
      await Promise.all(alice.handsets.map((handset) => handset.answer()));
      await call.waitFor('answered');
      await expect.poll(() => alice.handsets.filter((one) => !one.call.hasEnded).length).toBe(1);
      await call.hangUp();
      lab.router.goOn();
      await lab.ending(call);
      await expect.poll(() => alice.handsets.every((one) => one.call.hasEnded)).toBe(true);
    }
  });

  it('while phones ring, until all is over: the call was answered, and nobody is told of one that was missed', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const call = await lab.caller().call(alice);
    await rings(lab, call);
    lab.router.standStill();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await alice.mobile.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    lab.router.goOn();
    await call.waitFor('ended');
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
    expect(toldEndsOf(alice.mobile)).toEqual([]);
  });

  it('while the caller waits, who leaves: the mobile is told', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await waits(lab, call);
    lab.router.standStill();
    await call.hangUp();
    await lab.ending(call);
    lab.router.goOn();
    await alice.mobile.waitForPush('call-ended');
    expect(await lab.story(call)).toMatchObject({ outcome: 'caller-left', reason: 'while-waiting' });
  });

  it('for a minute, with one who waits, one who talks and one who comes: none is lost, and nothing happens twice', async () => {
    await lab.asterisk.reloadGlobals(`${GLOBALS}\nXIVO_MAPP_LOOPS_INTERVAL = 60`);
    await tellWhere(lab);
    const never = { wakesAfterMs: 'never' } as const;
    const sleeper = await lab.user({ ringingDevice: 'MobileApp', mobile: never });
    const talker = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const newcomer = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const waiting = await lab.caller().call(sleeper);
    const talking = await lab.caller().call(talker);
    await waits(lab, waiting);
    await noted(lab, await rings(lab, talking), 'push-result');
    lab.router.standStill();
    await talker.mobile.answer();
    await talking.talksWith(talker.mobile);
    const coming = await lab.caller().call(newcomer);
    await newcomer.mobile.answer();
    await coming.talksWith(newcomer.mobile);
    await pause(60_000);
    await hearsNow(waiting, TONES.mohDefault);
    lab.router.goOn();
    await sleeper.mobile.wake();
    await sleeper.mobile.answer();
    await waiting.talksWith(sleeper.mobile);
    await stillTalk(talking, talker.mobile);
    await stillTalk(coming, newcomer.mobile);
    for (const call of [waiting, talking, coming]) await call.hangUp();
    for (const { mobile } of [sleeper, talker, newcomer]) expect(mobile.calls).toHaveLength(1);
    expect([sleeper, talker, newcomer].map(({ mobile }) => wakesOf(mobile))).toEqual([1, 1, 0]);
    await lab.asterisk.reloadGlobals(GLOBALS);
    await tellWhere(lab);
  });

  describe('and a dialplan that keeps its own Dial', () => {
    it('from before the call on: it rings what is awake', async () => {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
      lab.router.standStill();
      const call = await lab.caller().call(`${OWN_DIAL}${alice.number}`);
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      lab.router.goOn();
      await pause(1000);
      await stillTalk(call, alice.mobile);
      await call.hangUp();
      expect(await lab.ending(call)).toMatchObject({ reason: 'router-silent', dialStatus: 'ANSWER' });
      expect([wakesOf(alice.mobile), alice.mobile.calls.length]).toEqual([0, 1]);
    });

    it('while the caller waits: that one waits on, and is pushed once', async () => {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
      const call = await lab.caller().call(`${OWN_DIAL}${alice.number}`);
      await noted(lab, await lab.callId(call), 'push-result');
      // The music behind the message is the router's order, and its beep has the pitch of the music.
      await pause(1000);
      await hearsNow(call, TONES.mohDefault);
      lab.router.standStill();
      await pause(5000);
      await hearsNow(call, TONES.mohDefault);
      lab.router.goOn();
      await alice.mobile.wake();
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      await call.hangUp();
      expect(await lab.ending(call)).toMatchObject({ dialStatus: 'ANSWER' });
      expect([wakesOf(alice.mobile), alice.mobile.calls.length]).toEqual([1, 1]);
    });

    it('while the phone rings, and nobody answers: the scenario follows, and the mobile is told once the router goes on', async () => {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: {}, ringSeconds: 3 });
      const call = await lab.caller().call(`${OWN_DIAL}${alice.number}`);
      await alice.mobile.invited();
      lab.router.standStill();
      await call.hears(TONES.noAnswer);
      lab.router.goOn();
      await alice.mobile.waitForPush('call-ended');
      expect(await lab.ending(call)).toMatchObject({ status: 'NOANSWER', scenario: 'NOANSWER' });
      expect(alice.mobile.calls).toHaveLength(1);
    });
  });
});
