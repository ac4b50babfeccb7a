/** Push services that are slow, silent or out of order: the caller never waits for them, and no push is given up before its time. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import type { Mobile } from '../../../lab/mobile.ts';
import { drop, garbage, hang, refuse, type ServiceAnswer, stall, tear } from '../../../lab/push/answers.ts';
import { facts } from '../../../lab/timeline.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 60\nXIVO_MAPP_PLAY_MSG = False';
const SHORT = `${GLOBALS}\nXIVO_MAPP_LOOPS_MOBILEAPP = 5`;
const DOZEN = 12;

type Fault = readonly [what: string, platform: 'android' | 'ios', answer: ServiceAnswer];

const FAULTS: readonly Fault[] = [
  ['answers 503', 'android', refuse(503, 'UNAVAILABLE')],
  ['answers 503', 'ios', refuse(503, 'ServiceUnavailable')],
  ['answers 500', 'android', refuse(500, 'INTERNAL')],
  ['answers 500', 'ios', refuse(500, 'InternalServerError')],
  ['answers 429 and says when', 'android', refuse(429, 'QUOTA_EXCEEDED', { retryAfter: '1' })],
  ['answers 429 and says when', 'ios', refuse(429, 'TooManyRequests', { retryAfter: '1' })],
  ['drops the connection', 'android', drop],
  ['drops the connection', 'ios', drop],
  ['keeps silent', 'android', hang],
  ['breaks off its answer', 'android', tear],
  ['never ends its answer', 'android', stall],
  ['answers what makes no sense', 'android', garbage()],
];

describe.each([16, 22] as const)('push services out of order, with Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS, seats: 2 * DOZEN });
  });
  afterEach(async () => {
    await lab.nothingRemains();
    await lab.asterisk.reloadGlobals(GLOBALS);
  });
  afterAll(() => lab?.stop());

  const serviceOf = ({ platform }: Mobile) => (platform === 'ios' ? lab.push.apns : lab.push.fcm);

  async function wakesAndTalks(callee: Callee, call: LabCall): Promise<void> {
    await callee.mobile.answer();
    await call.talksWith(callee.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    await lab.story(call);
  }

  // The services know nothing of Asterisk: with one version all their faults, with the other the first two.
  it.each(version === 22 ? FAULTS : FAULTS.slice(0, 2))(
    'EDGES 18: the service %s (%s): the push is tried again, and wakes the mobile',
    async (_, platform, answer) => {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform } });
      serviceOf(alice.mobile).answers.forToken(alice.mobile.token, answer, 1);
      await wakesAndTalks(alice, await lab.caller().call(alice));

      const [first, second] = alice.mobile.requests;
      expect(second?.outcome).toBe('accepted');
      // EDGES 23: the same push, by which the app knows it for the same.
      expect(second?.payload).toEqual(first?.payload);
      if (platform === 'ios') expect(second?.headers['apns-id']).toBe(first?.headers['apns-id']);
    },
  );

  it('EDGES 18: the service keeps silent (ios): it is not asked twice, for iOS would show two calls, and an iPhone that wakes rings', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform: 'ios' } });
    lab.push.apns.answers.forToken(alice.mobile.token, hang);
    const call = await lab.caller().call(alice);
    await lab.push.apns.waitFor(({ token }) => token === alice.mobile.token);
    // Longer than an answer may take.
    await delay(17_000);
    expect(alice.mobile.requests).toHaveLength(1);
    await alice.mobile.wake();
    await wakesAndTalks(alice, call);
  });

  it('EDGES 18: an access token that has expired is renewed, and the push goes out', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const issued = lab.push.fcm.tokensIssued;
    lab.push.fcm.expireTokens();
    await wakesAndTalks(alice, await lab.caller().call(alice));
    expect(lab.push.fcm.tokensIssued).toBe(issued + 1);
  });

  it.each(['android', 'ios'] as const)(
    'EDGES 18: nothing comes from the service (%s): the caller is kept company all the same, and falls back in time',
    async (platform) => {
      await lab.asterisk.reloadGlobals(`${SHORT}\nXIVO_MAPP_PLAY_MSG = True`);
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform } });
      serviceOf(alice.mobile).answers.forToken(alice.mobile.token, hang, 1);
      const call = await lab.caller().call(alice);
      await call.hears('sound');
      expect(await fallsBack(lab, call)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over' });
      // The push may have arrived though nobody said so: then the app must learn of the end.
      await alice.mobile.waitForPush('call-ended');
      expect(facts(await lab.story(call), 'push-result')).toMatchObject([{ result: 'failed' }]);
    },
  );

  it('EDGES 18: a mobile that wakes by itself rings, though its push service keeps silent', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    lab.push.fcm.answers.toAll(hang);
    const call = await lab.caller().call(alice);
    await lab.push.fcm.waitFor(({ token }) => token === alice.mobile.token);
    await alice.mobile.wake();
    await wakesAndTalks(alice, call);
  });

  it.each(['android', 'ios'] as const)('EDGES 18: the tries end with the call (%s)', async (platform) => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform } });
    const { mobile } = alice;
    const { answers } = serviceOf(mobile);
    answers.forToken(mobile.token, refuse(503, platform === 'ios' ? 'ServiceUnavailable' : 'UNAVAILABLE'));
    const call = await lab.caller().call(alice);
    await serviceOf(mobile).waitFor(({ token }) => token === mobile.token && mobile.requests.length > 1);

    await call.hangUp();
    const callId = await lab.callId(call);
    const results = await awaitThat(
      async () => {
        const told = facts(await lab.story(callId), 'push-result');
        return told.length > 0 ? told : undefined;
      },
      SOON_MS,
      async () => 'the push goes on after the call',
    );
    expect(results).toMatchObject([{ result: 'failed' }]);
    answers.reset();
    await mobile.waitForPush('call-ended');
    expect(mobile.pushes.map(({ payload }) => payload.type)).toEqual(['call-ended']);
  });

  it('EDGES 18: a Retry-After beyond the call is not waited for', async () => {
    await lab.asterisk.reloadGlobals(SHORT);
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    lab.push.fcm.answers.forToken(alice.mobile.token, refuse(429, 'QUOTA_EXCEEDED', { retryAfter: '600' }), 1);
    const call = await lab.caller().call(alice);
    await lab.push.fcm.waitFor(({ token }) => token === alice.mobile.token);
    expect(await fallsBack(lab, call)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over' });
    const story = await lab.story(call);
    const order = story.timeline.map(({ what }) => what).filter((what) => ['push-result', 'wait-over'].includes(what));
    expect(order).toEqual(['push-result', 'wait-over']);
    expect(alice.mobile.requests.filter(({ payload }) => payload.type === 'incoming-call')).toHaveLength(1);
  });

  it(`EDGES 27: ${2 * DOZEN} calls in an instant: one connection to APNs, few to FCM, and every mobile rings`, async () => {
    const { apns, fcm } = lab.push;
    const callees: Callee[] = [];
    while (callees.length < 2 * DOZEN) {
      const platform = callees.length % 2 === 0 ? 'ios' : 'android';
      callees.push(await lab.user({ ringingDevice: 'MobileApp', mobile: { platform } }));
    }
    const before = apns.connections.ever;
    const callers = callees.map(() => lab.caller({ audio: { socket: false } }));
    const calls = await Promise.all(callers.map((caller, index) => caller.call(callees[index]?.number ?? '')));
    await Promise.all(callees.map(({ mobile }) => mobile.waitFor('ringing')));

    const pushes = callees.flatMap(({ mobile }) => mobile.requests);
    expect(pushes.map(({ outcome }) => outcome)).toEqual(callees.map(() => 'accepted'));
    const connections = (service: 'apns' | 'fcm') =>
      new Set(pushes.filter((push) => push.service === service).map(({ connection }) => connection)).size;
    expect(connections('apns')).toBe(1);
    expect(apns.connections.ever).toBe(before);
    expect([connections('fcm'), fcm.connections.now]).toEqual([1, 1]);
    await Promise.all(calls.map((call) => call.hangUp()));
  });

  it('has written no token and no number into its log, whatever failed', () => {
    const text = lab.router.log.lines.map((line) => line.text).join('\n');
    const tokens = [...lab.push.fcm.requests, ...lab.push.apns.requests].map(({ token }) => token);
    expect(tokens.filter((token) => token.length >= 10)).toEqual(tokens);
    expect([...tokens, '0612345678'].filter((secret) => text.includes(secret))).toEqual([]);
  });
});
