/** The wake from the caller's side: when it is sent and when not, what a late mobile finds, and how the call goes on where none wakes. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { RequestGate } from '../../../lab/rigs/request-gate.ts';

const GLOBALS = `
XIVO_MAPP_LOOPS_INTERVAL = 1
XIVO_MAPP_LOOPS_MOBILEAPP = 20
XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 1
`;

describe.each([16, 22] as const)('the wake on Asterisk %i', (version) => {
  let lab: Lab;
  let gate: RequestGate;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS, startRouter: false });
    gate = await RequestGate.before(lab);
  });
  afterEach(async () => {
    await lab.nothingRemains();
    await lab.asterisk.reloadGlobals(GLOBALS);
  });
  afterAll(async () => {
    await lab?.stop();
    await gate?.stop();
  });

  it('EDGES 1: sends nothing when the caller hangs up before the push leaves', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles: [{}, { platform: 'ios' }] });
    const learning = gate.hold(/XIVO_MAPP_DEVICE/);
    const call = await lab.caller().call(alice);
    await learning.arrived();
    await call.hangUp();
    await lab.ending(call);
    learning.release();

    const story = await lab.story(call);
    expect(story).toMatchObject({ outcome: 'caller-left', reason: 'before-push' });
    expect(story.timeline.map(({ what }) => what)).not.toContain('push-sent');
    expect(alice.mobiles.flatMap((mobile) => mobile.requests)).toEqual([]);
  });

  it('EDGES 2 and 3: tells the mobile when the caller gives up; its late REGISTER gets no INVITE, and the call can still be asked for', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    const { callId = '' } = (await alice.mobile.waitForPush('incoming-call')).payload;
    await call.hangUp();
    expect((await alice.mobile.waitForPush('call-ended')).payload).toMatchObject({ callId, reason: 'caller-left' });

    await lab.story(call);
    await alice.mobile.wake();
    const asked = await lab.api.ask('GET', `/v1/calls/${callId}`);
    expect(asked).toMatchObject({
      status: 200,
      body: { callId, userId: alice.userId, ended: true, outcome: 'caller-left', reason: 'while-waiting' },
    });
    // Nobody subscribes to it and no channel is there: no INVITE can come any more.
    await lab.asterisk.awaitNothingLeft();
    expect(alice.mobile.calls).toEqual([]);
  });

  it('EDGES 2: a mobile that registers while the caller leaves never keeps a leg', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush('incoming-call');
    await Promise.all([alice.mobile.wake(), call.hangUp()]);

    expect(await lab.story(call)).toMatchObject({ outcome: 'caller-left' });
    await lab.asterisk.awaitNothingLeft();
    for (const invited of alice.mobile.calls) await invited.waitFor('ended', SOON_MS);
  });

  it('falls back with NOANSWER when the mobile never wakes, and tells it so', async () => {
    await lab.asterisk.reloadGlobals(`${GLOBALS}\nXIVO_MAPP_LOOPS_MOBILEAPP = 2`);
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);

    expect(await fallsBack(lab, call)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over', scenario: 'NOANSWER' });
    const { timeline, ...story } = await lab.story(call);
    expect(story).toMatchObject({ outcome: 'no-answer', reason: 'wait-over' });
    expect(timeline.find(({ what }) => what === 'planned')?.facts).toMatchObject({ waitMs: 2000 });
    expect((await alice.mobile.waitForPush('call-ended')).payload.reason).toBe('no-answer');
  });

  it('lets a mobile that registers late join the UC Assistant, which rings already', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await alice.webApp.waitFor('ringing');
    expect(alice.mobile.calls).toEqual([]);

    await alice.mobile.wake();
    await alice.mobile.waitFor('ringing');
    expect(alice.webApp.call.hasEnded).toBe(false);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await alice.webApp.waitFor('cancelled');
    expect(alice.webApp.wasToldElsewhere).toBe(true);
    await call.hangUp();
    const { timeline } = await lab.story(call);
    const order = timeline
      .map(({ what }) => what)
      .filter((what) => ['wait-over', 'webapp-rings', 'mobile-registered'].includes(what));
    expect(order).toEqual(['wait-over', 'webapp-rings', 'mobile-registered']);
  });
});
