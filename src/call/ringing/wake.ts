/**
 * The wake: a push to every mobile of the callee at once, and, when the call ends otherwise than on that mobile, word that it has ended.
 * It never makes the caller wait: every push runs beside the call, and its result is only a happening among others.
 */

import type { Call } from '../call.ts';
import { wordsOf } from '../errors.ts';
import type { AnsweredOn } from '../outcomes.ts';
import type { Device, PushResult, WakeNotice } from '../ports.ts';
import { markOf } from '../resume/marks.ts';
import { calledBackAfter, within } from '../within.ts';

/** How long word of an ended call is worth sending, and how long we try, in ms. */
const ENDED_WORTH_MS = 30_000;
const ENDED_TRIES_MS = 8_000;
/** How long a push that is under way may still take when the router stops, in ms. The caller waits for it, and may hear nothing meanwhile. */
const LEAVING_MS = 800;

export class Wake {
  private readonly call: Call;
  private readonly results = new Map<Device, PushResult | undefined>();
  private readonly pushing = new AbortController();
  private readonly told: Device[] = [];
  private readonly underWay: Promise<void>[] = [];
  /** Marks of the devices whose push needs not be sent again. */
  private taken: readonly string[] = [];
  private begun = false;
  private readonly onTaken: (marks: readonly string[]) => void;

  /** @param onTaken told the marks of all whose push needs not be sent again, by anybody, each time there is one more */
  constructor(call: Call, onTaken: (marks: readonly string[]) => void = () => {}) {
    this.call = call;
    this.onTaken = onTaken;
  }

  /** Marks of the devices that an earlier run of the router has pushed for this call. */
  private get pushedBefore(): readonly string[] {
    return this.call.resumed?.checkpoint.pushed ?? [];
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
   * @param pushedBefore their marks, where they stand elsewhere than with the call
   * @param worthMs how long the push is worth anything; 0: it is too late, and nobody is pushed who has not been
   */
  push(devices: readonly Device[], worthMs: number, pushedBefore = this.pushedBefore): void {
    const { call } = this;
    this.begun = true;
    // Also those that cannot be pushed any more: they have been, and what the caller has heard meanwhile follows from it.
    this.taken = pushedBefore;
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
      if (worthMs <= 0 || pushedBefore.includes(markOf(device.deviceId))) continue;
      call.note('push-sent', { device: device.deviceId, platform: device.platform });
      const push = this.pushOne(device, notice);
      this.underWay.push(push);
      call.beside(`push to ${device.deviceId}`, push);
    }
  }

  /**
   * Tells nobody: another router goes on with this call, and pushes nobody again. So what is still being pushed gets a little time, and is called
   * back then.
   */
  async leaveToNext(): Promise<void> {
    const settled = await within(this.call.ports.clock, LEAVING_MS, Promise.allSettled(this.underWay));
    // One that is called back may take its time to settle: that concerns nobody but the call's end.
    if (settled === undefined) this.pushing.abort();
  }

  /**
   * Tells the pushed devices that there is nothing to answer any more, each once, all but the one that has answered. What is still being pushed is
   * called back first. Devices that surely never got the push are left alone.
   */
  async withdraw(reason: string, answeredOn: AnsweredOn | undefined): Promise<void> {
    this.pushing.abort();
    const { call } = this;
    const { clock, push } = call.ports;
    if (!this.begun) await this.recall();
    // Of several mobiles it cannot be told which has answered: then all are told, and the app knows its own call by its id.
    const spared = answeredOn === 'mobile' && this.devices.length === 1 ? this.devices[0] : undefined;
    const sentAtMs = clock.wallMs();
    const told = this.devices
      .filter((device) => device !== spared && !this.told.includes(device) && mayHaveArrived(this.results.get(device)))
      .map(async (device) => {
        this.told.push(device);
        const { callId, shown: caller, userId: calleeUserId } = call;
        const notice = { callId, caller, calleeUserId, sentAtMs, expiresAtMs: sentAtMs + ENDED_WORTH_MS, reason };
        const tell = (signal: AbortSignal) => push.tellEnded(device, notice, signal);
        const result = await calledBackAfter(clock, ENDED_TRIES_MS, tell);
        call.note('push-withdrawn', { device: device.deviceId, reason, ...resultFacts(result) });
      });
    await Promise.all(told);
  }

  /** A call that an earlier run began, and that has ended before it was planned again: those whom that run has pushed are looked up, to be told. */
  private async recall(): Promise<void> {
    const { call } = this;
    const pushed = this.pushedBefore;
    this.begun = true;
    if (pushed.length === 0) return;
    const { devices } = await call.ports.registry.callee(call.userId).catch((fault: unknown) => {
      call.note('fault', { in: 'registry', detail: wordsOf(fault) });
      return { devices: [] };
    });
    for (const device of devices) if (pushed.includes(markOf(device.deviceId))) this.results.set(device, undefined);
  }

  private async pushOne(device: Device, notice: WakeNotice): Promise<void> {
    const { call } = this;
    const result = await call.ports.push.wake(device, notice, this.pushing.signal);
    this.results.set(device, result);
    if (result.kind === 'delivered' || result.kind === 'dead-token') {
      const mark = markOf(device.deviceId);
      if (!this.taken.includes(mark)) this.taken = [...this.taken, mark];
      this.onTaken(this.taken);
    }
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
