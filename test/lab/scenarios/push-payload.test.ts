/** What the phones' systems are told, to the letter, on both platforms: of a call, and of its end; and that nothing of it is told to the wrong ears. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { hang, refuse } from '../../../lab/push/answers.ts';
import { bundleId } from '../../../lab/push/services.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 20';
const IN_EVERY_PUSH = ['callId', 'calleeUserId', 'callerName', 'callerNumber', 'expiresAt', 'sentAt', 'type'];
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

describe.each([16, 22] as const)('what a push says, with Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('EDGES 23: tells Android by a data message of high priority, which expires with the call; and its end likewise', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);
    const callId = await lab.callId(call);

    const push = await alice.mobile.waitForPush('incoming-call');
    const { sentAt = '', expiresAt = '' } = push.payload;
    expect(push.body).toEqual({
      message: {
        token: alice.mobile.token,
        data: {
          type: 'incoming-call',
          callId,
          callerName: 'Carol',
          callerNumber: '0612345678',
          calleeUserId: alice.userId,
          sentAt: expect.stringMatching(RFC3339),
          expiresAt: expect.stringMatching(RFC3339),
        },
        android: { priority: 'high', ttl: expect.stringMatching(/^\d+(\.\d+)?s$/) },
      },
    });
    // 20 s of waiting and 30 s of ringing, of which something has passed already.
    expect(Date.parse(expiresAt) - Date.parse(sentAt)).toBe(50_000);
    expect(ttlMs(push.body)).toBeGreaterThan(0);
    expect(ttlMs(push.body)).toBeLessThanOrEqual(50_000);

    await call.hangUp();
    const ended = await alice.mobile.waitForPush('call-ended');
    expect(Object.keys(ended.payload).sort()).toEqual([...IN_EVERY_PUSH, 'reason'].sort());
    expect(ended.payload).toMatchObject({ callId, reason: 'caller-left', calleeUserId: alice.userId });
    expect(ended.body).toMatchObject({ message: { token: alice.mobile.token, android: { priority: 'high' } } });
    await lab.story(call);
    expect(alice.mobile.requests).toHaveLength(2);
  });

  it('EDGES 23: tells an iPhone by a VoIP push that expires with the call; and its end never by VoIP, but to the other token', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform: 'ios', wakesAfterMs: 'never' } });
    const call = await lab.caller({ name: 'Zoé 📞', number: '0612345678' }).call(alice);
    const callId = await lab.callId(call);

    const push = await alice.mobile.waitForPush('incoming-call');
    expect(push.body).toEqual({
      aps: {},
      type: 'incoming-call',
      callId,
      callerName: 'Zoé 📞',
      callerNumber: '0612345678',
      calleeUserId: alice.userId,
      sentAt: expect.stringMatching(RFC3339),
      expiresAt: expect.stringMatching(RFC3339),
    });
    expect(push.token).toBe(alice.mobile.token);
    expect(push.headers).toMatchObject({
      'apns-topic': `${bundleId}.voip`,
      'apns-push-type': 'voip',
      'apns-priority': '10',
      'apns-expiration': String(Math.floor(Date.parse(push.payload.expiresAt ?? '') / 1000)),
    });

    await call.hangUp();
    const ended = await alice.mobile.waitForPush('call-ended');
    expect(ended.token).toBe(alice.mobile.alertToken);
    expect(Object.keys(ended.payload).sort()).toEqual([...IN_EVERY_PUSH, 'reason'].sort());
    expect(ended.payload).toMatchObject({ callId, reason: 'caller-left' });
    expect(ended.headers).toMatchObject({
      'apns-topic': bundleId,
      'apns-push-type': 'background',
      'apns-priority': '5',
      'apns-expiration': String(Math.floor(Date.parse(ended.payload.expiresAt ?? '') / 1000)),
    });
    await lab.story(call);
    expect(alice.mobile.requests.map((one) => [one.token, one.payload.type])).toEqual([
      [alice.mobile.token, 'incoming-call'],
      [alice.mobile.alertToken, 'call-ended'],
    ]);
  });

  it('tells an iPhone without an ordinary token nothing of the end, and says so in the timeline', async () => {
    const mobile = { platform: 'ios', alertToken: null, wakesAfterMs: 'never' } as const;
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush('incoming-call');
    await call.hangUp();

    const { timeline } = await lab.story(call);
    expect(timeline.find(({ what }) => what === 'push-withdrawn')?.facts).toMatchObject({ result: 'not-possible' });
    expect(alice.mobile.requests.map(({ payload }) => payload.type)).toEqual(['incoming-call']);
  });

  it.each(['android', 'ios'] as const)(
    'tells the one %s device on which the call was answered nothing more',
    async (platform) => {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform } });
      const call = await lab.caller().call(alice);
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      await call.hangUp();

      expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
      expect(alice.mobile.requests.map(({ payload }) => payload.type)).toEqual(['incoming-call']);
    },
  );

  it('pushes all devices of a user at once, though a service keeps silent about one; the others ring, and all but the answering one learn of it', async () => {
    const mobiles = [{ wakesAfterMs: 'never' }, { platform: 'ios' }, {}] as const;
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles });
    const [silent, iPhone, android] = alice.mobiles;
    if (silent === undefined || iPhone === undefined || android === undefined) throw new Error('there are three');
    lab.push.fcm.answers.forToken(silent.token, hang);
    const call = await lab.caller().call(alice);

    await lab.push.fcm.waitFor((push) => push.token === silent.token);
    await Promise.all([iPhone.waitFor('ringing'), android.waitFor('ringing')]);
    const callIds = alice.mobiles.map((mobile) => mobile.requests[0]?.payload.callId);
    expect(new Set(callIds)).toEqual(new Set([await lab.callId(call)]));
    lab.push.fcm.answers.reset();

    await iPhone.answer();
    await android.waitFor('cancelled');
    expect(android.wasToldElsewhere).toBe(true);
    const told = await Promise.all([silent, android].map((mobile) => mobile.waitForPush('call-ended')));
    expect(told.map(({ payload }) => payload.reason)).toEqual(['answered', 'answered']);
    await call.talksWith(iPhone);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('has written no token, no number and no key into its log', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles: [{}, { platform: 'ios' }] });
    const [android, iPhone] = alice.mobiles;
    lab.push.apns.answers.next(1, refuse(400, 'BadDeviceToken'));
    const call = await lab.caller({ name: '0698765432', number: '0698765432' }).call(alice);
    await android?.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    await lab.story(call);

    const text = lab.router.log.lines.map((line) => line.text).join('\n');
    expect(text).toContain('answered: mobile');
    const pushed = [...lab.push.fcm.requests, ...lab.push.apns.requests];
    const secrets = [
      ...pushed.map(({ token }) => token),
      ...pushed.flatMap(({ headers }) => (headers.authorization ?? '').split(' ')[1] ?? []),
      ...[android, iPhone].flatMap((mobile) => [mobile?.token ?? [], mobile?.alertToken ?? []].flat()),
      lab.router.environment.API_KEY ?? '',
      lab.router.environment.ARI_PASSWORD ?? '',
      '0698765432',
      '0612345678',
    ];
    expect(secrets.every((secret) => secret.length >= 10)).toBe(true);
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });
});

function ttlMs(body: unknown): number {
  return Number(/"ttl":"([\d.]+)s"/.exec(JSON.stringify(body))?.[1]) * 1000;
}
