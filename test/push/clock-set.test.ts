/** A machine whose clock is wrong when the router starts, and is set right later: what it has signed is refused meanwhile, and pushes go out again with the next one (EDGES 54). */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { type PushServices, startPushServices } from '../../lab/push/services.ts';
import { createPush } from '../../src/push/create-push.ts';
import { systemClock } from '../../src/system/clock.ts';
import { android, iphone, never, notice, patient, settingsFor } from './bench.ts';

/** How far this machine's clock is ahead, in ms. */
let ours = 0;
const RightDate = Date;
class OurDate extends RightDate {
  constructor(...given: readonly [] | readonly [string | number | Date]) {
    super(given[0] ?? OurDate.now());
  }
  static override now(): number {
    return RightDate.now() + ours;
  }
}
beforeEach(() => vi.stubGlobal('Date', OurDate));
afterEach(() => vi.unstubAllGlobals());

/** Sets this machine's clock. The services have clocks of their own, which are right. */
function setClock(aheadMs: number, services: PushServices): void {
  ours = aheadMs;
  services.fcm.clockAheadMs = -aheadMs;
  services.apns.clockAheadMs = -aheadMs;
}

it.each([
  ['an hour ahead', 3_600_000, /InvalidProviderToken/],
  ['ten minutes ahead', 600_000, /InvalidProviderToken/],
  ['two hours behind', -7_200_000, /ExpiredProviderToken/],
])(
  '%s: refused until the clock is set right, and delivered from the next push on',
  patient,
  async (_, aheadMs, apns) => {
    const services = await startPushServices();
    const log = fakeLog();
    setClock(aheadMs, services);
    const push = createPush({ ...settingsFor(services), clock: systemClock, log });
    await push.warmUp();
    const refusal = { kind: 'our-fault', reason: expect.stringMatching(/clock of this machine/) };
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await push.wake(iphone(), notice(), never())).toMatchObject(refusal);
      expect(await push.wake(android(), notice(), never())).toMatchObject(refusal);
    }
    expect(push.trouble()).toEqual({ fcm: expect.stringMatching(/invalid_grant/), apns: expect.stringMatching(apns) });
    expect(services.apns.providerTokens.size).toBe(1);

    setClock(0, services);
    // All at once: one signature serves them all.
    const phones = Array.from({ length: 10 }, () => [iphone(), android()]).flat();
    const results = await Promise.all(phones.map((phone) => push.wake(phone, notice(), never())));
    expect(results).toEqual(phones.map(() => ({ kind: 'delivered' })));
    expect(services.apns.providerTokens.size).toBe(2);
    expect(push.trouble()).toEqual({ fcm: undefined, apns: undefined });
    const told = log.lines.filter(({ level }) => level === 'error' || level === 'info');
    expect(told.map(({ level, message }) => `${level} ${message}`).sort()).toEqual([
      expect.stringMatching(/^error pushes through APNs are refused for our own set-up/),
      expect.stringMatching(/^error pushes through FCM are refused for our own set-up/),
      'info pushes through APNs work again',
      'info pushes through FCM work again',
    ]);
    await push.close();
    await services.close();
  },
);
