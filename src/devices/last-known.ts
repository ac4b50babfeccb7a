/**
 * Users and their living devices as they were last read, for calls that come while the database cannot be read. It must never be asked while the
 * database can answer, and never give back what somebody has since taken away.
 */
import type { Device, User } from '../call/ports.ts';

export interface Callee {
  readonly user: User | undefined;
  readonly devices: readonly Device[];
}

const nobody: Callee = { user: undefined, devices: [] };

export class LastKnown {
  private readonly callees = new Map<string, Callee>();
  private readonly mostUsers: number;

  /** @param mostUsers how many are kept, about 1 KB each; those of whom nothing was heard for longest go */
  constructor(mostUsers = 20_000) {
    this.mostUsers = mostUsers;
  }

  /** What the database says now. */
  keep(userId: string, callee: Callee): void {
    this.forget(userId);
    if (callee.user === undefined && callee.devices.length === 0) return;
    this.callees.set(userId, callee);
    const [oldest] = this.callees.keys();
    if (this.callees.size > this.mostUsers && oldest !== undefined) this.callees.delete(oldest);
  }

  forget(userId: string): void {
    this.callees.delete(userId);
  }

  of(userId: string): Callee {
    return this.callees.get(userId) ?? nobody;
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
