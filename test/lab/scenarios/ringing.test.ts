/** What rings, when and how long, by the user's ringing device; and what each side is shown of the other. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';

/** A mobile that wakes comes in time on any machine. */
const PATIENT = `XIVO_MAPP_LOOPS_INTERVAL = 1
XIVO_MAPP_LOOPS_MOBILEAPP = 60
XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 60
XIVO_MAPP_RING_WEBAPP_AT_ONCE = False`;
const AT_ONCE = PATIENT.replace('AT_ONCE = False', 'AT_ONCE = True');
/** For mobiles that shall come too late or never. */
const HASTY = PATIENT.replaceAll('= 60', '= 1');

describe.each([16, 22] as const)('ringing on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: PATIENT });
  });
  afterEach(async () => {
    await lab.nothingRemains();
    await lab.asterisk.reloadGlobals(PATIENT);
  });
  afterAll(() => lab?.stop());

  it('MobileApp: each contact has a leg of its own, and the UC Assistant stays silent', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles: [{}, {}], webApp: {} });
    const call = await lab.caller().call(alice);
    const [first, second] = await Promise.all(alice.mobiles.map((mobile) => mobile.invited()));

    expect(first?.callId).not.toBe(second?.callId);
    expect([first?.invite.uri, second?.invite.uri]).toEqual(
      alice.mobiles.map((mobile) => mobile.phone.registered?.contactUri),
    );
    first?.answer();
    await call.waitFor('answered');
    await call.hangUp();
    expect(alice.mobiles.map((mobile) => mobile.calls.length)).toEqual([1, 1]);
    expect(alice.webApp.calls).toEqual([]);
  });

  it('WebApp: the UC Assistant rings at once, and no mobile is pushed', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp', mobile: { is: 'awake' } });
    const call = await lab.caller().call(alice);
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await call.hangUp();

    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
    expect(alice.mobile.requests).toEqual([]);
    expect(alice.mobile.calls).toEqual([]);
  });

  it('WebApp: one that is not registered is unreachable, and the no-answer scenario follows', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp', webApp: { isRegistered: false } });
    const call = await lab.caller().call(alice);
    expect(await lab.ending(call)).toMatchObject({
      status: 'UNREACHABLE',
      reason: 'not-registered',
      scenario: 'NOANSWER',
    });
  });

  it('WebAppAndMobileApp: the UC Assistant rings when the first mobile is ready; either may answer', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('ringing');
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await call.hangUp();

    const { outcome, reason, timeline } = await lab.story(call);
    expect({ outcome, reason }).toEqual({ outcome: 'answered', reason: 'webapp' });
    const told = timeline.map(({ what }) => what).filter((what) => /^(push-sent|mobile-reg|webapp-rings)/.test(what));
    expect(told).toEqual(['push-sent', 'mobile-registered', 'webapp-rings']);
  });

  it('WebAppAndMobileApp with RING_WEBAPP_AT_ONCE: the UC Assistant rings while the mobile wakes, and the mobile joins', async () => {
    await lab.asterisk.reloadGlobals(AT_ONCE);
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await alice.webApp.waitFor('ringing');
    expect(alice.mobile.calls).toEqual([]);
    await alice.mobile.waitForPush();
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();

    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    await alice.webApp.waitFor('cancelled');
    expect(alice.webApp.wasToldElsewhere).toBe(true);
    expect(alice.webApp.calls).toHaveLength(1);
  });

  it('WebAppAndMobileApp: when no mobile wakes the UC Assistant rings, and a mobile that comes late joins it', async () => {
    await lab.asterisk.reloadGlobals(HASTY);
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await alice.webApp.waitFor('ringing');
    await alice.mobile.wake();
    await alice.mobile.waitFor('ringing');
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();

    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    await alice.webApp.waitFor('cancelled');
    expect(alice.webApp.wasToldElsewhere).toBe(true);
    const { timeline } = await lab.story(call);
    const told = timeline.map(({ what }) => what).filter((what) => /^(wait-over|mobile-reg|webapp-rings)/.test(what));
    expect(told).toEqual(['wait-over', 'webapp-rings', 'mobile-registered']);
  });

  it('WebAppAndMobileApp: the UC Assistant that rings in place of the mobile answers', async () => {
    await lab.asterisk.reloadGlobals(HASTY);
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await alice.webApp.hangUp();
    await call.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
  });

  it('rings for XIVO_RINGSECONDS, then every leg is cancelled and the no-answer scenario follows', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', ringSeconds: 1 });
    const call = await lab.caller().call(alice);
    await Promise.all([alice.mobile, alice.webApp].map((handset) => handset.waitFor('cancelled')));

    expect(await lab.ending(call)).toMatchObject({
      status: 'NOANSWER',
      reason: 'ring-time-over',
      scenario: 'NOANSWER',
    });
    expect([alice.mobile.wasToldElsewhere, alice.webApp.wasToldElsewhere]).toEqual([false, false]);
    const { stagesMs } = await lab.story(call);
    expect(stagesMs?.ringing).toBeGreaterThanOrEqual(990);
  });

  it('shows the caller to the callee, and the callee to the caller', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', name: 'Alice Martin' });
    const call = await lab.caller({ name: 'Zoé Dupont-Ærø', number: '0612345678' }).call(alice);
    for (const handset of [alice.mobile, alice.webApp]) {
      const { record } = await handset.invited();
      expect(record.shown).toMatchObject({
        from: { name: 'Zoé Dupont-Ærø', number: '0612345678' },
        asserted: { name: 'Zoé Dupont-Ærø', number: '0612345678' },
      });
    }
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect(call.record.connectedLines.at(-1)).toMatchObject({ name: 'Alice Martin', number: alice.number });
    await call.hangUp();
  });

  it('shows nobody a number that the caller withholds: not on a phone, not in a push, not in the history or the log', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp' });
    const carol = lab.caller({ name: 'Anonymous', number: 'anonymous' });
    // Of nobody else's call in this file.
    const headers = [
      ['P-Asserted-Identity', '"Wilma" <sip:0612398745@127.0.0.2>'],
      ['Privacy', 'id'],
    ] as const;
    const call = await carol.call(alice, { headers });
    const legs = await Promise.all(alice.handsets.map((handset) => handset.invited()));
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    await alice.mobile.waitFor('ended');

    for (const { record } of legs) expect(record.shown).toEqual({ from: { name: 'Anonymous', number: 'anonymous' } });
    const withheld = /0612398745|Wilma/;
    expect(JSON.stringify(alice.mobile.requests.map(({ payload }) => payload))).not.toMatch(withheld);
    const { callId } = await lab.story(call);
    const { body } = await lab.api.ask('GET', `/v1/calls/${callId}`);
    expect(body).toMatchObject({ callId, outcome: 'answered', caller: { name: '', number: '' } });
    expect(JSON.stringify([body, (await lab.api.ask('GET', '/v1/calls')).body])).not.toMatch(withheld);
    expect(lab.router.log.find(withheld)).toEqual([]);
    // Once connected Asterisk itself tells an endpoint that it trusts (trust_id_outbound), and says that nobody else may know.
    const told = alice.handsets.flatMap(({ phone }) => phone.trace.entries.filter(({ text }) => withheld.test(text)));
    expect(told.filter(({ text }) => !/^Privacy: id\b/m.test(text))).toEqual([]);
  });

  it("EDGES 28: the caller's own number is never shown back to the caller", async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp' });
    const carol = lab.caller({ name: 'Carol', number: '0698765432' });
    const call = await carol.call(alice);
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await alice.webApp.hangUp();
    await call.waitFor('ended');

    expect(call.record.connectedLines.at(-1)).toMatchObject({ name: `User ${alice.number}`, number: alice.number });
    const received = carol.phone.trace.entries.filter(({ direction }) => direction === 'in').map(({ text }) => text);
    const identities = received.flatMap((text) =>
      text.match(/^(P-Asserted-Identity|Remote-Party-ID|Diversion):.*$/gim),
    );
    expect(identities).not.toHaveLength(0);
    expect(identities.filter((identity) => identity?.includes(carol.number))).toEqual([]);
  });
});
