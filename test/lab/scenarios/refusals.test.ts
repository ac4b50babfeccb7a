/** Legs that end without an answer: the person's refusal told apart from a phone that cannot be had, and what a decline ends. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { refuses } from '../../../lab/phone/invite-policies.ts';

const globals = (declineEnds: string): string => `XIVO_MAPP_LOOPS_INTERVAL = 1
XIVO_MAPP_LOOPS_MOBILEAPP = 10
XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 10
XIVO_MAPP_PLAY_MSG = False
XIVO_MAPP_DECLINE_ENDS = ${declineEnds}`;

/** What each SIP answer of the only device comes to. */
const CAUSES = [
  [603, 'DECLINED', 'declined'],
  [486, 'BUSY', 'busy'],
  [600, 'BUSY', 'busy'],
  [480, 'UNREACHABLE', 'every-leg-failed'],
  [408, 'UNREACHABLE', 'every-leg-failed'],
  [503, 'UNREACHABLE', 'every-leg-failed'],
  [404, 'UNREACHABLE', 'every-leg-failed'],
  [500, 'UNREACHABLE', 'every-leg-failed'],
] as const;
/** Not a person's word; but Asterisk 16 has one cause for it and for 603, and tells no more. */
const FORBIDDEN = {
  16: [403, 'DECLINED', 'declined'],
  22: [403, 'UNREACHABLE', 'every-leg-failed'],
} as const;

describe.each([16, 22] as const)('refusals on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: globals('mobiles') });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('EDGES 11: the UC Assistant’s refusals are told apart by cause', async () => {
    await Promise.all(
      [...CAUSES, FORBIDDEN[version]].map(async ([sip, status, reason]) => {
        const alice = await lab.user({ ringingDevice: 'WebApp', webApp: { does: refuses(sip) } });
        const call = await lab.caller().call(alice);
        expect({ sip, ...(await lab.ending(call)) }).toMatchObject({ sip, status, reason, scenario: 'NOANSWER' });
      }),
    );
  });

  it('EDGES 11: a mobile’s refusals are told apart by cause, at once where it is the person who refuses', async () => {
    await Promise.all(
      [...CAUSES, FORBIDDEN[version]].map(async ([sip, status, reason]) => {
        const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { does: refuses(sip) } });
        const call = await lab.caller().call(alice);
        expect({ sip, ...(await lab.ending(call)) }).toMatchObject({ sip, status, reason, scenario: 'NOANSWER' });
      }),
    );
  });

  it.each([480, 408, 503])(
    'EDGES 11: one mobile’s failure (%i) is no refusal: the other rings on and answers',
    async (sip) => {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles: [{ does: refuses(sip) }, {}] });
      const [failing, other = alice.mobile] = alice.mobiles;
      const call = await lab.caller().call(alice);
      await Promise.all([failing?.waitFor('ended'), other.waitFor('ringing')]);
      await other.answer();
      await call.talksWith(other);
      await call.hangUp();
      expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    },
  );

  it('EDGES 11: a mobile that is busy leaves the other one ringing', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles: [{ does: refuses(486) }, {}] });
    const [busy, other = alice.mobile] = alice.mobiles;
    const call = await lab.caller().call(alice);
    await Promise.all([busy?.waitFor('ended'), other.waitFor('ringing')]);
    await other.answer();
    await call.talksWith(other);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('EDGES 11: a registration behind which nobody hears does not hide the refusal on another', async () => {
    const alice = await lab.user({
      ringingDevice: 'MobileApp',
      mobiles: [{ is: 'asleep', wakesAfterMs: 'never' }, { does: refuses(603, 50) }],
    });
    const call = await lab.caller().call(alice);
    expect(await lab.ending(call)).toMatchObject({ status: 'DECLINED', reason: 'declined' });
  });

  it('EDGES 12: DECLINE_ENDS = mobiles: no mobile rings any more, the UC Assistant rings on and answers', async () => {
    const alice = await threeDevices();
    const [declining, ringing, asleep = alice.mobile] = alice.mobiles;
    const call = await lab.caller().call(alice);
    await Promise.all([declining, ringing, alice.webApp].map((handset) => handset?.waitFor('ringing')));
    await declining?.refuse();
    await ringing?.waitFor('cancelled');
    await asleep.wake();
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
    expect(asleep.calls).toEqual([]);
    expect(ringing?.wasToldElsewhere).toBe(false);
  });

  it('EDGES 12: DECLINE_ENDS = call: nothing rings any more', async () => {
    await lab.asterisk.reloadGlobals(globals('call'));
    const alice = await threeDevices();
    const [declining, ringing, asleep = alice.mobile] = alice.mobiles;
    const call = await lab.caller().call(alice);
    await Promise.all([declining, ringing, alice.webApp].map((handset) => handset?.waitFor('ringing')));
    await declining?.refuse();
    await Promise.all([ringing, alice.webApp].map((handset) => handset?.waitFor('cancelled')));
    await asleep.wake();
    expect(await lab.ending(call)).toMatchObject({ status: 'DECLINED', reason: 'declined', scenario: 'NOANSWER' });
    expect(asleep.calls).toEqual([]);
  });

  it('EDGES 12: DECLINE_ENDS = call: a decline on the UC Assistant ends it as well', async () => {
    await lab.asterisk.reloadGlobals(globals('call'));
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('ringing');
    await alice.webApp.refuse();
    await alice.mobile.waitFor('cancelled');
    expect(await lab.ending(call)).toMatchObject({ status: 'DECLINED', reason: 'declined' });
  });

  it('EDGES 12: DECLINE_ENDS = device: everything else rings on, and a mobile that wakes later rings', async () => {
    await lab.asterisk.reloadGlobals(globals('device'));
    const alice = await threeDevices();
    const [declining, ringing, asleep = alice.mobile] = alice.mobiles;
    const call = await lab.caller().call(alice);
    await Promise.all([declining, ringing, alice.webApp].map((handset) => handset?.waitFor('ringing')));
    await declining?.refuse();
    await asleep.wake();
    await asleep.waitFor('ringing');
    expect([ringing?.call.hasEnded, alice.webApp.call.hasEnded]).toEqual([false, false]);
    await asleep.answer();
    await call.talksWith(asleep);
    await Promise.all([ringing, alice.webApp].map((handset) => handset?.waitFor('cancelled')));
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('EDGES 12: DECLINE_ENDS = mobiles: a decline on the UC Assistant leaves the mobile ringing', async () => {
    await lab.asterisk.reloadGlobals(globals('mobiles'));
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('ringing');
    await alice.webApp.refuse();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  /** Two mobiles that wake, one that does not by itself, and a UC Assistant. */
  function threeDevices() {
    return lab.user({ ringingDevice: 'WebAppAndMobileApp', mobiles: [{}, {}, { wakesAfterMs: 'never' }] });
  }
});
