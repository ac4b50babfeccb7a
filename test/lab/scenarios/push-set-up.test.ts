/** Pushes that are refused for our own set-up, to everybody: on /healthz and in the log each time it begins and ends, and the callers go on as with any push that fails (EDGES 51). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import { refuse } from '../../../lab/push/answers.ts';
import { healthOf } from '../../../lab/rigs/sick-store.ts';

const HASTY = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 1\nXIVO_MAPP_PLAY_MSG = False';
const PATIENT = 'XIVO_MAPP_LOOPS_MOBILEAPP = 60';
const CALLS = 3;

describe.each([16, 22] as const)('a set-up that push services refuse, with Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: HASTY });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it.each([
    ['key', refuse(403, 'PERMISSION_DENIED'), refuse(403, 'InvalidProviderToken')],
    ['project or topic', refuse(404, 'NOT_FOUND'), refuse(400, 'TopicDisallowed')],
    ['sender or environment', refuse(403, 'SENDER_ID_MISMATCH'), refuse(400, 'BadDeviceToken')],
  ] as const)('for the %s: told when it begins, and when it ends', async (_, ofFcm, ofApns) => {
    const sinceMs = nowMs();
    await lab.asterisk.reloadGlobals(HASTY);
    const mobiles = [{ platform: 'android' }, { platform: 'ios' }] as const;
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles });
    lab.push.fcm.answers.toAll(ofFcm);
    lab.push.apns.answers.toAll(ofApns);
    for (let calls = 0; calls < CALLS; calls += 1) {
      const call = await lab.caller().call(alice);
      expect(await fallsBack(lab, call)).toMatchObject({ status: 'NOANSWER' });
      await lab.story(call);
    }
    const told = (what: string) => lab.router.log.find(new RegExp(what)).filter(({ atMs }) => atMs >= sinceMs);
    const reasons = [ofFcm.kind === 'refuse' && ofFcm.reason, ofApns.kind === 'refuse' && ofApns.reason];
    const { status, parts } = await healthOf(lab);
    expect([status, parts.ari.ok]).toEqual([200, true]);
    expect([parts.fcm, parts.apns]).toMatchObject(
      reasons.map((reason) => ({ ok: false, why: expect.stringContaining(String(reason)) })),
    );
    expect(told(' ERROR ')).toHaveLength(2);
    expect(told(`pushes through FCM are refused for our own set-up; .*${reasons[0]}`)).toHaveLength(1);
    expect(told(`pushes through APNs are refused for our own set-up; .*${reasons[1]}`)).toHaveLength(1);

    lab.push.fcm.answers.reset();
    lab.push.apns.answers.reset();
    await lab.asterisk.reloadGlobals(PATIENT);
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.waitFor('answered');
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    await lab.story(call);
    for (const service of ['FCM', 'APNs']) {
      await lab.router.log.waitFor(`INFO  pushes through ${service} work again`, SOON_MS, sinceMs);
    }
    const healed = await healthOf(lab);
    expect([healed.parts.fcm, healed.parts.apns]).toEqual([{ ok: true }, { ok: true }]);
    expect(told(' ERROR ')).toHaveLength(2);
  });
});
