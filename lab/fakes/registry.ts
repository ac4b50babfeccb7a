/**
 * Users and devices in memory, for the domain's stories. It keeps the promises of the Registry that the contract suite states, can be told to
 * fail, and remembers which tokens it was told are dead. It must never be kinder than the real store.
 */
import type { Device, Registry, User } from '../../src/call/ports.ts';

export interface FakeRegistry extends Registry {
  /** Adds or replaces a user. Fields that are left out: MobileApp, and no endpoints. */
  putUser(user: Pick<User, 'userId'> & Partial<User>): User;
  /** Registers a device; its token leaves whatever device had it. Fields that are left out: an Android, registered at 1 ms. */
  putDevice(device: Pick<Device, 'userId' | 'deviceId' | 'token'> & Partial<Device>): Device;
  deleteUser(userId: string): void;
  deleteDevice(userId: string, deviceId: string): void;
  /** From now on both methods of the port reject with this; undefined: they work again. */
  failWith(error: Error | undefined): void;
  /** From now on callee() gives what it has as what was last known, and says so; undefined: it can be read again. */
  goStale(why: string | undefined): void;
  /** What markTokenDead was asked, whether or not the device still had the token. */
  readonly markedDead: readonly { readonly device: Device; readonly reason: string }[];
}

export function fakeRegistry(): FakeRegistry {
  const users = new Map<string, User>();
  const devices = new Map<string, { device: Device; dead: boolean }>();
  const markedDead: { device: Device; reason: string }[] = [];
  let failure: Error | undefined;
  let stale: string | undefined;
  const key = (userId: string, deviceId: string): string => `${userId}/${deviceId}`;

  const port = {
    async callee(userId: string) {
      if (failure !== undefined) throw failure;
      const alive = [...devices.values()].filter(({ device, dead }) => device.userId === userId && !dead);
      const known = { user: users.get(userId), devices: alive.map(({ device }) => device) };
      return stale === undefined ? known : { ...known, stale };
    },
    async markTokenDead(device: Device, reason: string) {
      if (failure !== undefined) throw failure;
      markedDead.push({ device, reason });
      const held = devices.get(key(device.userId, device.deviceId));
      if (held?.device.token === device.token && held.device.registeredAtMs === device.registeredAtMs) held.dead = true;
    },
  } satisfies Registry;

  return {
    ...port,
    markedDead,
    putUser(given) {
      const user: User = {
        ringingDevice: 'MobileApp',
        mobileEndpoint: undefined,
        webAppEndpoint: undefined,
        ...given,
      };
      users.set(user.userId, user);
      return user;
    },
    putDevice(given) {
      const device: Device = {
        platform: 'android',
        alertToken: undefined,
        appId: undefined,
        registeredAtMs: 1,
        ...given,
      };
      const tokens = [device.token, device.alertToken].filter((token) => token !== undefined);
      for (const [where, { device: other }] of devices) {
        if (tokens.includes(other.token) || (other.alertToken && tokens.includes(other.alertToken)))
          devices.delete(where);
      }
      devices.set(key(device.userId, device.deviceId), { device, dead: false });
      return device;
    },
    deleteUser(userId) {
      users.delete(userId);
      for (const [where, { device }] of devices) if (device.userId === userId) devices.delete(where);
    },
    deleteDevice(userId, deviceId) {
      devices.delete(key(userId, deviceId));
    },
    goStale(why) {
      stale = why;
    },
    failWith(error) {
      failure = error;
    },
  };
}
