/** A real SIP softphone, baresip, where the lab's own phones are elsewhere: as a mobile that the push starts, and as a caller. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import type { Callee } from '../../../lab/callee.ts';
import { Baresip } from '../../../lab/clients/baresip.ts';
import { fetchBaresip, orNone } from '../../../lab/clients/fetch-clients.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';

const install = await orNone(fetchBaresip());
const there = () => {
  if (install === undefined) throw new Error('There is no baresip');
  return install;
};
const MUSIC = { toneHz: TONES.mohDefault };

describe.skipIf(install === undefined).each([16, 22] as const)('baresip on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({
      version,
      globals: 'XIVO_MAPP_PLAY_MSG = False',
      asterisk: { mohDefault: 'tone', site: true, endpoints: [{ name: 'desk' }] },
    });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const startedBy = ({ mobile }: Callee): Promise<Baresip> => Baresip.startedBy(mobile, there(), lab.asterisk);
  const uriOf = ({ number }: Callee): string => `sip:${number}@${lab.asterisk.sipHost}:${lab.asterisk.sipPort}`;
  const start = (account: string): Promise<Baresip> => Baresip.start(there(), lab.asterisk, account);

  it('is started by the push, answers, talks, holds and hangs up', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const started = startedBy(alice);
    const call = await lab.caller().call(alice);
    await using mobile = await started;
    await mobile.answer();
    await Promise.all([call.hears(mobile), mobile.hears(call)]);
    mobile.command('hold');
    await call.hears(MUSIC);
    mobile.command('resume');
    await Promise.all([call.hears(mobile), mobile.hears(call)]);
    mobile.command('hangup');
    await call.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('is told that another device has taken the call', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp' });
    const started = startedBy(alice);
    const call = await lab.caller().call(alice);
    await using mobile = await started;
    await mobile.waitFor('CALL_INCOMING');
    await alice.webApp.answer();
    await mobile.waitFor('CALL_CLOSED');
    expect(mobile.output).toMatch(/^CANCEL [\s\S]*?^Reason: SIP;cause=200;text="Call completed elsewhere"\r?$/m);
    await call.talksWith(alice.webApp);
    await call.hangUp();
  });

  it('declines with a 486 of its own wording', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const started = startedBy(alice);
    const call = await lab.caller().call(alice);
    await using mobile = await started;
    await mobile.waitFor('CALL_INCOMING');
    mobile.command('hangup');
    expect(['BUSY', 'DECLINED']).toContain((await lab.ending(call)).status);
    expect(mobile.output).toMatch(/^SIP\/2\.0 486 Rejected\r?$/m);
  });

  it('is killed while it rings, starts again on another port, and takes the same call', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const started = startedBy(alice);
    const call = await lab.caller().call(alice);
    await using first = await started;
    await first.waitFor('CALL_INCOMING');
    await first.kill();
    await using again = await start(alice.seat.mobileEndpoint);
    await again.answer();
    await Promise.all([call.hears(again), again.hears(call)]);
    await call.hangUp();
    await again.waitFor('CALL_CLOSED');
  });

  it('hands its caller on to a colleague', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const bob = await lab.user({ ringingDevice: 'WebApp' });
    const started = startedBy(alice);
    const call = await lab.caller().call(alice);
    await using mobile = await started;
    await mobile.answer();
    await mobile.hears(call);
    mobile.command('transfer', uriOf(bob));
    await bob.webApp.answer();
    await call.talksWith(bob.webApp);
    await call.hangUp();
  });

  it('calls, and hears the message, then the mobile', async () => {
    const bob = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 500 } });
    // The others hear ringing, so that music can only come from a hold.
    await lab.asterisk.reloadGlobals('XIVO_MAPP_PLAY_MSG = True');
    await using desk = await start('desk');
    desk.command('dial', uriOf(bob));
    await desk.hears('sound');
    await bob.mobile.answer();
    await Promise.all([desk.hears(bob.mobile), bob.mobile.hears(desk)]);
    desk.command('hangup');
    await bob.mobile.waitFor('ended');
  });
});
