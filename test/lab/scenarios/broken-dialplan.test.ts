/**
 * EDGES 47: an application of our dialplan fails, for the site has set it up wrongly or has not loaded it. In Asterisk that ends the call; here the call goes on with the next best.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { OWN_DIAL, OWN_DIALPLAN } from '../../../lab/rigs/own-dial.ts';
import { awake, endingOfCallTo } from '../../../lab/rigs/xivo-site.ts';

/** A tone zone that lacks `ring`. */
const NO_RING = '[general]\ncountry=xx\n\n[xx]\ndescription=No ring\nringcadence=2000,4000\ndial=425\n';
const NEEDED = ['app_channelredirect', 'func_lock', 'func_global'];
const stranger = { inRegistry: false, ringingDevice: 'WebApp' } as const;

describe.each([16, 22] as const)('an application that fails on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    const globals = 'XIVO_MAPP_MSG_SOUND = beep\nXIVO_MAPP_LOOPS_INTERVAL = 60';
    const asterisk = { mohDefault: 'tone', indications: NO_RING, extraDialplan: OWN_DIALPLAN } as const;
    lab = await startLab({ version, globals, asterisk });
  });
  afterEach(async () => {
    await lab.nothingRemains();
    await lab.router.start();
  });
  afterAll(() => lab?.stop());

  it('PlayTones: who waits for a router that has stopped hears a ringback, though the tone zone has none, and is not lost', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await call.hears(700);
    const stopped = lab.router.terminate();
    await call.hears('ringback');
    await alice.mobile.wake();
    await stopped;
    await alice.mobile.answer(30_000);
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.asterisk.logTail(2000)).toContain('has no tone ring and the caller hears that of France');
  });

  it.each(['PJSIP/', 'bare', '&', '/x', 'PJSIP/nobody', 'NOTECH/x'])(
    'Dial: XIVO_INTERFACE is %s, and the call goes on',
    async (name) => {
      await lab.router.terminate();
      const alice = await lab.user({ ...stranger, variables: { XIVO_INTERFACE: name } });
      expect(await endingOfCallTo(alice.number, lab)).toMatchObject({ status: 'UNREACHABLE', scenario: 'NOANSWER' });
    },
  );

  it('Dial: of several in XIVO_INTERFACE those ring that can', async () => {
    await lab.router.terminate();
    const alice = await lab.user({ ...stranger, variables: { XIVO_INTERFACE: 'bare&PJSIP/&PJSIP/uc-1&NOTECH/x' } });
    const call = await lab.caller().call(alice);
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await call.hangUp();
    expect(await lab.asterisk.logTail(2000)).toContain(
      '"bare" in XIVO_INTERFACE is not of the form technology/resource',
    );
  });

  it.each(['A(', 'L(x)', 'S(x)', 'L(10000', '"', ',,'])(
    'Dial: XIVO_CALLOPTIONS is %s, and the devices ring',
    async (options) => {
      const variables = { XIVO_CALLOPTIONS: options, XIVO_MAPP_WEBAPP_ENDPOINT: 'PJSIP/uc-1' };
      const alice = await lab.user({ ...stranger, variables });
      for (const prefix of [OWN_DIAL, '']) {
        if (prefix === '') await lab.router.terminate();
        const call = await lab.caller().call(`${prefix}${alice.number}`);
        await alice.webApp.answer();
        await call.talksWith(alice.webApp);
        // As after any Dial: who has talked does not come back to the dialplan.
        await alice.webApp.hangUp();
        await call.waitFor('ended');
        expect(await lab.ending(call)).toMatchObject({ dialStatus: 'ANSWER', scenario: '' });
      }
    },
  );

  it.each([
    'app_stasis',
    'app_playtones',
    'app_channelredirect',
    'app_userevent',
    'func_lock',
    'func_global',
    'func_module',
  ])('the module %s is not loaded, and the devices ring', async (module) => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: awake });
    expect(await lab.asterisk.cli(`module unload ${module}.so`)).toContain('Unloaded');
    const call = await lab.caller().call(alice);
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await call.hangUp();
    await lab.asterisk.cli(`module load ${module}.so`);
    // Without these nobody could be connected, so that the router says so; or the dialplan, where it does not come to that.
    if (NEEDED.includes(module))
      expect(lab.router.log.tail() + (await lab.asterisk.logTail(500))).toContain(`has not loaded ${module}.so`);
  });
});

describe.each([16, 22] as const)('xivo-mapp-agi.conf alone on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    const hookDialplan = '[xivo-mapp]\nexten => s,1,Return()\n';
    lab = await startLab({ version, startRouter: false, asterisk: { hookDialplan, extraDialplan: OWN_DIALPLAN } });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('gives the call back, and the log tells the cure', async () => {
    const alice = await lab.user(stranger);
    expect(await endingOfCallTo(`${OWN_DIAL}${alice.number}`, lab)).toMatchObject({
      status: 'FAILED',
      scenario: 'NOANSWER',
    });
    expect(await lab.asterisk.logTail(200)).toContain(
      'xivo-mapp-agi.conf needs the xivo-mapp.conf of the same release',
    );
  });
});
