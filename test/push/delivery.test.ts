/** The delivery's own rules in virtual time: pauses, the expiry, who is told what. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { fakeLog } from '../../lab/fakes/log.ts';
import type { PushResult } from '../../src/call/ports.ts';
import { Delivery } from '../../src/push/delivery.ts';
import type { Answer, Attempt, PushService } from '../../src/push/push-service.ts';
import { android, iphone, never, notice } from './bench.ts';

const again = (afterMs?: number): Answer => ({ kind: 'again', reason: 'busy', afterMs });

/** A delivery over a service that is scripted: the moments at which it was asked, and what it says then. */
function deliveryOver(say: (attempt: Attempt, turn: number) => Promise<Answer> | Answer) {
  const clock = new VirtualClock();
  const log = fakeLog();
  const attempts: { readonly atMs: number; readonly attempt: Attempt }[] = [];
  const ask = async (_: unknown, __: unknown, attempt: Attempt) => {
    attempts.push({ atMs: clock.nowMs(), attempt });
    return say(attempt, attempts.length);
  };
  const service: PushService = {
    wake: ask,
    tellEnded: ask,
    warmUp: async () => undefined,
    close: async () => undefined,
  };
  const delivery = new Delivery({ android: service, ios: undefined }, clock, log);
  const worth = (forMs: number) => notice(0, { sentAtMs: clock.wallMs(), expiresAtMs: clock.wallMs() + forMs });
  return { clock, log, attempts, delivery, worth };
}

describe('the delivery', () => {
  it('pauses longer and longer, never beyond the expiry, and leaves no sleeper', async () => {
    const { clock, attempts, delivery, worth } = deliveryOver(() => again());
    const result = delivery.wake(android(), worth(15_000), never());
    await clock.advance(15_000);
    expect(await result).toEqual({ kind: 'failed', reason: 'busy' });
    const pauses = attempts.slice(1).map(({ atMs }, turn) => atMs - (attempts[turn]?.atMs ?? 0));
    expect(pauses.length).toBeGreaterThanOrEqual(4);
    pauses.forEach((pauseMs, turn) => {
      const fullMs = Math.min(4000, 300 * 2 ** turn);
      expect(pauseMs).toBeGreaterThanOrEqual(fullMs * 0.75);
      expect(pauseMs).toBeLessThanOrEqual(fullMs * 1.25 + 1);
    });
    expect(clock.pendingSleeps).toBe(0);
  });

  it('waits as long as the service says, to the millisecond', async () => {
    const { clock, attempts, delivery, worth } = deliveryOver((_, turn) =>
      turn === 1 ? again(7000) : { kind: 'delivered' },
    );
    const result = delivery.wake(android(), worth(15_000), never());
    await clock.advance(7000);
    expect(await result).toEqual({ kind: 'delivered' });
    expect(attempts.map(({ atMs }) => atMs)).toEqual([0, 7000]);
  });

  it('keeps one id for all attempts, and tells each how long is left', async () => {
    const left: number[] = [];
    const { clock, attempts, delivery, worth } = deliveryOver((attempt, turn) => {
      left.push(attempt.leftMs());
      return turn < 3 ? again(1000) : { kind: 'delivered' };
    });
    const result = delivery.wake(android(), worth(15_000), never());
    await clock.advance(2000);
    await result;
    expect(left).toEqual([15_000, 14_000, 13_000]);
    expect(new Set(attempts.map(({ attempt }) => attempt.pushId)).size).toBe(1);
  });

  it('is not moved by a wall clock that jumps', async () => {
    const { clock, delivery, worth } = deliveryOver(() => new Promise<Answer>(() => undefined));
    const result = delivery.wake(android(), worth(10_000), never());
    await clock.settle();
    clock.jumpWall(-3_600_000);
    await clock.advance(9999);
    let settled: PushResult | undefined;
    void result.then((value) => {
      settled = value;
    });
    await clock.settle();
    expect(settled).toBeUndefined();
    await clock.advance(1);
    expect(await result).toMatchObject({ kind: 'failed', reason: 'expired' });
  });

  it('calls the attempt back when the call does, while it pauses and while it waits', async () => {
    for (const answer of [again(5000), new Promise<Answer>(() => undefined)]) {
      const { clock, attempts, delivery, worth } = deliveryOver(() => answer);
      const controller = new AbortController();
      const result = delivery.wake(android(), worth(15_000), controller.signal);
      await clock.advance(1000);
      controller.abort();
      expect(await result).toMatchObject({ kind: 'failed', reason: expect.stringMatching(/^called back/) });
      expect(attempts[0]?.attempt.signal.aborted).toBe(true);
      expect(clock.pendingSleeps).toBe(0);
    }
  });

  it('settles everything on close, and takes nothing afterwards', async () => {
    const { clock, attempts, delivery, worth } = deliveryOver(() => new Promise<Answer>(() => undefined));
    const results = [1, 2, 3].map(() => delivery.wake(android(), worth(15_000), never()));
    await clock.settle();
    delivery.close();
    for (const result of results) expect(await result).toMatchObject({ kind: 'failed', reason: 'closing' });
    expect(await delivery.wake(android(), worth(15_000), never())).toMatchObject({ kind: 'failed' });
    expect(attempts).toHaveLength(3);
    expect(clock.pendingSleeps).toBe(0);
  });

  it('never rejects, whatever a service throws, and says so in the log', async () => {
    const { clock, log, delivery, worth } = deliveryOver(() => {
      throw new TypeError('a bug');
    });
    expect(await delivery.wake(android(), worth(15_000), never())).toMatchObject({ kind: 'failed' });
    expect(log.at('error')).toHaveLength(1);
    expect(clock.pendingSleeps).toBe(0);
  });

  it('never rejects a notice whose times make no sense', async () => {
    const { delivery } = deliveryOver(() => ({ kind: 'delivered' }));
    const result = await delivery.wake(android(), notice(0, { expiresAtMs: Number.NaN }), never());
    expect(result.kind).toBe('failed');
  });

  it('tells the operator of each fault of our own once, not for each call', async () => {
    const { log, delivery, worth } = deliveryOver((_, turn) => ({
      kind: 'our-fault',
      reason: turn < 5 ? 'wrong project' : 'wrong key',
    }));
    for (let calls = 0; calls < 8; calls += 1) await delivery.wake(android(), worth(1000), never());
    expect(log.at('error').map(({ fields }) => fields.reason)).toEqual(['wrong project', 'wrong key']);
  });

  it('says what to set for a platform that is not configured, once', async () => {
    const { log, delivery, worth } = deliveryOver(() => ({ kind: 'delivered' }));
    for (let calls = 0; calls < 3; calls += 1) {
      expect(await delivery.wake(iphone(), worth(1000), never())).toMatchObject({
        kind: 'our-fault',
        reason: expect.stringMatching(/APNS_KEY_FILE/),
      });
    }
    expect(log.at('error')).toHaveLength(1);
  });
});
