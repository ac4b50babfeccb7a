/**
 * How long it takes from the caller's INVITE until the push service has the whole push, on a warm connection, one call at a time, FCM and APNs in turn. The
 * mobile does not wake: the caller gives up as soon as the push is there.
 */
import { addStep, type Rig, shareOf, timesOf } from './rig.ts';

const CALLS = 120;
const WARM_UP = 5;
const PLATFORMS = { android: 'FCM', ios: 'APNs' } as const;

export function pushRow(platform: keyof typeof PLATFORMS): string {
  return `push ${PLATFORMS[platform]}`;
}

export async function measurePush(rig: Rig): Promise<void> {
  const { lab } = rig;
  const callees = [];
  for (const platform of ['android', 'ios'] as const) {
    callees.push(await lab.user({ ringingDevice: 'MobileApp', mobile: { platform, wakesAfterMs: 'never' } }));
  }
  const carol = lab.caller({ audio: { socket: false } });
  const count = shareOf(CALLS, rig);
  for (let turn = -WARM_UP; turn < count; turn += 1) {
    if (turn % 20 === 0) rig.say(`INVITE to push: call ${turn} of ${count}, FCM and APNs each`);
    for (const callee of callees) {
      const { mobile } = callee;
      const before = mobile.pushes.length;
      const call = await carol.call(callee);
      const push = await lab.push[mobile.platform === 'ios' ? 'apns' : 'fcm'].waitForPush(
        (one) => one.token === mobile.token && one.payload.type === 'incoming-call' && one.atMs > call.startedAtMs,
      );
      if (mobile.pushes.length <= before) throw new Error(`${mobile.name}: the push was lost`);
      await call.waitFor('early-media');
      await call.hangUp();
      const { callId = '' } = push.payload;
      if (turn < 0) continue;
      const row = pushRow(mobile.platform);
      rig.figures.add(row, push.atMs - call.startedAtMs);
      const at = await timesOf(callId, rig);
      addStep(rig.steps, `${row}: INVITE to the router's knowing`, call.startedAtMs, at('arrived'));
      addStep(rig.steps, `${row}: the router's knowing to its push`, at('arrived'), at('push-sent'));
      addStep(rig.steps, `${row}: its push to the service's having it`, at('push-sent'), push.atMs);
    }
  }
  await lab.nothingRemains();
}
