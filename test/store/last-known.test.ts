/** What was last known of users: given back as it was, and held in little. */
import { expect, it } from 'vitest';
import { LastKnown } from '../../src/store/last-known.ts';
import { bytesHeld } from '../heap.ts';

const USERS = 5_000;
/** With tokens as long as those of FCM, each a text of its own. */
const callee = (n: number) => ({
  user: {
    userId: `user-${n}`,
    ringingDevice: 'WebAppAndMobileApp' as const,
    mobileEndpoint: `PJSIP/mobile-${n}`,
    webAppEndpoint: undefined,
  },
  devices: [
    {
      userId: `user-${n}`,
      deviceId: `phone-${n}`,
      platform: 'android' as const,
      token: String(n).padStart(163, 'x'),
      alertToken: undefined,
      appId: undefined,
      registeredAtMs: 1_700_000_000_000 + n,
    },
  ],
});

it('is given back as it was, with what there is not', () => {
  const known = new LastKnown();
  const ios = { ...callee(2).devices[0], platform: 'ios', alertToken: 'alert', appId: 'an.app' } as const;
  const two = { user: undefined, devices: [{ ...callee(2).devices[0], ...ios, registeredAtMs: 1.5 }] };
  known.keep('user-1', callee(1));
  expect(known.of('user-1')).toStrictEqual(callee(1));
  const stray = {
    ...two,
    devices: two.devices.map((device) => ({ ...device, userId: 'user-2', deviceId: 'a', token: 't' })),
  };
  known.keep('user-2', stray);
  expect(known.of('user-2')).toStrictEqual(stray);
  expect(known.of('nobody')).toStrictEqual({ user: undefined, devices: [] });
});

it('takes half a KB of memory for a user with a phone', async () => {
  const held = await bytesHeld(() => {
    const known = new LastKnown();
    for (let n = 0; n < USERS; n += 1) known.keep(`user-${n}`, callee(n));
    return known;
  });
  expect(held / USERS).toBeGreaterThan(100);
  expect(held / USERS).toBeLessThan(500);
});
