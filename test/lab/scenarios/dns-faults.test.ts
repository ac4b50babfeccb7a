/**
 * A name server that refuses or keeps silent: whoever is called is rung by what registers, pushes go to the address that a service had, the log names the
 * host and the cure once, and the router can still be stopped. Nothing of it depends on Asterisk's version.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import { noted } from '../../../lab/rigs/death.ts';
import { Names } from '../../../lab/rigs/names.ts';
import { healthOf } from '../../../lab/rigs/sick-store.ts';
import { facts } from '../../../lab/timeline.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 10\nXIVO_MAPP_PLAY_MSG = True';
const BOTH = [{ platform: 'android' }, { platform: 'ios' }] as const;

describe('a name server out of order', () => {
  let lab: Lab;
  let names: Names;
  let sinceMs: number;
  beforeAll(async () => {
    names = new Names();
    lab = await startLab({ version: 22, globals: GLOBALS, environment: names.environment, startRouter: false });
  });
  afterEach(async () => {
    names.answer();
    await lab.nothingRemains();
    expect(await lab.router.terminate()).toBe(0);
  });
  afterAll(async () => {
    await lab?.stop();
    names.remove();
  });

  const start = async () => {
    sinceMs = nowMs();
    await lab.router.start();
  };
  /** What the log has said of names and pushes since the router's start. */
  const told = (what: RegExp) =>
    lab.router.log
      .find(what)
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ text }) => text);

  const bothFail = () =>
    Promise.all(
      ['FCM', 'APNs'].map((one) => lab.router.log.waitFor(`ERROR pushes through ${one} fail`, 10_000, sinceMs)),
    );

  async function isAnswered(callee: Callee, call: LabCall): Promise<void> {
    await callee.mobile.answer();
    await call.waitFor('answered');
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  }

  /** The caller is kept company, and the mobile that wakes by itself rings. */
  async function ringsWithoutPush(callee: Callee): Promise<void> {
    const call = await lab.caller().call(callee);
    await call.hears('sound');
    await callee.mobile.wake();
    await isAnswered(callee, call);
    expect(callee.mobile.pushes).toEqual([]);
  }

  it.each([
    { how: 'refuses', spoil: () => names.refuse(), code: 'ENOTFOUND' },
    { how: 'keeps silent', spoil: () => names.keepSilent(), code: 'EAI_SILENT' },
  ])(
    'EDGES 18: it $how from the start: calls go on, and the log says so once, and once that pushes work',
    async (given) => {
      given.spoil();
      await start();
      const [alice, bob] = [
        await lab.user({ ringingDevice: 'MobileApp', mobiles: BOTH }),
        await lab.user({ ringingDevice: 'MobileApp', mobiles: BOTH }),
      ];
      await Promise.all([ringsWithoutPush(alice), ringsWithoutPush(bob)]);
      await bothFail();
      const { status, parts } = await healthOf(lab);
      const why = expect.stringContaining(
        `the name localhost does not resolve (${given.code}): look at the name server`,
      );
      expect([status, parts.fcm, parts.apns]).toEqual([200, { ok: false, why }, { ok: false, why }]);
      expect(told(/ ERROR /)).toHaveLength(2);
      for (const [service, setting] of [
        ['FCM', 'FCM_URL'],
        ['APNs', 'APNS_URL'],
      ] as const) {
        expect(
          told(new RegExp(`ERROR pushes through ${service} fail; .*the name localhost does not .* or at ${setting}`)),
        ).toHaveLength(1);
      }

      names.answer();
      const carol = await lab.user({ ringingDevice: 'MobileApp', mobiles: BOTH });
      await isAnswered(carol, await lab.caller().call(carol));
      await Promise.all(
        ['FCM', 'APNs'].map((service) =>
          lab.router.log.waitFor(`pushes through ${service} work again`, 10_000, sinceMs),
        ),
      );
      expect(told(/ ERROR /)).toHaveLength(2);
      expect(told(/work again/)).toHaveLength(2);
    },
  );

  it('EDGES 18: it keeps silent: one look-up hangs, however many calls and services there are, and the router stops all the same', async () => {
    names.keepSilent();
    await start();
    const callees: Callee[] = [];
    while (callees.length < 6) callees.push(await lab.user({ ringingDevice: 'MobileApp', mobiles: BOTH }));
    const calls = await Promise.all(callees.map((callee) => lab.caller({ audio: { socket: false } }).call(callee)));
    await bothFail();
    expect(names.hanging).toBe(1);
    // Node itself would wait for the look-up.
    expect(await lab.router.terminate()).toBe('SIGTERM');
    names.answer();
    await start();
    await Promise.all(calls.map((call) => call.hangUp()));
  });

  it.each([
    { how: 'refuses', spoil: () => names.refuse() },
    { how: 'keeps silent', spoil: () => names.keepSilent() },
  ])('EDGES 18: it $how after it has answered: pushes go to the address of before', async ({ spoil }) => {
    const issued = lab.push.fcm.tokensIssued;
    await start();
    const callee = () => lab.user({ ringingDevice: 'MobileApp', mobiles: BOTH });
    const [first, alice, bob, carol] = [await callee(), await callee(), await callee(), await callee()];
    // Until then it has not been asked: the router asks when those are seen to who wait for it.
    for (const { connections } of [lab.push.fcm, lab.push.apns])
      await expect.poll(() => connections.now, { timeout: SOON_MS }).toBeGreaterThan(0);
    await expect.poll(() => lab.push.fcm.tokensIssued, { timeout: SOON_MS }).toBeGreaterThan(issued);
    // Whoever pushes has the token that was issued.
    const pushed = await lab.caller().call(first);
    await noted(lab, await lab.callId(pushed), 'push-result', 2);
    await isAnswered(first, pushed);
    spoil();
    for (const called of [alice, bob]) {
      // Only a new connection needs the name.
      for (const { connections } of [lab.push.fcm, lab.push.apns]) connections.drop();
      const call = await lab.caller().call(called);
      await noted(lab, await lab.callId(call), 'push-result', 2);
      await isAnswered(called, call);
      expect(facts(await lab.story(call), 'push-result')).toEqual([
        expect.objectContaining({ result: 'delivered' }),
        expect.objectContaining({ result: 'delivered' }),
      ]);
    }
    expect(told(/ (ERROR|WARN ) /)).toEqual([
      expect.stringMatching(
        /the name localhost does not resolve any more; pushes go to the address that it had: look at the name server/,
      ),
    ]);
    names.answer();
    for (const { connections } of [lab.push.fcm, lab.push.apns]) connections.drop();
    await isAnswered(carol, await lab.caller().call(carol));
    await lab.router.log.waitFor('the name localhost resolves again', 10_000, sinceMs);
  });
});
