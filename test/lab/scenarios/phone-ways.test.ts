/** Phones that do not behave like the lab's own: each of their ways means what it means after a plain Dial(). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.ts';
import { playsEarlyMedia, rings } from '../phone/invite-policies.ts';
import { noted } from '../rigs/death.ts';

const GLOBALS = `XIVO_MAPP_LOOPS_INTERVAL = 1
XIVO_MAPP_LOOPS_MOBILEAPP = 3
XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 3
XIVO_MAPP_PLAY_MSG = False`;
/** It is reached by its registration of before, and does not register again. */
const awake = { is: 'awake', wakesAfterMs: 'never' } as const;

describe.each([16, 22] as const)('a phone on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it.each([
    ['180', rings()],
    ['183 and never 180', playsEarlyMedia()],
  ] as const)('EDGES 72: that says %s rings, be it longer than the wait, and talks', async (_, does) => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { ...awake, does } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush();
    const [{ callId } = { callId: '' }] = alice.mobile.pushes.map(({ payload }) => payload);
    await noted(lab, callId, 'wait-over');
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
    expect(alice.mobile.calls).toHaveLength(1);
  });

  it('EDGES 72: that says 183 and never 180 rings on where it registers again from another port', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { does: playsEarlyMedia() } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('early-media');
    await alice.mobile.phone.register();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
  });
});
