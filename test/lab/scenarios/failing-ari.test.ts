/**
 * Asterisk answers our requests with HTTP 500: to all, to every third, to those that give a caller back. No caller is lost: it is given back, be it late, and the dialplan
 * rings; and the log says once what is broken.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import { answersAfter } from '../../../lab/phone/invite-policies.ts';
import { FailingAri } from '../../../lab/rigs/failing-ari.ts';
import { unhealthyBecause } from '../../../lab/rigs/sick-router.ts';

const GLOBALS = [
  'XIVO_MAPP_LOOPS_INTERVAL = 1',
  'XIVO_MAPP_LOOPS_MOBILEAPP = 1',
  'XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 1',
  'XIVO_MAPP_MSG_SOUND = beep',
].join('\n');
const EVERYTHING = /./;
const ALL_BUT_THE_PULSE = /^(?!.*\/events\/user\/)/;
/** What the log says of it. Calls and requests have no lines of their own. */
const BROKEN = /ERROR Asterisk fails requests|ERROR no connection to Asterisk/;
/** Everything that the router says beside the story of each call. */
const TROUBLE = / (WARN|ERROR) /;

describe.each([16, 22] as const)('Asterisk %i answers 500', (version) => {
  let lab: Lab;
  let ari: FailingAri;

  beforeAll(async () => {
    lab = await startLab({ version, startRouter: false, globals: GLOBALS, asterisk: { mohDefault: 'tone' } });
    ari = await FailingAri.before(lab);
  });
  afterEach(async () => {
    ari.works();
    await lab.router.waitUntilHealthy();
    await lab.nothingRemains();
  });
  afterAll(async () => {
    await lab?.stop();
    await ari?.stop();
  });

  it('to everything, as calls come: none is lost, each is given back once it can be, and the dialplan rings', async () => {
    const linesBefore = lab.router.log.find(TROUBLE).length;
    const users = await Promise.all(
      [1, 2, 3, 4].map(() => lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake', does: answersAfter(50) } })),
    );
    // The connection is still taken for sound while the calls come.
    ari.fails(ALL_BUT_THE_PULSE);
    const calls = await Promise.all(users.map((user) => lab.caller().call(user)));
    // All four are the router's: whoever comes later, when the connection has been given up, is rung by the dialplan at once, as where no router is.
    await Promise.all(calls.map((call) => lab.callId(call)));
    await ari.hasFailed(30);
    ari.fails(EVERYTHING);
    await unhealthyBecause(lab.router, /connected, but not usable: .*HTTP 500/);
    for (const call of calls) expect(call.hasEnded).toBe(false);
    ari.works();
    await Promise.all(users.map(async ({ mobile }, index) => calls[index]?.talksWith(mobile)));
    await Promise.all(calls.map((call) => call.hangUp()));
    // Whoever waits for longer than the dialplan lets a router hang goes on without it.
    for (const call of calls)
      expect(await lab.ending(call)).toMatchObject({
        reason: expect.stringMatching(/^(pbx-error|router-silent)$/),
        dialStatus: 'ANSWER',
      });
    const said = lab.router.log.find(TROUBLE).slice(linesBefore);
    expect(said.map(({ text }) => text).filter((text) => !BROKEN.test(text))).toEqual([]);
    expect(said.length).toBeLessThanOrEqual(3);
  });

  it('to what gives a caller back: it hears music until Asterisk obeys, and is given back then', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    ari.fails(/^POST .*\/continue$/);
    const call = await lab.caller().call(alice);
    await call.hears(TONES.mohDefault);
    await ari.hasFailed(4);
    const sinceMs = nowMs();
    await call.sip.waitUntilHears(TONES.mohDefault, 5_000, sinceMs);
    ari.works();
    expect(await lab.ending(call)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over', stasisStatus: 'SUCCESS' });
    expect(await lab.story(call)).toMatchObject({ outcome: 'no-answer', reason: 'wait-over' });
  });

  it('to the word of how it ended, twice: it is told again, and the scenario takes the caller instead of a second ringing', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    ari.fails(/SET\S*XIVO_MAPP_STATUS\S*NOANSWER/, 1, 2);
    const call = await lab.caller().call(alice);
    expect(await lab.ending(call)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over', stasisStatus: 'SUCCESS' });
    expect(ari.failed).toHaveLength(2);
  });

  it('to the word of how it ended, always: the caller goes on untold, and the dialplan rings', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    ari.fails(/SET\S*XIVO_MAPP_(STATUS|REASON)/);
    const call = await lab.caller().call(alice);
    expect(await lab.ending(call)).toMatchObject({ reason: 'router-absent', stasisStatus: 'SUCCESS' });
  });

  it('to what ends things: the talk ends by itself, and a leg that lost is let go once Asterisk obeys', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { is: 'awake' } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('ringing');
    await alice.webApp.waitFor('ringing');
    ari.fails(/^DELETE |\/continue$/);
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await alice.webApp.hangUp();
    await call.waitFor('ended');
    await ari.hasFailed(6);
    expect(alice.mobile.call.hasEnded).toBe(false);
    ari.works();
    await alice.mobile.waitFor('ended');
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'webapp' });
  });

  it('to every third request: whoever calls is answered, by the phone or by the scenario, and who gives up leaves nothing', async () => {
    const mobile = { is: 'awake', does: answersAfter(100) } as const;
    const users = await Promise.all([1, 2, 3, 4, 5, 6].map(() => lab.user({ ringingDevice: 'MobileApp', mobile })));
    const sleeper = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    ari.fails(EVERYTHING, 3);
    const [givenUp, ...calls] = await Promise.all([sleeper, ...users].map((user) => lab.caller().call(user)));
    await givenUp?.hangUp();
    await Promise.all(calls.map((call) => call.waitFor('answered')));
    await ari.hasFailed(20);
    await Promise.all(calls.map((call) => call.hangUp()));
  });
});
