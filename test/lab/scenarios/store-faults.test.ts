/**
 * The database locked, full, gone, or garbage, under a router with calls: they go on by what is known, the log says once what is broken and once that it works
 * again, and no restart is needed. The database knows nothing of Asterisk: one version is enough.
 */
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import type { Callee } from '../../../lab/callee.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import { refuse } from '../../../lab/push/answers.ts';
import { healthOf, SickStore } from '../../../lab/rigs/sick-store.ts';
import { facts } from '../../../lab/timeline.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 10\nXIVO_MAPP_PLAY_MSG = False';

const FAULTS = [
  {
    fault: 'locked by another program',
    sicken: (store: SickStore) => store.lock(),
    why: /is locked by another program/,
  },
  {
    fault: 'on a full disk',
    sicken: (store: SickStore) => store.fill(),
    why: /cannot be read or written: look at the disk/,
  },
  { fault: 'gone', sicken: (store: SickStore) => store.takeAway(), why: /is gone: put it back/ },
  { fault: 'garbage', sicken: (store: SickStore) => store.garble(), why: /is no SQLite database|is damaged/ },
] as const;

describe('a database out of order', () => {
  let lab: Lab;
  let store: SickStore;
  let sinceMs: number;
  beforeAll(async () => {
    lab = await startLab({ version: 22, globals: GLOBALS });
    store = new SickStore(lab);
  });
  afterEach(async () => {
    await store.heal();
    await lab.nothingRemains();
  });
  afterAll(() => lab?.stop());

  /** What the log has said since the test began, at these levels. */
  const told = (level: string) =>
    lab.router.log
      .find(new RegExp(` ${level} `))
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ text }) => text);

  async function callsAndTalks(callee: Callee): Promise<string> {
    const call = await lab.caller().call(callee);
    await callee.mobile.answer();
    await call.talksWith(callee.mobile);
    const callId = await lab.callId(call);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    return callId;
  }

  it.each(FAULTS)(
    '$fault: mobiles are pushed all the same, changes are refused, and it is used again afterwards',
    async (given) => {
      const [alice, bob] = [
        await lab.user({ ringingDevice: 'MobileApp' }),
        await lab.user({ ringingDevice: 'MobileApp' }),
      ];
      sinceMs = nowMs();
      given.sicken(store);
      expect(await store.noticed()).toEqual([503, '2']);
      // Nobody has called Bob before.
      const callIds = await Promise.all([callsAndTalks(alice), callsAndTalks(bob)]);

      const { status, parts } = await healthOf(lab);
      expect([status, parts.ari.ok, parts.store]).toEqual([
        200,
        true,
        { ok: false, why: expect.stringMatching(given.why) },
      ]);
      // "Why didn't my phone ring?" can still be asked.
      expect((await lab.api.calls()).map(({ callId }) => callId)).toEqual(expect.arrayContaining(callIds));
      expect(told('(ERROR|WARN )')).toEqual([expect.stringMatching(given.why)]);

      await store.heal();
      expect(told('(ERROR|WARN |INFO )').filter((line) => /database/.test(line))).toEqual([
        expect.stringMatching(/until it works, calls go by what is known, and changes are refused/),
        expect.stringMatching(/works again/),
      ]);
      await lab.api.put(`/v1/users/${alice.userId}`, { ringingDevice: 'WebApp', webAppEndpoint: 'PJSIP/none' });
      // The history has been kept for it.
      const written = () => {
        using other = new DatabaseSync(store.file, { readOnly: true });
        return other
          .prepare('SELECT call_id FROM calls')
          .all()
          .map((row) => row.call_id);
      };
      await awaitThat(
        async () => (callIds.every((callId) => written().includes(callId)) ? true : undefined),
        SOON_MS,
        async () => `written: ${written().join()}, but not all of ${callIds.join()}`,
      );
    },
  );

  it('EDGES 19: garbage: a token that turns out dead meanwhile is pushed no more', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    sinceMs = nowMs();
    store.garble();
    await store.noticed();
    lab.push.fcm.answers.forToken(alice.mobile.token, refuse(404, 'UNREGISTERED'));
    for (const reason of ['every-token-dead', 'no-device']) {
      const call = await lab.caller().call(alice);
      await call.waitFor('answered');
      await call.hangUp();
      expect(await lab.ending(call)).toMatchObject({ status: 'UNREACHABLE', reason });
    }
    expect(alice.mobile.requests).toHaveLength(1);
  });

  it('garbage when the router starts: it starts, calls go by the channel, and devices are there again with the database', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const named = await lab.user({
      ringingDevice: 'MobileApp',
      mobile: { is: 'awake' },
      inRegistry: false,
      variables: { XIVO_MAPP_DEVICE: 'MobileApp', XIVO_MAPP_MOBILE_ENDPOINT: 'PJSIP/mobile-2' },
    });
    await lab.router.terminate();
    sinceMs = nowMs();
    store.garble();
    await lab.router.start();
    await callsAndTalks(named);
    expect((await healthOf(lab)).parts.store).toEqual({
      ok: false,
      why: expect.stringMatching(/is no SQLite database/),
    });
    expect(told('ERROR')).toEqual([
      expect.stringMatching(/is no SQLite database.*until it works, calls go by what is known/),
    ]);

    await store.heal();
    const callId = await callsAndTalks(alice);
    expect(facts(await lab.story(callId), 'push-sent')).toHaveLength(1);
  });
});
