/** Who loses a race for a call, and is told so: answered on another device, two answers at once, answers that come too late for anyone. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { answersDespiteCancel, onlyTries } from '../../../lab/phone/invite-policies.ts';

/** Just before the CANCEL is confirmed, and well after it. */
const LATE_ANSWERS = [{ does: answersDespiteCancel(0) }, { does: answersDespiteCancel(50) }];
const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_PLAY_MSG = False';

describe.each([16, 22] as const)('losing a race on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('EDGES 4: the losing legs are told "answered elsewhere", so that no missed call shows', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobiles: [{}, {}] });
    const call = await lab.caller().call(alice);
    const losers = [alice.mobiles[1], alice.webApp].flatMap((handset) => handset ?? []);
    await Promise.all(alice.handsets.map((handset) => handset.waitFor('ringing')));
    await alice.mobile.answer();
    await Promise.all(losers.map((loser) => loser.waitFor('cancelled')));

    for (const { call: lost } of losers) {
      expect(lost.record.reasons.join('\n')).toMatch(/^SIP\s*;\s*cause=200\b/m);
      expect(lost.record).toMatchObject({ finalStatus: 487, endedBy: 'there' });
    }
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(alice.mobile.wasToldElsewhere).toBe(false);
  });

  it('EDGES 5: of two that answer in the same instant exactly one wins, and the caller hears only that one', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles: [{}, {}] });
    const call = await lab.caller().call(alice);
    await Promise.all(alice.mobiles.map((mobile) => mobile.waitFor('ringing')));
    for (const mobile of alice.mobiles) mobile.call.answer();
    await call.waitFor('answered');
    await Promise.race(alice.mobiles.map((mobile) => mobile.waitFor('ended')));

    const [winner, another] = alice.mobiles.filter((mobile) => !mobile.call.hasEnded);
    const loser = alice.mobiles.find((mobile) => mobile !== winner);
    if (winner === undefined || loser === undefined || another !== undefined) throw new Error('not exactly one wins');
    await call.talksWith(winner);
    await call.hangUp();
    expect(call.heard().map(({ what }) => what)).not.toContain(loser.toneHz);
    expect(loser.call.record).toMatchObject({ finalStatus: 200, endedBy: 'there' });
    expect(loser.wasToldElsewhere).toBe(true);
    expect(winner.wasToldElsewhere).toBe(false);
  });

  it.each([0, 50])('EDGES 29: a loser that answers %i ms after its cancel is hung up', async (lateMs) => {
    const alice = await lab.user({
      ringingDevice: 'WebAppAndMobileApp',
      webApp: { does: answersDespiteCancel(lateMs) },
    });
    const call = await lab.caller().call(alice);
    await alice.webApp.waitFor('ringing');
    await alice.mobile.answer();
    await alice.webApp.waitFor('ended');
    await call.talksWith(alice.mobile);
    await call.hangUp();

    expect(alice.webApp.call.record).toMatchObject({ finalStatus: 200, endedBy: 'there' });
    expect(call.heard().map(({ what }) => what)).not.toContain(alice.webApp.toneHz);
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('EDGES 29: a 200 OK that comes after the end of the ring time is hung up', async () => {
    const mobiles = LATE_ANSWERS.map((one) => ({ ...one, wakesAfterMs: 'never' as const }));
    const alice = await lab.user({ ringingDevice: 'MobileApp', ringSeconds: 1, mobiles });
    const call = await lab.caller().call(alice);
    // The ring time is counted from the first that rings.
    await Promise.all(alice.mobiles.map((mobile) => mobile.waitForPush()));
    await Promise.all(alice.mobiles.map((mobile) => mobile.wake()));
    await Promise.all(alice.mobiles.map((mobile) => mobile.waitFor('ended')));

    for (const { call: late } of alice.mobiles)
      expect(late.record).toMatchObject({ finalStatus: 200, endedBy: 'there' });
    expect(await lab.ending(call)).toMatchObject({ status: 'NOANSWER', reason: 'ring-time-over' });
    const heard = call.heard().map(({ what }) => what);
    for (const { toneHz } of alice.mobiles) expect(heard).not.toContain(toneHz);
  });

  it('EDGES 29: a 200 OK that comes after the caller has given up is hung up', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles: LATE_ANSWERS });
    const call = await lab.caller().call(alice);
    await Promise.all(alice.mobiles.map((mobile) => mobile.waitFor('ringing')));
    await call.hangUp();
    await Promise.all(alice.mobiles.map((mobile) => mobile.waitFor('ended')));

    for (const { call: late } of alice.mobiles)
      expect(late.record).toMatchObject({ finalStatus: 200, endedBy: 'there' });
    expect(await lab.story(call)).toMatchObject({ outcome: 'caller-left', reason: 'while-ringing' });
  });

  it('EDGES 13: a leg that answers in the instant in which the caller gives up is hung up', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush();
    const gaveUp = Promise.withResolvers<void>();
    alice.mobile.phone.onInvite((leg) => {
      call.hangUp().then(gaveUp.resolve, gaveUp.reject);
      leg.answer();
    });
    await alice.mobile.wake();
    await gaveUp.promise;
    await alice.mobile.waitFor('ended');
    expect(alice.mobile.call.record).toMatchObject({ finalStatus: 200, endedBy: 'there' });
  });

  it('EDGES 13: a leg that is still being dialled when the caller gives up is cancelled', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { does: onlyTries() } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('invited');
    await call.hangUp();
    await alice.mobile.waitFor('cancelled');
    expect(alice.mobile.wasToldElsewhere).toBe(false);
    expect(await lab.story(call)).toMatchObject({ outcome: 'caller-left', reason: 'while-ringing' });
  });

  it('EDGES 13: a caller that gives up while the mobile registers leaves no leg behind', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush();
    // The REGISTER's 200 and the INVITE are on their way at the same time as the CANCEL.
    await Promise.all([alice.mobile.wake(), call.hangUp()]);
    await lab.nothingRemains();
    expect(alice.mobile.calls.every((leg) => leg.hasEnded && !leg.isAnswered)).toBe(true);
  });
});
