/** A user with several endpoints for one ringing device, a desk phone beside the app: joined by & they are taken over HTTP as from the channel's variables. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { wakesOf } from '../../../lab/rigs/death.ts';

const GLOBALS = 'XIVO_MAPP_PLAY_MSG = False\nXIVO_MAPP_LOOPS_INTERVAL = 60';
const MOBILES = 'PJSIP/mobile-1&PJSIP/uc-2';
const DESKS = 'PJSIP/uc-1&PJSIP/uc-2';

describe.each([16, 22] as const)('several endpoints of a user on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  /** Alice, and beside her somebody whose phone is hers as well. */
  const withDesk = async (ringingDevice: 'MobileApp' | 'WebApp', by: string, endpoints: string) => {
    const name = ringingDevice === 'MobileApp' ? 'mobileEndpoint' : 'webAppEndpoint';
    const variable = ringingDevice === 'MobileApp' ? 'XIVO_MAPP_MOBILE_ENDPOINT' : 'XIVO_MAPP_WEBAPP_ENDPOINT';
    const alice = await lab.user({ ringingDevice, ...(by === 'HTTP' ? {} : { variables: { [variable]: endpoints } }) });
    const { webApp: desk } = await lab.user({ ringingDevice: 'WebApp', inRegistry: false });
    const path = `/v1/users/${alice.userId}`;
    if (by === 'HTTP') await lab.api.put(path, { ringingDevice, [name]: endpoints });
    if (by === 'HTTP') expect((await lab.api.ask('GET', path)).body).toMatchObject({ [name]: endpoints });
    return { alice, desk };
  };

  it.each(['HTTP', 'variable'])('by %s: the desk phone rings at once, the mobile when it has woken', async (by) => {
    const { alice, desk } = await withDesk('MobileApp', by, MOBILES);
    const call = await lab.caller().call(alice);
    await Promise.all([alice.mobile.invited(), desk.invited()]);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await desk.waitFor('cancelled');
    expect([wakesOf(alice.mobile), desk.wasToldElsewhere, desk.calls.length]).toEqual([1, true, 1]);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it.each(['HTTP', 'variable'])('by %s: two desk phones ring, and the second one takes the call', async (by) => {
    const { alice, desk } = await withDesk('WebApp', by, DESKS);
    const call = await lab.caller().call(alice);
    await Promise.all([alice.webApp.invited(), desk.invited()]);
    await desk.answer();
    await call.talksWith(desk);
    await alice.webApp.waitFor('cancelled');
    expect(alice.webApp.wasToldElsewhere).toBe(true);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
  });
});
