/** Whatever a service answers, every attempt comes to its end and its place is free again: no answer, and no number of them, keeps a later push from going through. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept, refuse } from '../../lab/push/answers.ts';
import { android, type Bench, iphone, never, notice, openBench, patient } from './bench.ts';
import { eventually } from './eventually.ts';
import { garbledOfApns, garbledOfFcm } from './garbled.ts';

/** Of each service. */
const places = 100;

const endless = /^no(thing| end)|(answers|settings|promises) without end$/;

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

describe.each([
  ['fcm', android, garbledOfFcm],
  ['apns', iphone, garbledOfApns],
] as const)('%s', patient, (platform, newDevice, garbled) => {
  it.concurrent.each(Object.keys(garbled))(
    'that answers with %s once: the push is tried again, and delivered',
    async (name) => {
      const device = newDevice();
      const { answers } = bench.services[platform];
      answers.forToken(device.token, garbled[name] ?? accept, 1);
      const result = await bench.another().wake(device, notice(40_000), never());
      // Where no answer ends, Apple may have taken it all the same.
      if (platform === 'apns' && endless.test(name)) expect(result).toMatchObject({ kind: 'failed' });
      // APNs has said 200 and nothing against it: there is nothing to try again.
      else expect(result).toEqual({ kind: 'delivered' });
    },
  );

  it.each(Object.keys(garbled))(
    'that answers with %s for as many pushes as there are places serves the next',
    async (name) => {
      const push = bench.another();
      const { answers, requests } = bench.services[platform];
      const some = Array.from({ length: places }, () => newDevice());
      for (const { token } of some) answers.forToken(token, garbled[name] ?? accept);
      const given = new AbortController();
      const results = some.map((device) => push.wake(device, notice(60_000), given.signal));
      const isThere = (token: string) => requests.some((request) => request.token === token);
      await eventually(() => some.every(({ token }) => isThere(token))).toBe(true);
      given.abort();
      for (const { kind } of await Promise.all(results)) expect(kind).not.toBe('dead-token');
      expect(await push.wake(newDevice(), notice(20_000), never())).toEqual({ kind: 'delivered' });
      await push.close();
    },
  );

  it('that answers anything in any order serves the next', { timeout: 300_000 }, async () => {
    const any = fc.constantFrom(...Object.values(garbled), accept, refuse(503, 'UNAVAILABLE'));
    const drawn = fc.array(fc.tuple(any, fc.constantFrom('wake', 'tellEnded')), {
      minLength: 1,
      maxLength: 3 * places,
    });
    const property = fc.asyncProperty(drawn, async (orders) => {
      const push = bench.another();
      const { answers } = bench.services[platform];
      const pushes = orders.map(([answer, what]) => {
        const device = newDevice();
        answers.forToken(device.token, answer);
        answers.forToken(device.alertToken ?? '', answer);
        return push[what](device, notice(400), never());
      });
      await Promise.all(pushes);
      expect(await push.wake(newDevice(), notice(20_000), never())).toEqual({ kind: 'delivered' });
      expect(await push.tellEnded(newDevice(), notice(20_000), never())).toEqual({ kind: 'delivered' });
      await push.close();
    });
    await fc.assert(property, { numRuns: 8, seed: 20_240_501, endOnFailure: true });
  });
});

describe('the access token', patient, () => {
  // A redirection is followed; what it leads to is the answer.
  const names = Object.keys(garbledOfFcm).filter((name) => name !== 'a redirection to itself');
  it.each(names)('that comes with %s once is asked for again, and the push delivered', async (name) => {
    const push = bench.another();
    bench.services.fcm.tokenAnswers.next(1, garbledOfFcm[name] ?? accept);
    expect(await push.wake(android(), notice(30_000), never())).toEqual({ kind: 'delivered' });
    await push.close();
  });
});
