/**
 * What an administrator gets to know of each call afterwards: one line in the log, the list of calls, and the timeline that answers "why didn't my phone ring?".
 * None of it may show a token or a key, and the log no full number.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LabCall } from '../../../lab/caller.ts';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { refuse } from '../../../lab/push/answers.ts';

const NUMBER = '0698765432';
const globals = (seconds: number): string =>
  `XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = ${seconds}\nXIVO_MAPP_MSG_SOUND = beep`;
/** For mobiles that shall answer, and for those that shall never come. */
const [PATIENT, HASTY] = [globals(60), globals(1)];

describe.each([16, 22] as const)('what is told of calls on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: PATIENT });
  });
  afterEach(async () => {
    await lab.nothingRemains();
    await lab.asterisk.reloadGlobals(PATIENT);
  });
  afterAll(() => lab?.stop());

  const caller = () => lab.caller({ name: 'Carol', number: NUMBER });
  const lineOf = async (call: LabCall): Promise<string> => {
    const { callId } = await lab.story(call);
    const lines = lab.router.log.find(new RegExp(`INFO  call ${callId} `));
    expect(lines).toHaveLength(1);
    return lines[0]?.text ?? '';
  };

  it('answered: one line with outcome, reason and the time of each stage, and the whole timeline', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    const live = (await lab.api.calls(1))[0];
    expect(live).toMatchObject({ userId: alice.userId, ended: false, outcome: null, stagesMs: null });
    await call.hangUp();

    const story = await lab.story(call);
    expect(await lineOf(call)).toMatch(
      /answered: mobile callId=xm-\w+ userId=1001 outcome=answered reason=mobile totalMs=\d+ learningMs=\d+ waitingMs=\d+ ringingMs=\d+ talkingMs=\d+ endingMs=\d+$/,
    );
    expect(story).toMatchObject({ userId: alice.userId, ended: true, outcome: 'answered', reason: 'mobile' });
    expect(Object.keys(story.stagesMs ?? {})).toEqual(
      expect.arrayContaining(['learning', 'waiting', 'ringing', 'talking']),
    );
    const whats = story.timeline.map(({ what }) => what);
    const mustCome = [
      ...['arrived', 'planned', 'push-sent', 'mobile-registered', 'leg-dialled', 'leg-answered'],
      'stage:talking',
    ];
    expect(whats.filter((what) => mustCome.includes(what))).toEqual(mustCome);
    // Asterisk hangs up the one when the other has, and its events come in any order.
    expect(whats).toContainEqual(expect.stringMatching(/^calle[re]-hung-up$/));
    const times = story.timeline.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  });

  it('every other ending has its line and its reason as well', async () => {
    await lab.asterisk.reloadGlobals(HASTY);
    const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;
    const alice = await lab.user(sleeper);
    const dave = await lab.user(sleeper);
    const bob = await lab.user({ ringingDevice: 'WebApp' });

    const unanswered = await caller().call(alice);
    await fallsBack(lab, unanswered);
    expect(await lineOf(unanswered)).toMatch(/outcome=no-answer reason=wait-over totalMs=\d+ .*waitingMs=\d+/);

    const refused = await caller().call(bob);
    await bob.webApp.refuse(603);
    await fallsBack(lab, refused);
    expect(await lineOf(refused)).toMatch(/outcome=declined reason=declined/);

    await lab.asterisk.reloadGlobals(PATIENT);
    const given = await caller().call(dave);
    await dave.mobile.waitForPush();
    await given.hangUp();
    expect(await lineOf(given)).toMatch(/outcome=caller-left reason=while-waiting/);

    const told = await lab.api.calls(3);
    expect(told.map(({ outcome }) => outcome)).toEqual(['caller-left', 'declined', 'no-answer']);
    expect(told.every(({ ended, durationMs }) => ended && durationMs !== null)).toBe(true);
    expect(await lab.api.calls(1)).toEqual(told.slice(0, 1));
  });

  it('calls of a user who has no app are counted, and neither the log nor the history is full of them', async () => {
    const carol = await lab.user({ ringingDevice: 'WebApp', inRegistry: false, webApp: { isRegistered: false } });
    const [before, lines] = [await lab.api.calls(1), lab.router.log.lines.length];
    for (const times of [1, 2]) {
      const passed = await caller().call(carol);
      await passed.waitFor('ended');
      expect(await lab.ending(passed)).toMatchObject({ status: 'PASSED', reason: 'unknown-user' });
      const counted = `xivo_mapp_calls_total{outcome="passed"} ${times}`;
      await expect.poll(() => lab.api.metrics()).toContain(counted);
    }
    expect(await lab.api.calls(1)).toEqual(before);
    expect(lab.router.log.lines.slice(lines)).toEqual([]);
  });

  it('a call that nobody knows, and a limit that is none: said in words', async () => {
    expect(await lab.api.ask('GET', '/v1/calls/xm-nobody')).toMatchObject({
      status: 404,
      body: { type: 'urn:xivo-mapp:problem:unknown-call' },
    });
    for (const query of ['limit=0', 'limit=abc', 'limit=1001', 'page=2']) {
      expect(await lab.api.ask('GET', `/v1/calls?${query}`), query).toMatchObject({ status: 422 });
    }
  });

  it('the calls of an earlier life are still told after a restart', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    const story = await lab.story(call);
    await lab.nothingRemains();
    await lab.router.restart();
    expect(await lab.api.story(story.callId)).toEqual(story);
  });

  it('no token, key or full number in the log at info level, whatever goes wrong; no token and no key in a timeline', async () => {
    await lab.asterisk.reloadGlobals(HASTY);
    const alice = await lab.user({
      ringingDevice: 'MobileApp',
      mobiles: [
        { platform: 'android', wakesAfterMs: 'never' },
        { platform: 'ios', wakesAfterMs: 'never' },
      ],
    });
    const [android, ios] = alice.mobiles;
    const stories: unknown[] = [];
    for (const answer of [refuse(500, 'INTERNAL'), refuse(403, 'SENDER_ID_MISMATCH'), refuse(404, 'UNREGISTERED')]) {
      lab.push.fcm.answers.next(1, answer);
      lab.push.apns.answers.next(1, refuse(400, 'BadDeviceToken'));
      const call = await caller().call(alice);
      await fallsBack(lab, call);
      stories.push(await lab.story(call));
    }
    const { API_KEY, ARI_PASSWORD } = z
      .object({ API_KEY: z.string(), ARI_PASSWORD: z.string() })
      .parse(lab.router.environment);
    const tokens = [android?.token, ios?.token, ios?.alertToken].map((token) => token ?? '');
    const log = lab.router.log.tail(50_000);
    expect(log.split('\n').length).toBeGreaterThan(10);
    for (const secret of [API_KEY, ARI_PASSWORD, ...tokens]) {
      expect(secret.length).toBeGreaterThan(10);
      expect(log).not.toContain(secret);
      expect(JSON.stringify(stories)).not.toContain(secret);
    }
    expect(log).not.toContain(NUMBER);
  });
});
