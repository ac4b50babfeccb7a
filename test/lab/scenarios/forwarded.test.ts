/**
 * EDGES 43: a phone that sends its calls on (302 and its kin): followed as a plain Dial() of the site follows it, as one of those who ring. Where that would
 * be by the site's own dialplan, whoever is called there is an ordinary phone, or another user of the router.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Callee } from '../../../lab/callee.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import type { InvitePolicy } from '../../../lab/phone/invite-policies.ts';
import { refuses } from '../../../lab/phone/invite-policies.ts';
import { createPhone } from '../../../lab/phone/phone.ts';
import { dies, noted } from '../../../lab/rigs/death.ts';

const GLOBALS = `XIVO_MAPP_LOOPS_INTERVAL = 1
XIVO_MAPP_LOOPS_MOBILEAPP = 3
XIVO_MAPP_PLAY_MSG = False`;
/** 7 and the number of a seat rings its UC Assistant, without the router; 6 likewise, where forwards of the site go; 5 is a plain Dial() to it. */
const DIALPLAN = `[from-intern](+)
exten => _7X!,1,Dial(PJSIP/uc-\${EXTEN:1},20)
 same => n,Hangup(\${HANGUPCAUSE})
[lab-forwards]
exten => _6X!,1,Dial(PJSIP/uc-\${EXTEN:1},20)
 same => n,Hangup(\${HANGUPCAUSE})
[lab-did](+)
exten => _5X!,1,Dial(PJSIP/uc-\${EXTEN:1},20)
 same => n,Hangup()
`;

describe.each([16, 22] as const)('a phone that sends its calls on, on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    const endpoints = [{ name: 'core', extra: ['redirect_method=uri_core'] }];
    lab = await startLab({ version, globals: GLOBALS, asterisk: { extraDialplan: DIALPLAN, endpoints } });
  });
  afterEach(async () => {
    await lab.router.start();
    await lab.nothingRemains();
  });
  afterAll(() => lab?.stop());

  const seatOf = (callee: Callee) => callee.seat.webAppEndpoint.replace('uc-', '');
  const sip = (user: string) => `sip:${user}@${lab.asterisk.sipHost}:${lab.asterisk.sipPort}`;
  const sends = (user: string, status = 302): InvitePolicy => {
    return (call) => call.redirect(sip(user), status);
  };
  const desk = () => lab.user({ ringingDevice: 'WebApp' });
  /** Calls alice, whose UC Assistant sends on to `user`. */
  const callTo = async (user: string, variables: Record<string, string> = {}, status = 302) => {
    const alice = await lab.user({ ringingDevice: 'WebApp', webApp: { does: sends(user, status) }, variables });
    return lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);
  };

  it.each([300, 301, 302, 305])('%i: whoever is called there rings, and talks to the caller', async (status) => {
    const bob = await desk();
    const call = await callTo(`7${seatOf(bob)}`, {}, status);
    // Who answers sooner is not told of as ringing.
    await noted(lab, await lab.callId(call), 'leg-ringing');
    await bob.webApp.answer();
    await call.talksWith(bob.webApp);
    await bob.webApp.hangUp();
    await call.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
    const { timeline } = await lab.story(call);
    const forwardedTo = `Local/7${seatOf(bob)}@from-intern/n`;
    const legs = timeline.filter(({ what }) => /^leg-/.test(what)).map(({ what, facts }) => ({ what, ...facts }));
    // Whether the leg's end or the caller's is told first, and ends the record, is nobody's business.
    expect(legs.slice(0, 6)).toMatchObject([
      { what: 'leg-dialled' },
      { what: 'leg-ended', end: 'forwarded', forwardedTo },
      { what: 'leg-dialled', forwardedTo },
      { what: 'leg-ringing' },
      { what: 'leg-answered' },
      { what: 'leg-connected' },
    ]);
  });

  it('shows it what a Dial() shows: who calls, and whose call it was', async () => {
    const bob = await desk();
    const alice = await lab.user({ ringingDevice: 'WebApp', webApp: { does: sends(`7${seatOf(bob)}`) } });
    const shown: { shown: unknown; sees: unknown }[] = [];
    const diverted: string[][] = [];
    for (const number of [`5${seatOf(alice)}`, alice.number]) {
      const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(number);
      await bob.webApp.answer();
      await call.talksWith(bob.webApp);
      const { record, invite } = bob.webApp.call;
      const diversions = invite.headers.filter(([name]) => /^diversion$/i.test(name)).map(([, value]) => value);
      shown.push({ shown: record.shown, sees: call.record.shown });
      diverted.push(diversions);
      await call.hangUp();
      await bob.webApp.waitFor('ended');
    }
    expect(shown[1]).toEqual(shown[0]);
    // A Dial() on a busy machine calls now and then before it knows who has sent the call on.
    const [byDial = [], byRouter = []] = diverted;
    expect(byRouter).toHaveLength(1);
    expect(byRouter).toEqual(byDial.length === 0 ? byRouter : byDial);
  });

  it.each([
    { words: 'another answers, and it is told that it was taken elsewhere', itAnswers: false },
    { words: 'it answers, and the others are told so', itAnswers: true },
  ])('is one of those who ring: $words', async ({ itAnswers }) => {
    const bob = await desk();
    const mobiles = [{ does: sends(`7${seatOf(bob)}`) }, {}];
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles });
    const [, other = alice.mobile] = alice.mobiles;
    const call = await lab.caller().call(alice);
    await Promise.all([bob.webApp.waitFor('ringing'), other.waitFor('ringing')]);
    const [answers, loses] = itAnswers ? [bob.webApp, other] : [other, bob.webApp];
    await answers.answer();
    await call.talksWith(answers);
    await loses.waitFor('cancelled');
    expect(loses.wasToldElsewhere).toBe(true);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it.each([
    ['busy', 486, 'BUSY', 'busy'],
    ['declined', 603, 'UNREACHABLE', 'every-leg-failed'],
    ['not there', 404, 'UNREACHABLE', 'every-leg-failed'],
  ])('whose target is %s ends as that says', async (_, sipStatus, status, reason) => {
    const bob = await lab.user({ ringingDevice: 'WebApp', webApp: { does: refuses(sipStatus, 300) } });
    const call = await callTo(`7${seatOf(bob)}`);
    expect(await lab.ending(call)).toMatchObject({ status, reason, scenario: 'NOANSWER' });
  });

  it('whose caller hangs up while it rings there stops that', async () => {
    const bob = await desk();
    const call = await callTo(`7${seatOf(bob)}`);
    await bob.webApp.waitFor('ringing');
    await call.hangUp();
    await bob.webApp.waitFor('cancelled');
  });

  it.each(['nobody', 'Local%2F71%40from-intern', '71%40from-intern', 'PJSIP%2Fuc-99', '71%26uc-1', 's', '%22'])(
    'to %s, where there is nobody, has nobody rung',
    async (user) => {
      const call = await callTo(user, { XIVO_RINGSECONDS: '5' });
      expect(await lab.ending(call)).toMatchObject({ status: 'UNREACHABLE', reason: 'every-leg-failed' });
    },
  );

  it('is not followed where XIVO_CALLOPTIONS has i', async () => {
    const bob = await desk();
    const call = await callTo(`7${seatOf(bob)}`, { XIVO_CALLOPTIONS: 'tU(xi)i' });
    expect(await lab.ending(call)).toMatchObject({ status: 'UNREACHABLE', reason: 'every-leg-failed' });
    const ended = (await lab.story(call)).timeline.find(({ what }) => what === 'leg-ended');
    expect(ended?.facts).toMatchObject({
      end: 'unreachable',
      detail: expect.stringContaining('XIVO_CALLOPTIONS has i'),
    });
    expect(bob.webApp.calls).toEqual([]);
  });

  it('is followed in FORWARD_CONTEXT of the site, and nowhere else', async () => {
    const bob = await desk();
    const variables = { __FORWARD_CONTEXT: 'lab-forwards' };
    const inside = await callTo(`6${seatOf(bob)}`, variables);
    await bob.webApp.answer();
    await inside.talksWith(bob.webApp);
    await inside.hangUp();
    const outside = await callTo(`7${seatOf(bob)}`, variables);
    expect(await lab.ending(outside)).toMatchObject({ status: 'UNREACHABLE', reason: 'every-leg-failed' });
    expect(bob.webApp.calls).toHaveLength(1);
  });

  it('sends no call round and round: to itself, and by way of another', async () => {
    const alice = await desk();
    const bob = await desk();
    alice.webApp.phone.onInvite(sends(bob.number));
    bob.webApp.phone.onInvite(sends(alice.number));
    // The no-answer scenario of the last one answers, in this lab.
    await (await lab.caller().call(alice)).waitFor('ended');
    expect([alice.webApp.calls.length, bob.webApp.calls.length]).toEqual([2, 1]);
    alice.webApp.phone.onInvite(sends(alice.number));
    await (await lab.caller().call(alice)).waitFor('ended');
    expect(alice.webApp.calls).toHaveLength(4);
  });

  it('by the name of its own channel, which Asterisk follows by itself, ends all the same', async () => {
    const alice = await desk();
    // No phone answers within the millisecond, in which Asterisk goes on by itself.
    const send = sends(`PJSIP%2F${alice.seat.webAppEndpoint}`);
    alice.webApp.phone.onInvite((there) => there.after(100, () => send(there)));
    const call = await lab.caller().call(alice);
    expect(await lab.ending(call)).toMatchObject({ status: 'UNREACHABLE', reason: 'every-leg-failed' });
    await lab.asterisk.awaitNothingLeft();
    // So often a Dial() follows.
    expect(alice.webApp.calls.length).toBeLessThan(20);
  });

  it('to another user of the router has that user’s own phones rung', async () => {
    const bob = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 300 } });
    const call = await callTo(bob.number);
    await bob.mobile.answer();
    await call.talksWith(bob.mobile);
    await call.hangUp();
    await bob.mobile.waitFor('ended');
  });

  it('rings on there while the router dies, and is connected', async () => {
    const bob = await desk();
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { does: sends(`7${seatOf(bob)}`) } });
    const call = await lab.caller().call(alice);
    await bob.webApp.waitFor('ringing');
    const [{ callId } = { callId: '' }] = alice.mobile.pushes.map(({ payload }) => payload);
    await noted(lab, callId, 'leg-ringing');
    await dies(lab);
    await noted(lab, callId, 'leg-adopted');
    await bob.webApp.answer();
    await call.talksWith(bob.webApp);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('is connected where it answers while no router is there', async () => {
    const bob = await desk();
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { does: sends(`7${seatOf(bob)}`) } });
    const call = await lab.caller().call(alice);
    await bob.webApp.waitFor('ringing');
    await lab.router.kill();
    await bob.webApp.answer();
    await call.talksWith(bob.webApp);
    await call.hangUp();
  });

  it('is followed by the dialplan’s own Dial() where no router is there', async () => {
    const bob = await desk();
    const alice = await lab.user({ ringingDevice: 'WebApp', webApp: { does: sends(`7${seatOf(bob)}`) } });
    await lab.router.terminate();
    const call = await lab.caller().call(alice);
    await bob.webApp.answer();
    await call.talksWith(bob.webApp);
    await call.hangUp();
  });

  it('to another address of its endpoint (redirect_method=uri_core) has that rung', async () => {
    const server = { host: lab.asterisk.sipHost, port: lab.asterisk.sipPort };
    const [first, second] = [
      await createPhone({ user: 'core', password: 'core', server }),
      await createPhone({ user: 'core', password: 'core', server, toneHz: 1700 }),
    ];
    await first.register();
    first.onInvite((there) => there.redirect(`sip:core@${second.address.host}:${second.address.port}`));
    const alice = await lab.user({ ringingDevice: 'WebApp', variables: { XIVO_MAPP_WEBAPP_ENDPOINT: 'PJSIP/core' } });
    second.onInvite((there) => {
      there.ring();
      there.after(500, () => there.answer());
    });
    const call = await lab.caller().call(alice);
    await call.hears(1700);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
    await first.unregister();
    await Promise.all([first.close(), second.close()]);
  });
});
