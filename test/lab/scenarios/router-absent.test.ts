/**
 * dialplan/xivo-mapp.conf where the router is not: the user's devices ring directly, and what comes of it comes back as from the router. The caller never depends
 * on the router.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Ending } from '../../../lab/asterisk/asterisk.ts';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { refuses } from '../../../lab/phone/invite-policies.ts';
import { type Door, NEXT_USER_DIALPLAN, numberOf } from '../../../lab/rigs/next-user.ts';
import { tellWhere } from '../../../lab/rigs/own-dial.ts';
import { awake, callTo, endingOfCallTo, NOBODY, SITE_DIALPLAN, stranger, XIVO } from '../../../lab/rigs/xivo-site.ts';

describe.each([16, 22] as const)('without the router, on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({
      version,
      startRouter: false,
      asterisk: { extraDialplan: SITE_DIALPLAN + NEXT_USER_DIALPLAN },
    });
    await tellWhere(lab);
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const call = (callee: Callee, prefix = ''): Promise<LabCall> => callTo(callee, prefix, lab);
  const endingOf = ({ number }: { readonly number: string }, prefix = ''): Promise<Ending> =>
    endingOfCallTo(`${prefix}${number}`, lab);

  it('rings every contact of the endpoints that the channel names, and the first to answer talks', async () => {
    const alice = await lab.user({
      ...stranger,
      ringingDevice: 'WebAppAndMobileApp',
      mobiles: [awake, awake],
      variables: { XIVO_MAPP_MOBILE_ENDPOINT: 'PJSIP/mobile-1', XIVO_MAPP_WEBAPP_ENDPOINT: 'PJSIP/uc-1' },
    });
    const placed = await call(alice);
    await Promise.all(alice.handsets.map((handset) => handset.invited()));
    await alice.webApp.answer();
    await placed.talksWith(alice.webApp);
    await Promise.all(alice.mobiles.map((mobile) => mobile.waitFor('cancelled')));
    await placed.hangUp();
    expect(await lab.ending(placed)).toMatchObject({ stasisStatus: 'FAILED', reason: 'router-absent' });
  });

  it('rings several endpoints that are joined by &', async () => {
    const spec = { ...stranger, ringingDevice: 'MobileApp', mobile: awake } as const;
    const alice = await lab.user({
      ...spec,
      variables: { XIVO_MAPP_MOBILE_ENDPOINT: 'PJSIP/mobile-1&PJSIP/nobody&PJSIP/mobile-2' },
    });
    const bob = await lab.user(spec);
    const placed = await call(alice);
    await alice.mobile.invited();
    await bob.mobile.answer();
    await placed.talksWith(bob.mobile);
    await placed.hangUp();
  });

  it.each([
    { device: 'WebApp', rings: 'webApp', silent: 'mobile' },
    { device: 'MobileApp', rings: 'mobile', silent: 'webApp' },
  ] as const)('rings only what XIVO_MAPP_DEVICE says: $device', async ({ device, rings, silent }) => {
    const alice = await lab.user({
      ...stranger,
      ringingDevice: 'WebAppAndMobileApp',
      mobile: awake,
      variables: {
        XIVO_MAPP_DEVICE: device,
        XIVO_MAPP_MOBILE_ENDPOINT: 'PJSIP/mobile-1',
        XIVO_MAPP_WEBAPP_ENDPOINT: 'PJSIP/uc-1',
      },
    });
    const placed = await call(alice);
    await alice[rings].answer();
    await placed.talksWith(alice[rings]);
    expect(alice[silent].calls).toEqual([]);
    await placed.hangUp();
  });

  it('rings XIVO_INTERFACE where the channel names no endpoint', async () => {
    const alice = await lab.user({ ...stranger, ringingDevice: 'WebApp' });
    const placed = await call(alice);
    await alice.webApp.answer();
    await placed.talksWith(alice.webApp);
    await alice.webApp.hangUp();
    await placed.waitFor('ended');
  });

  it.each([
    { refusal: 486, status: 'BUSY' },
    { refusal: 603, status: 'DECLINED' },
    { refusal: 503, status: 'UNREACHABLE' },
  ])('comes back with $status from a $refusal', async ({ refusal, status }) => {
    const alice = await lab.user({ ...stranger, ringingDevice: 'WebApp' });
    const ending = endingOf(alice);
    await alice.webApp.refuse(refusal);
    expect(await ending).toMatchObject({ status, reason: 'router-absent', scenario: 'NOANSWER' });
  });

  it('comes back with NOANSWER after XIVO_RINGSECONDS, though one device has declined', async () => {
    const alice = await lab.user({
      ...stranger,
      ringingDevice: 'WebAppAndMobileApp',
      ringSeconds: 1,
      mobile: { is: 'awake', does: refuses(603) },
    });
    expect(await endingOf(alice)).toMatchObject({ status: 'NOANSWER', scenario: 'NOANSWER' });
  });

  it('comes back with UNREACHABLE when nobody is registered', async () => {
    const alice = await lab.user({
      ...stranger,
      ringingDevice: 'MobileApp',
      variables: { XIVO_MAPP_MOBILE_ENDPOINT: 'PJSIP/mobile-1' },
    });
    expect(await endingOf(alice)).toMatchObject({ status: 'UNREACHABLE', scenario: 'NOANSWER' });
  });

  it('comes back with UNREACHABLE for a user of whom nothing is known', async () => {
    expect(await endingOf({ number: NOBODY })).toMatchObject({ status: 'UNREACHABLE', scenario: 'NOANSWER' });
  });

  const hooks: readonly Door[] = ['the global hook', 'the per-user and the global hook', 'the global hook by FastAGI'];
  const interfaces = ['PJSIP/uc-1', 'PJSIP/uc-1&PJSIP/mobile-1', 'PJSIP/mobile-1&PJSIP/uc-1'];
  it.each(hooks.flatMap((door) => interfaces.map((rung) => ({ door, rung }))))(
    "through $door XiVO's own Dial rings every phone that is awake, and each once, where XIVO_INTERFACE is $rung",
    async ({ door, rung }) => {
      const alice = await lab.user({
        ...stranger,
        ringingDevice: 'WebAppAndMobileApp',
        mobiles: [awake, awake],
        variables: { XIVO_MAPP_MOBILE_ENDPOINT: 'PJSIP/mobile-1', XIVO_INTERFACE: rung },
      });
      const placed = await lab.caller().call(numberOf(door, alice));
      await Promise.all(alice.handsets.map((handset) => handset.invited()));
      await alice.webApp.answer();
      await placed.talksWith(alice.webApp);
      await Promise.all(alice.mobiles.map((mobile) => mobile.waitFor('cancelled')));
      expect(alice.mobiles.map((mobile) => [mobile.calls.length, mobile.wasToldElsewhere])).toEqual([
        [1, true],
        [1, true],
      ]);
      await placed.hangUp();
      expect(await lab.ending(placed)).toMatchObject({ status: 'FAILED', dialStatus: 'ANSWER' });
    },
  );

  it("goes on to XiVO's own Dial from the subroutine, which rings as ever", async () => {
    const alice = await lab.user({ ...stranger, ringingDevice: 'WebApp' });
    const placed = await call(alice, XIVO);
    await alice.webApp.answer();
    await placed.talksWith(alice.webApp);
    await placed.hangUp();
    expect(await lab.ending(placed)).toMatchObject({ status: 'FAILED', reason: 'router-absent' });
  });
});
