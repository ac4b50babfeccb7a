/** Fresh told from stale: whatever way a mobile comes back, its registration is seen and it rings; and what is left of its former life does no harm. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Story } from '../../../lab/api-client.ts';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import type { Mobile } from '../../../lab/mobile.ts';
import { onlyTries } from '../../../lab/phone/invite-policies.ts';
import { RequestGate } from '../../../lab/rigs/request-gate.ts';
import { facts } from '../../../lab/timeline.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 20\nXIVO_MAPP_PLAY_MSG = False';

describe.each([16, 22] as const)('registrations on Asterisk %i', (version) => {
  let lab: Lab;
  let gate: RequestGate;
  beforeAll(async () => {
    // An interval beyond any deadline here: what is seen is not seen by the look at a loop's end.
    lab = await startLab({ version, globals: GLOBALS, startRouter: false });
    gate = await RequestGate.before(lab);
  });
  afterEach(() => lab.nothingRemains());
  afterAll(async () => {
    await lab?.stop();
    await gate?.stop();
  });

  it('EDGES 6: a mobile that registers in the instant in which the push arrives rings', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const registered = inTheInstantOfThePush(alice.mobile);
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await registered;
    await endTalk(lab, call, alice.mobile);
  });

  it('EDGES 6: a mobile that registers before the subscription stands is found by the look that follows it', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const subscribing = gate.hold(/^POST \S+\/subscription\?eventSource=endpoint/);
    const registered = inTheInstantOfThePush(alice.mobile);
    const call = await lab.caller().call(alice);
    await subscribing.arrived();
    await registered;
    subscribing.release();
    await alice.mobile.answer();
    await endTalk(lab, call, alice.mobile);
  });

  it('EDGES 6: a mobile that registers between the subscription and the look rings by the event', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const subscribing = gate.hold(/^POST \S+\/subscription\?eventSource=endpoint/);
    const call = await lab.caller().call(alice);
    await subscribing.arrived();
    const looking = gate.hold(/PJSIP_AOR/);
    subscribing.release();
    await looking.arrived();
    await alice.mobile.wake();
    await alice.mobile.answer();
    looking.release();
    await endTalk(lab, call, alice.mobile);
    // Announced by the event and found by the look: that is one registration, and one leg.
    expect(alice.mobile.calls).toHaveLength(1);
  });

  it('EDGES 7: a mobile that refreshes its contact, of which Asterisk says nothing, is seen and rings', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const { contactUri } = await asleepSince(alice.mobile, 300);
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    expect(alice.mobile.phone.registered?.contactUri).toBe(contactUri);
    const story = await endTalk(lab, call, alice.mobile);
    expect(facts(story, 'mobile-registered')).toEqual([expect.objectContaining({ contact: contactUri })]);
  });

  it('EDGES 7: a refresh for a shorter time than before counts as well', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    await asleepSince(alice.mobile, 3600);
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    const story = await endTalk(lab, call, alice.mobile);
    expect(facts(story, 'mobile-registered')).toHaveLength(1);
  });

  it('EDGES 8: a mobile that died with its registration standing is pushed all the same; the dead contact is no refusal', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 300 } });
    await alice.mobile.phone.register();
    alice.mobile.phone.die();
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await endTalk(lab, call, alice.mobile);
    expect(alice.mobile.pushes.map(({ payload }) => payload.type)).toEqual(['incoming-call']);
  });

  it('EDGES 8: a contact that refuses for its own failure does not end the wait', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    alice.mobile.phone.onNextInvites((invited) => invited.refuse(503));
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('ended');
    expect(call.hasEnded).toBe(false);
    await alice.mobile.phone.comeBackOnAnotherPort();
    await alice.mobile.answer();
    await endTalk(lab, call, alice.mobile);
  });

  it('EDGES 8: an old contact that lives is rung at once, without waiting for a new one', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    const story = await endTalk(lab, call, alice.mobile);
    expect(facts(story, 'mobile-registered')).toEqual([]);
    expect(facts(story, 'push-sent')).toHaveLength(1);
  });

  it('EDGES 9: a sleeper that comes back from another port rings there, and its old leg is hung up', async () => {
    const asleep = { is: 'asleep', wakesUp: 'on-another-port', wakesAfterMs: 300 } as const;
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: asleep });
    const oldContact = alice.mobile.phone.registered?.contactUri;
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('ringing');

    const callId = await lab.callId(call);
    const [oldLeg, newLeg] = facts(await lab.story(callId), 'leg-dialled');
    expect(oldLeg).toMatchObject({ contact: oldContact, fresh: false });
    expect(newLeg).toMatchObject({ contact: alice.mobile.phone.registered?.contactUri, fresh: true });
    expect(facts(await lab.story(callId), 'leg-hung-up')).toEqual([
      { leg: oldLeg?.leg, on: 'mobile', reason: 'not-needed' },
    ]);
    await channelGone(lab, oldLeg?.leg);
    await alice.mobile.answer();
    await endTalk(lab, call, alice.mobile);
  });

  it('an old contact that does ring goes on ringing beside the new one, and may be answered', async () => {
    const mobiles = [{ is: 'awake' }, {}] as const;
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles });
    const [old, other] = alice.mobiles;
    const call = await lab.caller().call(alice);
    await other?.waitFor('ringing');
    await old?.answer();
    await other?.waitFor('cancelled');
    expect(other?.wasToldElsewhere).toBe(true);
    await endTalk(lab, call, alice.mobile);
  });

  it('a mobile that refreshes again and again before it rings is rung by one leg, not by several', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const { phone } = alice.mobile;
    await phone.register({ expiresSec: 300 });
    phone.onNextInvites(onlyTries(), onlyTries());
    const call = await lab.caller().call(alice);
    for (const expiresSec of [600, 900]) {
      await alice.mobile.waitFor('invited');
      await phone.register({ expiresSec });
      await alice.mobile.waitFor('cancelled');
    }
    await alice.mobile.waitFor('ringing');
    expect(alice.mobile.calls.map(({ hasEnded }) => hasEnded)).toEqual([true, true, false]);
    await alice.mobile.answer();
    await endTalk(lab, call, alice.mobile);
  });
});

describe.each([16, 22] as const)('registrations on an Asterisk %i that tells of refreshes', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS, asterisk: { contactStatusOnRefresh: true } });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('EDGES 7: a mobile that refreshes its contact is seen once and rings', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    await asleepSince(alice.mobile, 300);
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    const story = await endTalk(lab, call, alice.mobile);
    expect(facts(story, 'mobile-registered')).toHaveLength(1);
  });
});

/** The phone registers without waiting for anything, in the turn in which the push service takes the push. */
function inTheInstantOfThePush(mobile: Mobile): Promise<unknown> {
  const registered = Promise.withResolvers<unknown>();
  mobile.onPush = () => registered.resolve(mobile.phone.register());
  return registered.promise;
}

/**
 * A registration of so many seconds stands, and nobody hears what is sent there until a push wakes the phone. Not the usual time, for an expiry that has been renewed within
 * the second is the same expiry.
 */
async function asleepSince(mobile: Mobile, expiresSec: number) {
  const registered = await mobile.phone.register({ expiresSec });
  mobile.phone.sleep();
  return registered;
}

async function endTalk(lab: Lab, call: LabCall, mobile: Mobile): Promise<Story> {
  await call.talksWith(mobile);
  await call.hangUp();
  expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  return await lab.story(call);
}

async function channelGone(lab: Lab, channelId: unknown): Promise<void> {
  const path = `/channels/${encodeURIComponent(String(channelId))}`;
  await awaitThat(
    async () => ((await lab.asterisk.ari('GET', path)).status === 404 ? true : undefined),
    SOON_MS,
    async () => `the channel ${channelId} lives on`,
  );
}
