/** Push services that answer what no client can read, to as many pushes as are under way at a time: the router lives, and the next call's mobiles are woken as ever. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { hang, type ServiceAnswer } from '../../../lab/push/answers.ts';
import { garbledOfApns, garbledOfFcm } from '../../push/garbled.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 20\nXIVO_MAPP_PLAY_MSG = False';
/** Pushes under way to FCM at a time. */
const PLACES = 10;

describe.each([16, 22] as const)('garbled answers to pushes, with Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it.each([
    ['android', garbledOfFcm],
    ['ios', garbledOfApns],
  ] as const)(
    'of every kind (%s), to a call and to its end: the next call wakes its mobile',
    async (platform, garbled) => {
      const all: readonly ServiceAnswer[] = Object.values(garbled);
      const mobiles = Array.from({ length: 2 * PLACES }, () => ({ platform, wakesAfterMs: 'never' }) as const);
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles });
      const bob = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform } });
      const { answers, requests } = platform === 'ios' ? lab.push.apns : lab.push.fcm;
      alice.mobiles.forEach(({ token, alertToken }, place) => {
        for (const one of [token, alertToken]) if (one) answers.forToken(one, all[place % all.length] ?? hang);
      });

      const call = await lab.caller().call(alice);
      const asked = (type: string) =>
        alice.mobiles.filter((mobile) => mobile.requests.some(({ payload }) => payload.type === type)).length;
      await expect.poll(() => asked('incoming-call'), { timeout: 20_000 }).toBeGreaterThanOrEqual(PLACES);
      await call.hangUp();
      await expect.poll(() => asked('call-ended'), { timeout: 20_000 }).toBeGreaterThan(0);

      const next = await lab.caller().call(bob);
      await bob.mobile.answer();
      await next.talksWith(bob.mobile);
      await next.hangUp();
      expect(await lab.ending(next)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
      const his = requests.filter(({ token }) => token === bob.mobile.token);
      if (platform === 'android') expect(his).toHaveLength(1);
      // All go over one connection to APNs, which another's answer may break: then his is sent again, by the id under which APNs and the app know it.
      else expect(new Set(his.map(({ headers, payload }) => `${headers['apns-id']} ${payload.callId}`)).size).toBe(1);
    },
  );
});
