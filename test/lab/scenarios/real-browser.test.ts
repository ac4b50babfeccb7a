/** A real UC Assistant, a page in Chromium that speaks SIP over wss and DTLS-SRTP by JsSIP, where the lab's own phones are elsewhere. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import { browserEndpoint } from '../../../lab/asterisk/web-conf.ts';
import { Chromium } from '../../../lab/clients/chromium.ts';
import { fetchChromium, orNone } from '../../../lab/clients/fetch-clients.ts';
import { UcAssistant } from '../../../lab/clients/uc-assistant.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';

const install = await orNone(fetchChromium());
const MUSIC = { toneHz: TONES.mohDefault };
/** The user's assistant is the page, which registers by itself. */
const PAGE = { webApp: { isRegistered: false } };
const ACCOUNT = 'uc-1';

describe.skipIf(install === undefined).each([16, 22] as const)(
  'a UC Assistant in Chromium on Asterisk %i',
  (version) => {
    let lab: Lab;
    let chromium: Chromium;
    beforeAll(async () => {
      if (install === undefined) throw new Error('There is no Chromium');
      chromium = await Chromium.start(install);
      lab = await startLab({
        version,
        globals: 'XIVO_MAPP_PLAY_MSG = False',
        asterisk: { web: true, mohDefault: 'tone', extraPjsip: browserEndpoint(ACCOUNT) },
      });
    });
    afterEach(() => lab.nothingRemains());
    afterAll(async () => {
      await chromium?.close();
      await lab?.stop();
    });

    const open = (): Promise<UcAssistant> => UcAssistant.open(chromium, lab.asterisk, ACCOUNT);

    it('rings, answers, hears and is heard, holds and hangs up', async () => {
      const alice = await lab.user({ ringingDevice: 'WebApp', ...PAGE });
      await using assistant = await open();
      const call = await lab.caller().call(alice);
      await assistant.answer();
      await Promise.all([call.hears(assistant), assistant.hears(call)]);
      await assistant.hold();
      await call.hears(MUSIC);
      await assistant.unhold();
      await Promise.all([call.hears(assistant), assistant.hears(call)]);
      await assistant.hangUp();
      await call.waitFor('ended');
      expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
    });

    it('is told that the mobile has taken the call, so that it shows no missed call', async () => {
      const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', ...PAGE });
      await using assistant = await open();
      const call = await lab.caller().call(alice);
      await assistant.waitFor('progress');
      await alice.mobile.answer();
      expect(await assistant.waitFor('failed')).toMatchObject({
        by: 'remote',
        cause: 'Canceled',
        reason: 'SIP;cause=200;text="Call completed elsewhere"',
      });
      await call.talksWith(alice.mobile);
      await call.hangUp();
    });

    it('takes the call before the mobile does, which is told so', async () => {
      const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', ...PAGE });
      await using assistant = await open();
      const call = await lab.caller().call(alice);
      await alice.mobile.waitFor('ringing');
      await assistant.answer();
      await alice.mobile.waitFor('cancelled');
      expect(alice.mobile.wasToldElsewhere).toBe(true);
      await Promise.all([call.hears(assistant), assistant.hears(call)]);
      await call.hangUp();
      await assistant.waitFor('ended');
    });

    it('declines', async () => {
      const alice = await lab.user({ ringingDevice: 'WebApp', ...PAGE });
      await using assistant = await open();
      const call = await lab.caller().call(alice);
      await assistant.refuse(486);
      expect(['BUSY', 'DECLINED']).toContain((await lab.ending(call)).status);
    });

    it('hands its caller on to a colleague', async () => {
      const alice = await lab.user({ ringingDevice: 'WebApp', ...PAGE });
      const bob = await lab.user({ ringingDevice: 'WebApp' });
      await using assistant = await open();
      const call = await lab.caller().call(alice);
      await assistant.answer();
      await assistant.hears(call);
      await assistant.transfer(bob.number);
      await bob.webApp.answer();
      await call.talksWith(bob.webApp);
      // Asterisk leaves the end to whoever has handed over.
      await assistant.waitFor('transfer-accepted');
      await assistant.hangUp();
      await assistant.waitFor('ended');
      await call.hangUp();
    });

    it('asks a colleague whose mobile has to be woken, and connects the two', async () => {
      const alice = await lab.user({ ringingDevice: 'WebApp', ...PAGE });
      const bob = await lab.user({ ringingDevice: 'MobileApp' });
      await using assistant = await open();
      const call = await lab.caller().call(alice);
      await assistant.answer();
      await assistant.hears(call);
      await assistant.hold();
      await assistant.call(bob.number);
      await bob.mobile.answer();
      await assistant.waitFor('confirmed', 1);
      await Promise.all([assistant.hears(bob.mobile, 1), bob.mobile.hears(assistant)]);
      await assistant.join(0, 1);
      await Promise.all([call.hears(bob.mobile), bob.mobile.hears(call)]);
      await call.hangUp();
    });

    it('calls, and hears the message before anybody has answered, then the mobile', async () => {
      // The others hear ringing, so that music can only come from a hold.
      await lab.asterisk.reloadGlobals('XIVO_MAPP_PLAY_MSG = True');
      const bob = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 500 } });
      await using assistant = await open();
      await assistant.call(bob.number);
      await assistant.hears('sound');
      await bob.mobile.answer();
      await Promise.all([assistant.hears(bob.mobile), bob.mobile.hears(assistant)]);
      await assistant.hangUp();
      await bob.mobile.waitFor('ended');
    });
  },
);
