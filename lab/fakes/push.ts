/**
 * Push services in memory for the domain's stories: what each device's push comes to is scripted, what was sent is kept. It keeps the promises that the
 * contract suite states: nothing leaves once the push is called back or has expired, and every push settles then. It must never reject.
 */
import type { Clock, Device, EndedNotice, Push, PushResult, WakeNotice } from '../../src/call/ports.ts';

type SentPush =
  | { readonly what: 'wake'; readonly device: Device; readonly notice: WakeNotice; readonly atMs: number }
  | { readonly what: 'ended'; readonly device: Device; readonly notice: EndedNotice; readonly atMs: number };

/** A result, after a while if so scripted; `hangs`: none before the push is called back or expires. */
type PushScript = PushResult | 'hangs' | { readonly afterMs: number; readonly result: PushResult };

export interface FakePush extends Push {
  /** What pushes to this device come to from now on; the others are delivered at once. */
  script(deviceId: string, script: PushScript): void;
  /** What has left for the service, in order, whatever became of it. */
  readonly sent: readonly SentPush[];
  /** What has reached a device, in order. */
  readonly delivered: readonly SentPush[];
  /** Calls for each push that reaches a device: the phone wakes. */
  onDelivered(wake: (push: SentPush) => void): void;
  /** Pushes that have not settled. A story that has ended leaves 0. */
  readonly underWay: number;
}

export function fakePush(clock: Clock): FakePush {
  const scripts = new Map<string, PushScript>();
  const sent: SentPush[] = [];
  const delivered: SentPush[] = [];
  const listeners: ((push: SentPush) => void)[] = [];
  let underWay = 0;

  async function settle(push: SentPush, signal: AbortSignal): Promise<PushResult> {
    const leftMs = push.notice.expiresAtMs - clock.wallMs();
    if (leftMs <= 0) return { kind: 'failed', reason: 'expired' };
    if (signal.aborted) return { kind: 'failed', reason: 'called back' };
    sent.push(push);
    const script = scripts.get(push.device.deviceId) ?? { kind: 'delivered' };
    const timed = script === 'hangs' || 'afterMs' in script;
    const result = script === 'hangs' ? undefined : 'afterMs' in script ? script.result : script;
    const takesMs = script === 'hangs' ? Number.POSITIVE_INFINITY : 'afterMs' in script ? script.afterMs : 0;
    if (timed) {
      const called = await clock.sleep(Math.min(takesMs, leftMs), signal).then(
        () => false,
        () => true,
      );
      if (called) return { kind: 'failed', reason: 'called back' };
    }
    if (result === undefined || takesMs > leftMs) return { kind: 'failed', reason: 'expired' };
    if (result.kind === 'delivered') {
      delivered.push(push);
      for (const wake of listeners) wake(push);
    }
    return result;
  }

  async function count(push: SentPush, signal: AbortSignal): Promise<PushResult> {
    underWay += 1;
    try {
      return await settle(push, signal);
    } finally {
      underWay -= 1;
    }
  }

  const port = {
    wake: (device: Device, notice: WakeNotice, signal: AbortSignal) =>
      count({ what: 'wake', device, notice, atMs: clock.nowMs() }, signal),
    tellEnded: (device: Device, notice: EndedNotice, signal: AbortSignal) =>
      count({ what: 'ended', device, notice, atMs: clock.nowMs() }, signal),
  } satisfies Push;

  return {
    ...port,
    sent,
    delivered,
    script: (deviceId, script) => {
      scripts.set(deviceId, script);
    },
    onDelivered: (wake) => {
      listeners.push(wake);
    },
    get underWay() {
      return underWay;
    },
  };
}
