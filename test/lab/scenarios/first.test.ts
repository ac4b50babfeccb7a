/** The simplest scenario, as the one to copy: a push wakes the mobile, it answers, both hear each other. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';

describe.each([16, 22] as const)('a call on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('wakes the mobile by a push; it answers, and both hear each other', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 300 } });
    const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);

    const push = await alice.mobile.waitForPush('incoming-call');
    expect(push.payload).toMatchObject({ callerName: 'Carol', callerNumber: '0612345678', calleeUserId: alice.userId });
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();

    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
  });
});
