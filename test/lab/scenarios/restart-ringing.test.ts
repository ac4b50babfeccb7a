/** EDGES 16: the router dies (kill -9) while phones ring. They ring on, the first to answer talks, the others learn of it, and nobody is pushed or dialled twice. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { dies, noted, rings, toldEndsOf, wakesOf } from '../../../lab/rigs/death.ts';

const both = { ringingDevice: 'WebAppAndMobileApp', mobile: {} } as const;

describe.each([16, 22] as const)('a router that dies while phones ring on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: 'XIVO_MAPP_MSG_SOUND = beep' });
  });
  afterEach(async () => {
    await lab.router.start();
    await lab.nothingRemains();
  });
  afterAll(() => lab?.stop());

  it('EDGES 16: one: it rings on for the time that is left, and is connected when it answers', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: {} });
    const call = await lab.caller().call(alice);
    const callId = await rings(lab, call);
    await dies(lab);
    const [adopted] = await noted(lab, callId, 'leg-adopted');
    expect(adopted?.facts).toMatchObject({ on: 'mobile', fresh: true });
    await noted(lab, callId, 'leg-ringing');
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(alice.mobile.calls).toHaveLength(1);
    expect(wakesOf(alice.mobile)).toBe(1);
  });

  it('EDGES 43: a phone that has rung and says 480 after the restart has declined', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: {} });
    const call = await lab.caller().call(alice);
    const callId = await rings(lab, call);
    await dies(lab);
    await noted(lab, callId, 'leg-ringing');
    await alice.mobile.refuse(480);
    expect(await lab.ending(call)).toMatchObject({ status: 'DECLINED', reason: 'declined' });
  });

  it.each([
    { first: 'webApp', other: 'mobile', reason: 'webapp' },
    { first: 'mobile', other: 'webApp', reason: 'mobile' },
  ] as const)(
    'EDGES 4, 16: two: the $first answers, and the $other is told that it was taken elsewhere',
    async ({ first, other, reason }) => {
      const alice = await lab.user(both);
      const call = await lab.caller().call(alice);
      const callId = await rings(lab, call, 2);
      await dies(lab);
      await noted(lab, callId, 'leg-ringing', 2);
      await alice[first].answer();
      await call.talksWith(alice[first]);
      await alice[other].waitFor('cancelled');
      expect(alice[other].wasToldElsewhere).toBe(true);
      await call.hangUp();
      expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason });
      for (const handset of alice.handsets) expect(handset.calls).toHaveLength(1);
      expect(wakesOf(alice.mobile)).toBe(1);
      if (first === 'webApp') await alice.mobile.waitForPush('call-ended');
      expect(toldEndsOf(alice.mobile)).toEqual(first === 'webApp' ? ['answered-elsewhere'] : []);
    },
  );

  it('EDGES 16: the caller hangs up meanwhile: the legs are hung up, and the mobile is told', async () => {
    const alice = await lab.user(both);
    const call = await lab.caller().call(alice);
    const callId = await rings(lab, call, 2);
    await dies(lab, () => call.hangUp());
    await Promise.all(alice.handsets.map((handset) => handset.waitFor('cancelled')));
    await alice.mobile.waitForPush('call-ended');
    await expect.poll(() => lab.api.story(callId)).toMatchObject({ outcome: 'caller-left' });
    expect(alice.handsets.map((handset) => handset.wasToldElsewhere)).toEqual([false, false]);
    expect(wakesOf(alice.mobile)).toBe(1);
    expect(toldEndsOf(alice.mobile)).toEqual(['caller-left']);
  });
});
