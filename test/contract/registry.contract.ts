/** What every Registry promises to a call, the fake and the stored one alike. */
import { describe, expect, it } from 'vitest';
import type { Device, Registry, User } from '../../src/call/ports.ts';

type GivenDevice = Pick<Device, 'userId' | 'deviceId' | 'platform' | 'token' | 'alertToken'>;

export interface RegistryUnderTest {
  readonly registry: Registry;
  readonly putUser: (user: User) => Promise<unknown>;
  /** Registers at this moment, ms since 1970. */
  readonly putDevice: (device: GivenDevice, atMs: number) => Promise<unknown>;
  readonly deleteUser: (userId: string) => Promise<unknown>;
  readonly deleteDevice: (userId: string, deviceId: string) => Promise<unknown>;
}

const anna: User = {
  userId: 'anna',
  ringingDevice: 'WebAppAndMobileApp',
  mobileEndpoint: 'PJSIP/anna-mobile',
  webAppEndpoint: undefined,
};
const bert: User = { ...anna, userId: 'bert', ringingDevice: 'MobileApp', mobileEndpoint: undefined };
const android = (userId: string, deviceId: string, token: string): GivenDevice => ({
  userId,
  deviceId,
  platform: 'android',
  token,
  alertToken: undefined,
});

export function registryContract(name: string, make: () => RegistryUnderTest): void {
  describe(`${name} keeps the promises of a Registry`, () => {
    const tokensOf = async (registry: Registry, userId: string): Promise<string[]> =>
      (await registry.callee(userId)).devices.map(({ token }) => token).sort();

    it('knows nobody at first', async () => {
      expect(await make().registry.callee('anna')).toEqual({ user: undefined, devices: [] });
    });

    it('gives a user with its devices, and nobody else’s', async () => {
      const { registry, putUser, putDevice } = make();
      await putUser(anna);
      await putUser(bert);
      const phone: GivenDevice = {
        userId: 'anna',
        deviceId: 'phone',
        platform: 'ios',
        token: 'voip',
        alertToken: 'alert',
      };
      await putDevice(phone, 1_000);
      await putDevice(android('bert', 'phone', 'other'), 1_000);
      expect(await registry.callee('anna')).toEqual({
        user: anna,
        devices: [{ ...phone, appId: undefined, registeredAtMs: 1_000 }],
      });
    });

    it('replaces a user and a device', async () => {
      const { registry, putUser, putDevice } = make();
      await putUser(anna);
      await putDevice(android('anna', 'phone', 'old'), 1_000);
      await putUser({ ...anna, ringingDevice: 'WebApp' });
      await putDevice(android('anna', 'phone', 'new'), 2_000);
      const { user, devices } = await registry.callee('anna');
      expect(user?.ringingDevice).toBe('WebApp');
      expect(devices).toHaveLength(1);
      expect(devices[0]).toMatchObject({ token: 'new', registeredAtMs: 2_000 });
    });

    it('gives no device whose token is dead, and gives it again once it is registered anew', async () => {
      const { registry, putUser, putDevice } = make();
      await putUser(anna);
      await putDevice(android('anna', 'one', 't1'), 1_000);
      await putDevice(android('anna', 'two', 't2'), 1_000);
      const [one] = (await registry.callee('anna')).devices.filter(({ deviceId }) => deviceId === 'one');
      if (one === undefined) throw new Error('no device');
      await registry.markTokenDead(one, 'UNREGISTERED');
      await registry.markTokenDead(one, 'UNREGISTERED');
      expect(await tokensOf(registry, 'anna')).toEqual(['t2']);
      await putDevice(android('anna', 'one', 't1'), 5_000);
      expect(await tokensOf(registry, 'anna')).toEqual(['t1', 't2']);
      expect((await registry.callee('anna')).devices.map(({ registeredAtMs }) => registeredAtMs).sort()).toEqual([
        1_000, 5_000,
      ]);
    });

    it('leaves a device alone that has another token, or has registered again, since the verdict’s push', async () => {
      const { registry, putUser, putDevice } = make();
      await putUser(anna);
      await putDevice(android('anna', 'phone', 'old'), 1_000);
      const [before] = (await registry.callee('anna')).devices;
      if (before === undefined) throw new Error('no device');
      await putDevice(android('anna', 'phone', 'new'), 2_000);
      await registry.markTokenDead(before, 'UNREGISTERED');
      expect(await tokensOf(registry, 'anna')).toEqual(['new']);
      await putDevice(android('anna', 'phone', 'old'), 3_000);
      await registry.markTokenDead(before, 'UNREGISTERED');
      expect(await tokensOf(registry, 'anna')).toEqual(['old']);
    });

    it('takes a verdict on a device that is gone', async () => {
      const { registry, putUser, putDevice, deleteDevice } = make();
      await putUser(anna);
      await putDevice(android('anna', 'phone', 't1'), 1_000);
      const [device] = (await registry.callee('anna')).devices;
      if (device === undefined) throw new Error('no device');
      await deleteDevice('anna', 'phone');
      await registry.markTokenDead(device, 'UNREGISTERED');
      expect(await tokensOf(registry, 'anna')).toEqual([]);
    });

    it('moves a token to the user and to the device that registered it last, and copies it nowhere', async () => {
      const { registry, putUser, putDevice } = make();
      await putUser(anna);
      await putUser(bert);
      await putDevice(android('anna', 'phone', 't1'), 1_000);
      await putDevice(android('anna', 'tablet', 't2'), 1_000);
      await putDevice(android('bert', 'phone', 't1'), 2_000);
      expect(await tokensOf(registry, 'anna')).toEqual(['t2']);
      expect(await tokensOf(registry, 'bert')).toEqual(['t1']);
      await putDevice(android('bert', 'new-id', 't1'), 3_000);
      const { devices } = await registry.callee('bert');
      expect(devices.map(({ deviceId }) => deviceId)).toEqual(['new-id']);
    });

    it('knows an iPhone by either of its tokens', async () => {
      const { registry, putUser, putDevice } = make();
      await putUser(anna);
      await putUser(bert);
      const phone = { deviceId: 'phone', platform: 'ios', alertToken: 'alert' } as const;
      await putDevice({ ...phone, userId: 'anna', token: 'voip-1' }, 1_000);
      await putDevice({ ...phone, userId: 'bert', token: 'voip-2' }, 2_000);
      expect(await tokensOf(registry, 'anna')).toEqual([]);
      expect(await tokensOf(registry, 'bert')).toEqual(['voip-2']);
    });

    it('forgets a user with its devices', async () => {
      const { registry, putUser, putDevice, deleteUser } = make();
      await putUser(anna);
      await putDevice(android('anna', 'phone', 't1'), 1_000);
      await deleteUser('anna');
      expect(await registry.callee('anna')).toEqual({ user: undefined, devices: [] });
      await putUser(anna);
      expect(await tokensOf(registry, 'anna')).toEqual([]);
    });
  });
}
