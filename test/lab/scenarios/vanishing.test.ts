/** Parties that go without a word, and channels that nobody owns: Asterisk's own timers find them, and nothing is left. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { answersAndVanishes } from '../../../lab/phone/invite-policies.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_PLAY_MSG = False';
/** Asterisk gives a party up that sends nothing for two seconds. */
const SILENCE = 'rtp_timeout=2';
/** SIP's retransmissions ten times as fast as usual, so that Asterisk waits for an ACK for some seconds and not for 32. */
const QUICK_SIP = '[system](+)\ntimer_t1=100\ntimer_b=6400\n';
const GIVES_UP_MS = 30_000;

describe.each([16, 22] as const)('vanishing on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    const silent = ['mobile-1', 'uc-1'].map((endpoint) => `[${endpoint}](+type=endpoint)\n${SILENCE}\n`).join('');
    lab = await startLab({
      version,
      globals: GLOBALS,
      asterisk: { trunk: { extra: [SILENCE] }, extraPjsip: `${QUICK_SIP}${silent}` },
    });
  });
  afterEach(() => lab.nothingRemains(GIVES_UP_MS));
  afterAll(() => lab?.stop());

  it('EDGES 31: a caller that vanishes from a conversation ends it for the callee', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    call.sip.vanish();
    await alice.mobile.waitFor('ended');
    expect(alice.mobile.call.record.endedBy).toBe('there');
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('EDGES 31: a callee that vanishes from a conversation ends it for the caller', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { does: answersAndVanishes(300) } });
    const call = await lab.caller().call(alice);
    await call.waitFor('ended');
    expect(call.record).toMatchObject({ finalStatus: 200, endedBy: 'there' });
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile', scenario: '' });
  });

  it('EDGES 31: a callee that dies in a conversation ends it for the caller', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    alice.mobile.phone.die();
    await call.waitFor('ended');
    expect(call.record.endedBy).toBe('there');
  });

  it('EDGES 31: a caller that vanishes while it rings costs one ring time and leaves nothing', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', ringSeconds: 1 });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('ringing');
    call.sip.vanish();
    await alice.mobile.waitFor('cancelled');
    expect(await lab.ending(call, GIVES_UP_MS)).toMatchObject({ status: 'NOANSWER', reason: 'ring-time-over' });
  });

  it('EDGES 31: a caller that vanishes in the instant of the answer leaves nothing', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('ringing');
    call.sip.vanish();
    await alice.mobile.answer();
    await alice.mobile.waitFor('ended', GIVES_UP_MS);
    expect(alice.mobile.call.record.endedBy).toBe('there');
  });

  it('EDGES 31: a caller that never acknowledges its answer is given up, and the callee with it', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await lab.caller().call(alice, { neverAck: true });
    await alice.mobile.answer();
    await call.waitFor('answered');
    await Promise.all([call.waitFor('ended', GIVES_UP_MS), alice.mobile.waitFor('ended', GIVES_UP_MS)]);
    expect(alice.mobile.call.record.endedBy).toBe('there');
  });

  it('EDGES 14: a leg that enters the application and that nobody owns is hung up', async () => {
    const order = { endpoint: 'Local/s@lab-idle', app: lab.asterisk.stasisApp, appArgs: 'leg,1700000000.1' };
    const { status } = await lab.asterisk.ari('POST', '/channels/xm-0123456789abcdef-leg-1', order);
    expect(status).toBe(200);
    await lab.asterisk.awaitNothingLeft();
    expect(await lab.api.calls()).not.toContainEqual(expect.objectContaining({ callId: 'xm-0123456789abcdef' }));
  });

  it('EDGES 14: one that rings, on its way into the application, is hung up as well', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    const order = { endpoint: alice.webApp.endpoint, app: lab.asterisk.stasisApp, appArgs: 'leg,1700000000.2' };
    await lab.asterisk.ari('POST', '/channels/xm-0123456789abcdef-leg-2', order);
    // The router may be quicker than the phone's answer.
    await alice.webApp.waitFor('invited');
    alice.webApp.call.answer();
    await alice.webApp.waitFor('ended');
    expect(alice.webApp.call.record.endedBy).toBe('there');
  });

  it('EDGES 14: a channel of somebody else’s making is no leg: it goes on in the dialplan', async () => {
    const order = { endpoint: 'Local/s@lab-idle', app: lab.asterisk.stasisApp, appArgs: '4711' };
    const { status } = await lab.asterisk.ari('POST', '/channels/somebody-elses', order);
    expect(status).toBe(200);
    const counted = 'xivo_mapp_calls_total{outcome="passed"} 1';
    await expect.poll(() => lab.api.metrics()).toContain(counted);
    expect((await lab.asterisk.ari('DELETE', '/channels/somebody-elses')).status).toBe(204);
  });
});
