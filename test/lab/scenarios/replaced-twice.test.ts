/** A caller who is replaced, and the newcomer is replaced as well, before anybody has answered. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { channelVariable } from '../../../lab/asterisk/channel-variable.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { dies, noted, toldEndsOf, wakesOf } from '../../../lab/rigs/death.ts';
import { BY_DIAL, deskUser, officeSettings } from '../../../lab/rigs/office.ts';
import { channelOf, hangUpAll, hearEachOther, partyOf, sides, talk } from '../../../lab/rigs/talk.ts';

describe.each([16, 22] as const)('a caller who is replaced twice on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ ...officeSettings(version), startRouter: true, globals: 'XIVO_MAPP_LOOPS_INTERVAL = 20' });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it.each(['and the router lives', 'and the router dies'])('before the answer, %s', async (what) => {
    const { actor, other } = sides(await talk(lab, BY_DIAL), 'caller');
    const sleeper = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const second = await actor.phone.call(sleeper.number);
    await second.waitFor('ringing', SOON_MS);
    await sleeper.mobile.waitForPush();
    const [told] = await lab.api.calls(1);
    const callId = String(told?.callId);
    await actor.call.transferTo(second);
    await noted(lab, callId, 'caller-replaced');
    const carol = await deskUser(lab, BY_DIAL);
    const third = await other.phone.call(BY_DIAL.numberOf(carol));
    await carol.webApp.answer();
    await third.waitFor('answered', SOON_MS);
    const last = partyOf('carol', carol.webApp);
    // Asterisk hands over only what it has bridged.
    await Promise.all([
      third.waitUntilHears(last.phone.toneHz, SOON_MS),
      last.call.waitUntilHears(other.phone.toneHz, SOON_MS),
    ]);
    await other.call.transferTo(third);
    await noted(lab, callId, 'caller-replaced', 2);
    const { id } = await channelOf(lab, last.call);
    expect(Number(await channelVariable(lab.asterisk, id, 'TIMEOUT(absolute)'))).toBeGreaterThan(10);
    if (what === 'and the router dies') await dies(lab);
    await sleeper.mobile.wake();
    await sleeper.mobile.answer();
    await hearEachOther(last, partyOf('mobile', sleeper.mobile));
    expect(wakesOf(sleeper.mobile)).toBe(1);
    expect(toldEndsOf(sleeper.mobile)).toEqual([]);
    await hangUpAll([actor.phone, other.phone, last.phone, sleeper.mobile.phone]);
    await expect.poll(() => lab.api.story(callId)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
  });
});
