/** The conversation: both hear each other and nothing else, digits pass, either side ends it, and no video gets in. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LabCall } from '../../../lab/caller.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import type { PhoneCall } from '../../../lab/phone/phone-call.ts';

/** A message of half a minute, so that only a cut ends it in time. */
const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_MSG_SOUND = demo-congrats';
/** Everything that could let video in. */
const WITH_VIDEO = ['mobile-1', 'uc-1']
  .map((endpoint) => `[${endpoint}](+type=endpoint)\nallow=h264,vp8\nmax_video_streams=1\n`)
  .join('\n');

describe.each([16, 22] as const)('a conversation on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({
      version,
      globals: GLOBALS,
      asterisk: { trunk: { video: true }, extraPjsip: WITH_VIDEO },
    });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('is answered for the caller with 200, and both hear each other', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect(call.record).toMatchObject({ finalStatus: 200 });
    expect(alice.mobile.call.isAcknowledged).toBe(true);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('ends for both when the caller hangs up', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    const call = await lab.caller().call(alice);
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await call.hangUp();
    await alice.webApp.waitFor('ended');
    expect(alice.webApp.call.record.endedBy).toBe('there');
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'webapp' });
  });

  it('ends for both when the callee hangs up, and no scenario follows', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    const call = await lab.caller().call(alice);
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await alice.webApp.hangUp();
    await call.waitFor('ended');
    expect(call.record).toMatchObject({ finalStatus: 200, endedBy: 'there' });
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp', scenario: '' });
  });

  it('ends for both when the callee hangs up in the moment of answering, and nobody is rung again', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    const call = await lab.caller().call(alice);
    const there = await alice.webApp.answer();
    await there.hangUp();
    await call.waitFor('ended');
    expect(alice.webApp.calls).toHaveLength(1);
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp', scenario: '' });
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'webapp' });
  });

  it('passes digits both ways', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await Promise.all([call.sip.sendDtmf('15*'), alice.mobile.call.sendDtmf('82#')]);
    await Promise.all([alice.mobile.call.waitForDtmf('15*', 5000), call.sip.waitForDtmf('82#', 5000)]);
    await call.hangUp();
  });

  it('EDGES 25: an answer during the message cuts it, and both hear each other at once', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await call.hears('sound');
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await hearsOnly(call.sip, alice.mobile.toneHz);
    await hearsOnly(alice.mobile.call, call.toneHz);
    await call.hangUp();
  });

  it('EDGES 25: an answer in the instant in which the message starts cuts it as well', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 0 } });
    alice.mobile.phone.onInvite((leg) => leg.answer());
    const call = await lab.caller().call(alice);
    await call.talksWith(alice.mobile);
    await hearsOnly(call.sip, alice.mobile.toneHz);
    await call.hangUp();
  });

  it('hears each other over packets only where the caller sends none before the answer', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await lab.caller({ audio: { sendFrom: 'answer' } }).call(alice);
    await call.hears('sound');
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await hearsOnly(call.sip, alice.mobile.toneHz);
    await call.hangUp();
  });

  it('offers no video to a phone that rings, whatever the caller offers and the endpoints allow', async () => {
    expect(await lab.asterisk.cli('pjsip show endpoint mobile-1')).toMatch(/allow .*h264/);
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp' });
    const call = await lab.caller().call(alice, { video: true });
    const legs = await Promise.all(alice.handsets.map((handset) => handset.invited()));
    for (const leg of legs) expect(leg.record.offered).toMatchObject({ video: false });
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.sip.sendDtmf('1');
    await alice.mobile.call.waitForDtmf('1', 5000);
    await call.hangUp();
  });
});

/** From now on for half a second. */
async function hearsOnly(call: PhoneCall | LabCall['sip'], toneHz: number): Promise<void> {
  const fromMs = nowMs();
  await call.waitUntilHears(toneHz, 5000, fromMs + 500);
  expect(call.heard(fromMs, fromMs + 500).map(({ what }) => what)).toEqual([toneHz]);
}
