/**
 * Asterisk takes two seconds for each request: everything comes later, and everything ends well. Both versions at the same time, and several calls at once, since most of it is
 * waiting.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { SlowAri } from '../../../lab/rigs/slow-ari.ts';

const GLOBALS = [
  'XIVO_MAPP_SLOW_MS = 0',
  'XIVO_MAPP_LOOPS_INTERVAL = 1',
  'XIVO_MAPP_LOOPS_MOBILEAPP = 20',
  'XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 1',
  'XIVO_MAPP_MSG_SOUND = beep',
].join('\n');
const LATE_MS = 30_000;

describe.concurrent.each([16, 22] as const)('Asterisk %i takes 2 s for each request', (version) => {
  let lab: Lab;
  let ari: SlowAri;

  beforeAll(async () => {
    lab = await startLab({ version, startRouter: false, globals: GLOBALS });
    ari = await SlowAri.before(lab);
  });
  afterAll(async () => {
    await lab?.stop();
    await ari?.stop();
  });

  it('one wakes, answers and talks; one falls back; two hang up and leave nothing; the connection stands', async () => {
    const woken = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 200 } });
    const asleep = await lab.user({
      ringingDevice: 'WebAppAndMobileApp',
      mobile: { wakesAfterMs: 'never' },
      webApp: { isRegistered: false },
    });
    const missed = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const hasty = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    ari.slow(2_000);
    const [answered, fallen, given, hurried] = await Promise.all([
      lab.caller().call(woken),
      lab.caller().call(asleep),
      lab.caller().call(missed),
      lab.caller().call(hasty),
    ]);
    // While the router still asks who is called.
    const hurriedId = await callTo(hasty.userId);
    await hurried.hangUp();
    await missed.mobile.waitForPush();
    await given.hangUp();
    await woken.mobile.answer(LATE_MS);
    await answered.talksWith(woken.mobile);
    await woken.mobile.hangUp();
    await Promise.all([answered, fallen].map((call) => call.waitFor('ended', LATE_MS)));
    await missed.mobile.waitForPush('call-ended');
    expect(await lab.ending(answered)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(await lab.ending(fallen)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over', scenario: 'NOANSWER' });
    expect(await lab.story(given, LATE_MS)).toMatchObject({ outcome: 'caller-left', reason: 'while-waiting' });
    expect(await lab.story(hurriedId)).toMatchObject({ outcome: 'caller-left', reason: 'before-push' });
    expect(hasty.mobile.requests).toEqual([]);
    await lab.nothingRemains(LATE_MS);
    expect(lab.router.log.find(/ERROR|WARN/)).toEqual([]);
  });

  /** By one request, for there is not much time. */
  async function callTo(userId: string): Promise<string> {
    return await awaitThat(
      async () => (await lab.api.calls(10)).find((call) => call.userId === userId)?.callId,
      LATE_MS,
      async () => `the router knows no call to ${userId}\n${lab.router.log.tail()}`,
    );
  }
});
