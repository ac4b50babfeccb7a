/** Nothing of a size that a site or an app chooses makes a call fail: a user with as many devices as there can be, each with the longest id. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Callee } from '../../../lab/callee.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { dies, noted, readCheckpoint, waits, wakesOf } from '../../../lab/rigs/death.ts';
import { MOST_DEVICES } from '../../../src/call/ports/callee.ts';
import { LONGEST_CHECKPOINT } from '../../../src/call/resume/checkpoint.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 20\nXIVO_MAPP_PLAY_MSG = True\nXIVO_MAPP_MSG_SOUND = beep';

describe.each([16, 22] as const)('a user with many devices on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS, asterisk: { mohDefault: 'tone' } });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  /** The one mobile there is, and devices that nobody has seen for long; their ids are as long as the registry takes. */
  const userOfMany = async (): Promise<Callee> => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    for (let n = 1; n < MOST_DEVICES; n += 1) {
      const deviceId = String(n).padStart(128, 'x');
      const token = `lab:${n}-of-many-devices`;
      await lab.api.put(`/v1/users/${alice.userId}/devices/${deviceId}`, { platform: 'android', token });
    }
    return alice;
  };

  it('is woken on all of them, and is connected', async () => {
    const alice = await userOfMany();
    const call = await lab.caller().call(alice);
    const { channelId } = await waits(lab, call, MOST_DEVICES);
    expect((await readCheckpoint(lab, channelId)).length).toBeLessThanOrEqual(LONGEST_CHECKPOINT);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('is not woken a second time by the router that follows', async () => {
    const alice = await userOfMany();
    const before = lab.push.fcm.requests.length;
    const call = await lab.caller().call(alice);
    const { callId } = await waits(lab, call, MOST_DEVICES);
    await dies(lab);
    await noted(lab, callId, 'resumed');
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect(wakesOf(alice.mobile)).toBe(1);
    const wakes = lab.push.fcm.requests.slice(before).filter(({ payload }) => payload.type === 'incoming-call');
    expect(wakes).toHaveLength(MOST_DEVICES);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });
});
