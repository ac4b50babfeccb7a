/**
 * The wake: a push to every mobile of the callee at once, and, when the call ends otherwise than on that mobile, word that it has ended.
 * It never makes the caller wait: every push runs beside the call, and its result is only a happening among others.
 */

import type { Call } from './call.ts';
import type { Device, PushResult, WakeNotice } from './ports.ts';

/** How long word of an ended call is worth sending, and how long we try, in ms. */
const ENDED_WORTH_MS = 30_000;
const ENDED_TRIES_MS = 8_000;

export class Wake {
  private readonly call: Call;
  private readonly results = new Map<Device, PushResult | undefined>();
  private readonly pushing = new AbortController();
  private readonly told = new Set<Device>();

  constructor(call: Call) {
    this.call = call;
  }

  get devices(): readonly Device[] {
    return [...this.results.keys()];
  }

  /** True when each pushed device's token turned out dead, so that none can wake. */
  get everyTokenDead(): boolean {
    return this.results.size > 0 && [...this.results.values()].every((result) => result?.kind === 'dead-token');
  }

  /**
   * Pushes all devices at once, but those that an earlier run of the router has pushed for this call.
   * @param worthMs how long the push is worth anything
   */
  push(devices: readonly Device[], worthMs: number, pushedBefore: readonly string[]): void {
    const { call } = this;
    if (devices.length === 0) return;
    const sentAtMs = call.ports.clock.wallMs();
    const notice: WakeNotice = {
      callId: call.callId,
      caller: call.shown,
      calleeUserId: call.userId,
      sentAtMs,
      expiresAtMs: sentAtMs + worthMs,
    };
    for (const device of devices) {
      this.results.set(device, undefined);
      if (pushedBefore.includes(device.deviceId)) continue;
      call.note('push-sent', { device: device.deviceId, platform: device.platform });
      call.beside(`push to ${device.deviceId}`, this.pushOne(device, notice));
    }
  }

  /** Calls back what is still being pushed, and tells nobody: another router goes on with this call. */
  leaveToNext(): void {
    this.pushing.abort();
  }

  /**
   * Tells the pushed devices that there is nothing to answer any more, each once, all but `answeredOn`. What is still being pushed is
   * called back first. Devices that surely never got the push are left alone.
   */
  async withdraw(reason: string, answeredOn: Device | undefined): Promise<void> {
    this.pushing.abort();
    const { call } = this;
    const { clock, push } = call.ports;
    const sentAtMs = clock.wallMs();
    const told = this.devices
      .filter((device) => device !== answeredOn && !this.told.has(device) && mayHaveArrived(this.results.get(device)))
      .map(async (device) => {
        this.told.add(device);
        const giveUp = new AbortController();
        const bound = clock.sleep(ENDED_TRIES_MS, giveUp.signal).then(
          () => giveUp.abort(),
          () => undefined,
        );
        const result = await push.tellEnded(
          device,
          {
            callId: call.callId,
            caller: call.shown,
            calleeUserId: call.userId,
            sentAtMs,
            expiresAtMs: sentAtMs + ENDED_WORTH_MS,
            reason,
          },
          giveUp.signal,
        );
        giveUp.abort();
        await bound;
        call.note('push-withdrawn', { device: device.deviceId, reason, ...resultFacts(result) });
      });
    await Promise.all(told);
  }

  private async pushOne(device: Device, notice: WakeNotice): Promise<void> {
    const { call } = this;
    const result = await call.ports.push.wake(device, notice, this.pushing.signal);
    this.results.set(device, result);
    call.note('push-result', { device: device.deviceId, ...resultFacts(result) });
    call.inbox.post({ what: 'pushed', device, result });
    if (result.kind !== 'dead-token') return;
    // A service may report a death that is older than the token's own registration here: then a newer life has begun since (EDGES 20).
    if (result.sinceMs !== undefined && result.sinceMs < device.registeredAtMs) return;
    await call.ports.registry.markTokenDead(device, result.reason);
  }
}

function mayHaveArrived(result: PushResult | undefined): boolean {
  return result === undefined || result.kind === 'delivered' || result.kind === 'failed';
}

function resultFacts(result: PushResult): Readonly<Record<string, string>> {
  return result.kind === 'delivered' ? { result: result.kind } : { result: result.kind, detail: result.reason };
}
