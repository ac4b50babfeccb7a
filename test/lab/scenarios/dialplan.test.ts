/**
 * dialplan/xivo-mapp.conf as a site uses it while the router is there: who calls `xivo-mapp` gets the status back; who hooks in `xivo-mapp-presubr`, as on a XiVO
 * host, goes on to XiVO's own Dial. What is not the router's to route is passed back untouched.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Ending } from '../../../lab/asterisk/asterisk.ts';
import type { Callee, UserSpec } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { awake, callTo, endingOfCallTo, NOBODY, SITE_DIALPLAN, stranger, XIVO } from '../../../lab/rigs/xivo-site.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 1\nXIVO_MAPP_PLAY_MSG = False';

describe.each([16, 22] as const)('the dialplan on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS, asterisk: { extraDialplan: SITE_DIALPLAN } });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const call = (callee: Callee, prefix = ''): Promise<LabCall> => callTo(callee, prefix, lab);
  const endingOf = ({ number }: { readonly number: string }, prefix = ''): Promise<Ending> =>
    endingOfCallTo(`${prefix}${number}`, lab);

  it.each([
    { prefix: '', how: 'the status' },
    { prefix: XIVO, how: "XiVO's own Dial ending in NOANSWER" },
  ])('a mobile that never wakes comes back as $how', async ({ prefix }) => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    expect(await endingOf(alice, prefix)).toMatchObject({
      status: 'NOANSWER',
      reason: 'wait-over',
      scenario: 'NOANSWER',
      dialStatus: prefix === '' ? '' : 'NOANSWER',
    });
  });

  it.each([
    { refusal: 486, status: 'BUSY', scenario: 'BUSY' },
    { refusal: 603, status: 'DECLINED', scenario: 'NOANSWER' },
    { refusal: 503, status: 'UNREACHABLE', scenario: 'NOANSWER' },
  ])("a $refusal comes to XiVO's own Dial as $scenario", async ({ refusal, status, scenario }) => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    const ending = endingOf(alice, XIVO);
    await alice.webApp.refuse(refusal);
    expect(await ending).toMatchObject({ status, scenario, dialStatus: scenario });
  });

  it('an answered call through the subroutine does not come back to Dial', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const placed = await call(alice, XIVO);
    await alice.mobile.answer();
    await placed.talksWith(alice.mobile);
    await alice.mobile.hangUp();
    await placed.waitFor('ended');
    expect(await lab.ending(placed)).toMatchObject({ status: 'ANSWERED', reason: 'mobile', scenario: '' });
  });

  it.each([
    { variable: 'XIVO_ENABLEDND', reason: 'do-not-disturb' },
    { variable: 'XIVO_ENABLEUNC', reason: 'forwarded' },
  ])(
    "EDGES 26: $variable is decided before any push, and the site's own Dial goes on",
    async ({ variable, reason }) => {
      const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', variables: { [variable]: '1' } });
      for (const prefix of ['', XIVO]) {
        const placed = await call(alice, prefix);
        await alice.webApp.answer();
        await placed.talksWith(alice.webApp);
        await placed.hangUp();
        expect(await lab.ending(placed)).toMatchObject({ status: 'PASSED', reason });
        expect((await lab.story(placed)).timeline.map(({ what }) => what)).not.toContain('push-sent');
      }
      expect(alice.mobile.requests).toEqual([]);
    },
  );

  it('the channel wins over the registry: device, endpoints and ring time', async () => {
    const bob = await lab.user({ ringingDevice: 'MobileApp', mobile: awake });
    const alice = await lab.user({
      ringingDevice: 'WebApp',
      ringSeconds: 1,
      variables: { XIVO_MAPP_DEVICE: '"mobileapp"', XIVO_MAPP_MOBILE_ENDPOINT: 'PJSIP/mobile-1' },
    });
    const ending = endingOf(alice);
    await bob.mobile.invited();
    expect(await ending).toMatchObject({ status: 'NOANSWER', reason: 'ring-time-over' });
    expect(alice.webApp.calls).toEqual([]);
  });

  it('the channel alone is enough: a user who is in no registry', async () => {
    const alice = await lab.user({
      ...stranger,
      ringingDevice: 'WebAppAndMobileApp',
      mobile: awake,
      variables: { XIVO_MAPP_MOBILE_ENDPOINT: 'PJSIP/mobile-1', XIVO_MAPP_WEBAPP_ENDPOINT: 'PJSIP/uc-1' },
    });
    const placed = await call(alice);
    await alice.webApp.invited();
    await alice.mobile.answer();
    await placed.talksWith(alice.mobile);
    await placed.hangUp();
  });

  const wrongs: readonly { what: string; spec: UserSpec; reason: string; log: RegExp }[] = [
    {
      what: 'a device that there is not',
      spec: { ringingDevice: 'WebApp', variables: { XIVO_MAPP_DEVICE: 'Fax' } },
      reason: 'bad-device',
      log: /WARN .*XIVO_MAPP_DEVICE is "Fax"; it must be MobileApp, WebApp or WebAppAndMobileApp/,
    },
    ...['SIP/uc-1', 'PJSIP/', 'PJSIP/a b', 'uc-1', 'PJSIP/uc-1&Local/s@lab-idle', `PJSIP/${'x'.repeat(81)}`].map(
      (endpoint) => ({
        what: `the endpoint ${endpoint.slice(0, 30)}`,
        spec: { ringingDevice: 'WebApp', variables: { XIVO_MAPP_WEBAPP_ENDPOINT: endpoint } } as const,
        reason: 'bad-endpoint',
        log: /WARN .*is not of the form PJSIP\/name/,
      }),
    ),
  ];
  it.each(wrongs)("$what is PASSED, the log tells the cure, and the site's own Dial goes on", async (wrong) => {
    const alice = await lab.user(wrong.spec);
    const lines = lab.router.log.lines.length;
    const placed = await call(alice);
    await alice.webApp.answer();
    await placed.talksWith(alice.webApp);
    await placed.hangUp();
    expect(await lab.ending(placed)).toMatchObject({ status: 'PASSED', reason: wrong.reason });
    const told = lab.router.log.lines.slice(lines).filter(({ text }) => text.includes('passed back to the dialplan'));
    expect(told.map(({ text }) => text)).toEqual([expect.stringMatching(wrong.log)]);
  });

  it("an unknown user is PASSED, the log says nothing of it, and the site's own Dial goes on", async () => {
    const alice = await lab.user({ ...stranger, ringingDevice: 'WebApp' });
    const lines = lab.router.log.lines.length;
    const placed = await call(alice);
    await alice.webApp.answer();
    await placed.talksWith(alice.webApp);
    await placed.hangUp();
    expect(await lab.ending(placed)).toMatchObject({ status: 'PASSED', reason: 'unknown-user' });
    expect(lab.router.log.lines.slice(lines)).toEqual([]);
  });

  it('a user without an endpoint for the ringing device is PASSED, and the log tells which', async () => {
    const alice = await lab.user({ ...stranger, ringingDevice: 'WebApp' });
    await lab.api.put(`/v1/users/${alice.userId}`, { ringingDevice: 'MobileApp', webAppEndpoint: 'PJSIP/uc-1' });
    const placed = await call(alice);
    await lab.router.log.waitFor(/WARN .*user "1001" shall ring on MobileApp but has no endpoint for it/);
    await alice.webApp.answer();
    await placed.talksWith(alice.webApp);
    await placed.hangUp();
    expect(await lab.ending(placed)).toMatchObject({ status: 'PASSED', reason: 'no-endpoint' });
  });

  it('a user without devices who is registered nowhere is UNREACHABLE at once', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles: [] });
    const placed = await call(alice);
    await placed.waitFor('ended');
    expect(await lab.ending(placed)).toMatchObject({
      status: 'UNREACHABLE',
      reason: 'no-device',
      scenario: 'NOANSWER',
    });
    expect((await lab.story(placed)).stagesMs).not.toHaveProperty('waiting');
  });

  it('an empty user id is PASSED', async () => {
    expect(await endingOf({ number: NOBODY })).toMatchObject({ status: 'PASSED', reason: 'unknown-user' });
  });
});
