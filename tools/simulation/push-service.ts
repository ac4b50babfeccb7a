/**
 * Push services and the devices behind them: each push comes to what the plan says, and wakes the device if it arrives. It keeps the promises of the Push port: it never
 * rejects, nothing leaves once it is called back, and everything settles within a few seconds of the call-back or the expiry.
 */

import type { VirtualClock } from '../../lab/fakes/clock.ts';
import type { Device, Push, PushResult, WakeNotice } from '../../src/call/ports.ts';
import type { Life } from './life.ts';
import type { Trace } from './orders.ts';
import type { DevicePlan, WakingPlan } from './world-plan.ts';

export interface SentPush {
  /** Which life of the router has sent it. */
  readonly life: number;
  readonly what: 'wake' | 'ended';
  readonly callId: string;
  readonly deviceId: string;
  readonly reason: string;
  readonly atMs: number;
  result: PushResult['kind'] | undefined;
  settledAtMs: number | undefined;
}

interface PushWorld {
  readonly devices: readonly DevicePlan[];
  readonly clock: VirtualClock;
  readonly trace: Trace;
  readonly onWake: (waking: WakingPlan) => void;
  readonly onSent: (push: SentPush) => void;
}

/** How a push ends that nobody answers. */
const MOST_MS = Number.POSITIVE_INFINITY;

export class PushService {
  readonly sent: SentPush[] = [];
  readonly #world: PushWorld;

  constructor(world: PushWorld) {
    this.#world = world;
  }

  /** The port of one life of the router. */
  portOf(life: Life): Push {
    return {
      wake: (device, notice, signal) => this.#underWay(life, (way) => this.#wake(life, way, device, notice, signal)),
      tellEnded: (device, notice, signal) => this.#underWay(life, () => this.#tellEnded(life, device, notice, signal)),
    };
  }

  async #underWay(life: Life, push: (way: { readonly lost: boolean }) => Promise<PushResult>): Promise<PushResult> {
    const way = life.begin();
    const result = await push(way);
    await life.settle(way);
    return result;
  }

  #wake(
    life: Life,
    way: { readonly lost: boolean },
    device: Device,
    notice: WakeNotice,
    signal: AbortSignal,
  ): Promise<PushResult> {
    const plan = this.#planOf(device);
    const push = this.#note(life, 'wake', device, notice, '');
    if (signal.aborted) return this.#settled(life, push, failed('called back'));
    const { arrives, push: kind } = plan;
    const reaches = kind === 'delivered' || ((kind === 'failed' || kind === 'hangs') && arrives);
    if (reaches) {
      for (const waking of plan.wakings) {
        this.#world.clock.later(plan.answersMs + waking.afterMs, () => {
          if (!way.lost) this.#world.onWake(waking);
        });
      }
    }
    const result = kind === 'hangs' ? undefined : resultOf(kind);
    return this.#answer(life, push, result, plan, notice, signal);
  }

  #tellEnded(life: Life, device: Device, notice: WakeNotice & { readonly reason: string }, signal: AbortSignal) {
    const plan = this.#planOf(device);
    const push = this.#note(life, 'ended', device, notice, notice.reason);
    return this.#answer(life, push, plan.ended === 'hangs' ? undefined : resultOf(plan.ended), plan, notice, signal);
  }

  /** Waits for the service's answer, if any, for the call-back, or for the expiry, whatever is first. */
  async #answer(
    life: Life,
    push: SentPush,
    result: PushResult | undefined,
    { answersMs, settlesMs }: DevicePlan,
    notice: WakeNotice,
    signal: AbortSignal,
  ): Promise<PushResult> {
    const { clock } = this.#world;
    const leftMs = notice.expiresAtMs - clock.wallMs();
    const came = await new Promise<PushResult>((resolve) => {
      const callBack = () => clock.later(settlesMs, () => resolve(failed('called back')));
      if (signal.aborted) callBack();
      signal.addEventListener('abort', callBack, { once: true });
      const finish = (with_: PushResult) => {
        signal.removeEventListener('abort', callBack);
        resolve(with_);
      };
      if (result !== undefined && answersMs <= leftMs) clock.later(answersMs, () => finish(result));
      else clock.later(Math.min(MOST_MS, Math.max(0, leftMs)), () => finish(failed('expired')));
    });
    return this.#settled(life, push, came);
  }

  async #settled(life: Life, push: SentPush, result: PushResult): Promise<PushResult> {
    if (life.isOver) return result;
    push.result = result.kind;
    push.settledAtMs = this.#world.clock.nowMs();
    this.#world.trace(`push ${push.what} to ${push.deviceId} for ${push.callId}: ${result.kind}`);
    return result;
  }

  #note(life: Life, what: SentPush['what'], device: Device, { callId }: WakeNotice, reason: string): SentPush {
    const { clock, trace, onSent } = this.#world;
    const { deviceId } = device;
    const push: SentPush = {
      life: life.number,
      what,
      callId,
      deviceId,
      reason,
      atMs: clock.nowMs(),
      result: undefined,
      settledAtMs: undefined,
    };
    this.sent.push(push);
    trace(`push ${what} to ${deviceId} for ${callId} ${reason}`);
    onSent(push);
    return push;
  }

  #planOf({ deviceId }: Device): DevicePlan {
    const plan = this.#world.devices.find((one) => one.deviceId === deviceId);
    if (plan === undefined) throw new Error(`a push to ${deviceId}, which is no device of this world`);
    return plan;
  }
}

function failed(reason: string): PushResult {
  return { kind: 'failed', reason };
}

function resultOf(kind: Exclude<DevicePlan['push'], 'hangs'>): PushResult {
  if (kind === 'delivered') return { kind };
  if (kind === 'dead-token') return { kind, reason: 'UNREGISTERED', sinceMs: undefined };
  return { kind, reason: 'scripted' };
}
