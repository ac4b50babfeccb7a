/** A host whose `systemname` begins as our own ids do: its callers are callers, through a restart of the router as well. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { dies, waits } from '../../../lab/rigs/death.ts';

describe.each([16, 22] as const)('Asterisk %i with systemname = xm-a', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({
      version,
      globals: 'XIVO_MAPP_MSG_SOUND = beep\nXIVO_MAPP_LOOPS_INTERVAL = 60',
      asterisk: { mohDefault: 'tone', systemName: 'xm-a' },
    });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('a caller waits, the router is killed and comes back, the mobile wakes and answers', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    const { channelId } = await waits(lab, call);
    expect(channelId).toMatch(/^xm-a-\d+\.\d+$/);
    await dies(lab);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });
});
