/**
 * Users and their living devices as they were last read, for calls that come while the database cannot be read. Each is kept as one text: as objects
 * they would be half a million things for every collection of garbage to look at. It must never be asked while the database can answer, and never
 * give back what somebody has since taken away.
 */
import type { Device, RingingDevice, User } from '../call/ports.ts';

export interface Callee {
  readonly user: User | undefined;
  readonly devices: readonly Device[];
}

/** Of the user, unless there is none, and of each device, in this order; who the user is, the key says. */
type Kept = readonly [
  user: readonly [RingingDevice, mobile: string | null, webApp: string | null] | null,
  devices: readonly (readonly [
    deviceId: string,
    platform: Device['platform'],
    token: string,
    alertToken: string | null,
    appId: string | null,
    registeredAtMs: number,
  ])[],
];

const nobody: Callee = { user: undefined, devices: [] };

export class LastKnown {
  private readonly callees = new Map<string, string>();
  private readonly mostUsers: number;

  /** @param mostUsers how many are kept, about half a KB each; those of whom nothing was heard for longest go */
  constructor(mostUsers = 20_000) {
    this.mostUsers = mostUsers;
  }

  /** What the database says now. */
  keep(userId: string, callee: Callee): void {
    this.forget(userId);
    if (callee.user === undefined && callee.devices.length === 0) return;
    this.callees.set(userId, written(callee));
    const [oldest] = this.callees.keys();
    if (this.callees.size > this.mostUsers && oldest !== undefined) this.callees.delete(oldest);
  }

  forget(userId: string): void {
    this.callees.delete(userId);
  }

  of(userId: string): Callee {
    const text = this.callees.get(userId);
    return text === undefined ? nobody : read(userId, text);
  }

  /** The device's token is dead, though the database may not have taken it down. */
  bury({ userId, deviceId, token, registeredAtMs }: Device): void {
    const { user, devices } = this.of(userId);
    const living = devices.filter(
      (one) => one.deviceId !== deviceId || one.token !== token || one.registeredAtMs !== registeredAtMs,
    );
    if (living.length < devices.length) this.keep(userId, { user, devices: living });
  }
}

function written({ user, devices }: Callee): string {
  const kept: Kept = [
    user === undefined ? null : [user.ringingDevice, user.mobileEndpoint ?? null, user.webAppEndpoint ?? null],
    devices.map(({ deviceId, platform, token, alertToken, appId, registeredAtMs }) => [
      deviceId,
      platform,
      token,
      alertToken ?? null,
      appId ?? null,
      registeredAtMs,
    ]),
  ];
  return JSON.stringify(kept);
}

function read(userId: string, text: string): Callee {
  const [user, devices]: Kept = JSON.parse(text);
  return {
    user: user === null ? undefined : userOf(userId, user),
    devices: devices.map(([deviceId, platform, token, alertToken, appId, registeredAtMs]) => ({
      userId,
      deviceId,
      platform,
      token,
      alertToken: alertToken ?? undefined,
      appId: appId ?? undefined,
      registeredAtMs,
    })),
  };
}

function userOf(userId: string, [ringingDevice, mobile, webApp]: NonNullable<Kept[0]>): User {
  return { userId, ringingDevice, mobileEndpoint: mobile ?? undefined, webAppEndpoint: webApp ?? undefined };
}
