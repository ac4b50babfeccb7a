/** Tokens that are dead, are not, or belong to somebody else by now: a dead one is never waited for, a live one is never lost, and none wakes the wrong person's phone. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { onlyTries } from '../../../lab/phone/invite-policies.ts';
import { refuse, type ServiceAnswer } from '../../../lab/push/answers.ts';
import { otherBundleId } from '../../../lab/push/services.ts';
import { facts } from '../../../lab/timeline.ts';

const GLOBALS = `
XIVO_MAPP_LOOPS_INTERVAL = 1
XIVO_MAPP_LOOPS_MOBILEAPP = 60
XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 60
XIVO_MAPP_PLAY_MSG = False
`;
const SHORT = `${GLOBALS}\nXIVO_MAPP_LOOPS_MOBILEAPP = 1`;

const OUR_FAULTS: readonly (readonly [word: string, platform: 'android' | 'ios', answer: ServiceAnswer])[] = [
  ['BadDeviceToken', 'ios', refuse(400, 'BadDeviceToken')],
  ['DeviceTokenNotForTopic', 'ios', refuse(400, 'DeviceTokenNotForTopic')],
  ['SENDER_ID_MISMATCH', 'android', refuse(403, 'SENDER_ID_MISMATCH')],
];

const devicesSchema = z.object({
  devices: z.array(
    z.object({
      deviceId: z.string(),
      alive: z.boolean(),
      dead: z.object({ since: z.iso.datetime(), reason: z.string() }).nullable(),
    }),
  ),
});

describe.each([16, 22] as const)('push tokens, with Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS });
  });
  afterEach(async () => {
    await lab.nothingRemains();
    await lab.asterisk.reloadGlobals(GLOBALS);
  });
  afterAll(() => lab?.stop());

  async function devicesOf(callee: Callee) {
    const { body } = await lab.api.ask('GET', `/v1/users/${callee.userId}/devices`);
    return devicesSchema.parse(body).devices;
  }

  async function everyTokenDead(callee: Callee): Promise<void> {
    await awaitThat(
      async () => ((await devicesOf(callee)).every(({ alive }) => !alive) ? true : undefined),
      SOON_MS,
      async () => `alive: ${JSON.stringify(await devicesOf(callee))}`,
    );
  }

  async function answersAndTalks(callee: Callee, call: LabCall): Promise<void> {
    await callee.mobile.answer();
    await call.talksWith(callee.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    await lab.story(call);
  }

  it('EDGES 19: every token is dead and nothing is registered: the call falls back at once, and the tokens are marked', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles: [{}, { platform: 'ios' }] });
    const [android, iPhone] = alice.mobiles;
    lab.push.fcm.answers.toAll(refuse(404, 'UNREGISTERED'));
    lab.push.apns.answers.toAll(refuse(410, 'Unregistered'));
    const call = await lab.caller().call(alice);
    expect(await fallsBack(lab, call)).toMatchObject({ status: 'UNREACHABLE', reason: 'every-token-dead' });
    await lab.story(call);
    expect(await devicesOf(alice)).toEqual([
      { deviceId: android?.deviceId, alive: false, dead: { since: expect.any(String), reason: 'UNREGISTERED' } },
      { deviceId: iPhone?.deviceId, alive: false, dead: { since: expect.any(String), reason: 'Unregistered' } },
    ]);

    const again = await lab.caller().call(alice);
    expect(await fallsBack(lab, again)).toMatchObject({ status: 'UNREACHABLE', reason: 'no-device' });
    await lab.story(again);
    // Two that were refused; nothing of the end, for there is no one to tell, and nothing for the second call.
    expect(alice.mobiles.flatMap(({ requests }) => requests)).toHaveLength(2);
  });

  it('EDGES 19: every token is dead, but a registration stands: its phone gets the time to ring', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake', does: onlyTries() } });
    lab.push.fcm.answers.forToken(alice.mobile.token, refuse(404, 'UNREGISTERED'));
    const call = await lab.caller().call(alice);
    const invited = await alice.mobile.invited();
    await everyTokenDead(alice);
    invited.ring();
    await answersAndTalks(alice, call);
  });

  it('EDGES 19: every token is dead, and a sleeper is registered: the UC Assistant rings at once', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { is: 'asleep' } });
    lab.push.fcm.answers.forToken(alice.mobile.token, refuse(404, 'UNREGISTERED'));
    const call = await lab.caller().call(alice);
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await call.hangUp();
    expect(facts(await lab.story(call), 'wait-over')).toEqual([]);
  });

  it('EDGES 19: one token of two is dead: the other mobile is waited for', async () => {
    const mobiles = [{ platform: 'ios', wakesAfterMs: 'never' }, {}] as const;
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles });
    lab.push.fcm.answers.toAll(refuse(404, 'UNREGISTERED'));
    const call = await lab.caller().call(alice);
    await awaitThat(
      async () => ((await devicesOf(alice)).some(({ alive }) => !alive) ? true : undefined),
      SOON_MS,
      async () => 'no token is marked dead',
    );
    await alice.mobile.wake();
    await answersAndTalks(alice, call);
    expect((await devicesOf(alice)).map(({ alive }) => alive)).toEqual([true, false]);
  });

  it('EDGES 20: a death that is older than the registration of the token leaves it alive', async () => {
    await lab.asterisk.reloadGlobals(SHORT);
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform: 'ios' } });
    const sinceMs = Date.now() - 3_600_000;
    lab.push.apns.answers.forToken(alice.mobile.token, refuse(410, 'Unregistered', { sinceMs }), 1);
    const call = await lab.caller().call(alice);
    await fallsBack(lab, call);
    expect(facts(await lab.story(call), 'push-result')).toMatchObject([{ result: 'dead-token' }]);
    expect(await devicesOf(alice)).toMatchObject([{ alive: true, dead: null }]);
    await lab.asterisk.reloadGlobals(GLOBALS);
    await answersAndTalks(alice, await lab.caller().call(alice));
  });

  it.each(version === 22 ? OUR_FAULTS : OUR_FAULTS.slice(0, 1))(
    'EDGES 21: %s (%s) is our own fault: the token stays, and the operator is told once',
    async (word, platform, answer) => {
      await lab.asterisk.reloadGlobals(SHORT);
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform } });
      const service = platform === 'ios' ? lab.push.apns : lab.push.fcm;
      service.answers.forToken(alice.mobile.token, answer, 2);
      for (const call of [await lab.caller().call(alice), await lab.caller().call(alice)]) {
        expect(await fallsBack(lab, call)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over' });
        expect(facts(await lab.story(call), 'push-result')).toMatchObject([{ result: 'our-fault' }]);
      }
      expect(await devicesOf(alice)).toMatchObject([{ alive: true }]);
      const lines = lab.router.log.find(word);
      expect(lines.map(({ text }) => text)).toEqual([expect.stringContaining(' ERROR ')]);
      expect(lines[0]?.text).not.toContain(alice.mobile.token);
      // Once the set-up is cured, the same token wakes the mobile.
      await lab.asterisk.reloadGlobals(GLOBALS);
      await answersAndTalks(alice, await lab.caller().call(alice));
    },
  );

  it('EDGES 22: a token that another account registers moves there; calls for the former user no longer wake that phone', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const bob = await lab.user({ ringingDevice: 'MobileApp', mobile: { token: alice.mobile.token } });
    expect(await devicesOf(alice)).toEqual([]);
    expect(await devicesOf(bob)).toMatchObject([{ deviceId: bob.mobile.deviceId, alive: true }]);

    const toAlice = await lab.caller().call(alice);
    expect(await fallsBack(lab, toAlice)).toMatchObject({ status: 'UNREACHABLE', reason: 'no-device' });
    await lab.story(toAlice);
    expect(bob.mobile.requests).toEqual([]);
    await answersAndTalks(bob, await lab.caller().call(bob));
    expect(bob.mobile.requests.map(({ payload }) => payload.calleeUserId)).toEqual([bob.userId]);
  });

  it('pushes to the app that the device names, by the topic of that app', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform: 'ios', wakesAfterMs: 'never' } });
    const { deviceId, token, alertToken, platform } = alice.mobile;
    const device = { platform, token, alertToken, appId: otherBundleId };
    await lab.api.put(`/v1/users/${alice.userId}/devices/${deviceId}`, device);
    const call = await lab.caller().call(alice);
    const push = await alice.mobile.waitForPush('incoming-call');
    await call.hangUp();
    const ended = await alice.mobile.waitForPush('call-ended');
    expect([push, ended].map(({ headers }) => headers['apns-topic'])).toEqual([`${otherBundleId}.voip`, otherBundleId]);
  });
});
