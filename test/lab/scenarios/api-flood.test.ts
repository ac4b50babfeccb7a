/**
 * Strangers at the router's doors while people call: two hundred connections that ask as fast as they can without the key, and clients that reset their connections in every state. Calls go through,
 * whoever has the key and whoever watches over the router are answered, and it is the same process afterwards. Nothing here is about time, for the machine may be busy with anything.
 */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Callee } from '../../../lab/callee.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { keylessFlood } from '../../../lab/rigs/keyless-flood.ts';
import { agiReset, httpReset, type Reset, reset } from '../../fuzz/resets.ts';

const GLOBALS = 'XIVO_MAPP_MSG_SOUND = beep\nXIVO_MAPP_LOOPS_MOBILEAPP = 12';
const CALLS = 6;
const RESETS = 600;
const TOGETHER = 50;

describe.each([16, 22] as const)('strangers at the doors, Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const answer = async (callee: Callee): Promise<void> => {
    const call = await lab.caller().call(callee);
    await callee.mobile.answer();
    await call.talksWith(callee.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  };
  const sleepers = (): Promise<Callee[]> =>
    Promise.all(
      Array.from({ length: CALLS }, () => lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 300 } })),
    );

  it.each([
    { what: 'GET /v1/calls', path: '/v1/calls', patient: true, fewest: 600 },
    { what: 'GET /healthz', path: '/healthz', patient: true, fewest: 600 },
    { what: 'GET /v1/calls and a reset', path: '/v1/calls', patient: false, fewest: 2_000 },
  ])(
    '200 connections ask $what without the key: all calls are answered, and so are key and watch',
    async ({ path, patient, fewest }) => {
      const callees = await sleepers();
      await using flood = await keylessFlood(lab.router.url, { connections: 200, path, patient });
      await Promise.all([...callees.map(answer), flood.until(fewest)]);
      expect((await fetch(`${lab.router.url}/healthz`)).status).toBe(200);
      await lab.api.put(`/v1/users/${callees[0]?.userId}`, { ringingDevice: 'WebApp' });
      await flood.stop();
      expect(lab.router.log.find(/ ERROR /)).toEqual([]);
    },
  );

  it('a thousand resets in every state, at HTTP and at FastAGI: a call that waits is answered, by the same process', async () => {
    const { pid } = lab.router;
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush();
    const { API_KEY = '', HTTP_PORT, AGI_PORT } = lab.router.environment;
    const strike = async (port: number, resets: readonly Reset[]): Promise<void> => {
      for (let from = 0; from < resets.length; from += TOGETHER)
        await Promise.all(resets.slice(from, from + TOGETHER).map((one) => reset(port, one)));
    };
    await strike(Number(HTTP_PORT), fc.sample(httpReset(API_KEY), { seed: version, numRuns: RESETS }));
    await strike(Number(AGI_PORT), fc.sample(agiReset, { seed: version, numRuns: RESETS }));
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(lab.router.pid).toBe(pid);
    expect(lab.router.log.find(/ ERROR /)).toEqual([]);
  });
});
