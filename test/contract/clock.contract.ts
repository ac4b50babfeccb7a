/**
 * What every Clock promises, the virtual and the real one alike. `pass` lets the given time go by: by advancing, or by waiting for it.
 */
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/call/ports.ts';

export interface ClockUnderTest {
  readonly clock: Clock;
  /** Lets `ms` go by; a real clock just lives through them. */
  readonly pass: (ms: number) => Promise<void>;
  /** Sleeps or timers that are under way. */
  readonly pending: () => number;
}

const never = (): AbortSignal => new AbortController().signal;

export function clockContract(name: string, make: () => ClockUnderTest): void {
  describe(`${name} keeps the promises of a Clock`, () => {
    it('sleeps for at least the time asked for', async () => {
      const { clock, pass } = make();
      const startMs = clock.nowMs();
      const slept = clock.sleep(20, never()).then(() => clock.nowMs());
      await pass(20);
      expect((await slept) - startMs).toBeGreaterThanOrEqual(19.9);
    });

    it('wakes sleepers in the order of their moments', async () => {
      const { clock, pass } = make();
      const woken: string[] = [];
      const all = Promise.all([
        clock.sleep(60, never()).then(() => woken.push('late')),
        clock.sleep(5, never()).then(() => woken.push('early')),
      ]);
      await pass(60);
      await all;
      expect(woken).toEqual(['early', 'late']);
    });

    it('rejects with the reason of the signal as soon as it aborts, and leaves no timer', async () => {
      const { clock, pending } = make();
      const before = pending();
      const controller = new AbortController();
      const slept = clock.sleep(3_600_000, controller.signal);
      const reason = new Error('the caller has left');
      controller.abort(reason);
      await expect(slept).rejects.toBe(reason);
      expect(pending()).toBe(before);
    });

    it('rejects at once on a signal that has aborted before', async () => {
      const { clock, pending } = make();
      const before = pending();
      const reason = new Error('over');
      await expect(clock.sleep(3_600_000, AbortSignal.abort(reason))).rejects.toBe(reason);
      expect(pending()).toBe(before);
    });

    it('sleeps on through a wait that is longer than a timer can be', async () => {
      const { clock, pass } = make();
      const controller = new AbortController();
      let woke = false;
      const slept = clock.sleep(2 ** 31 + 5_000, controller.signal).then(() => {
        woke = true;
      });
      await pass(10);
      expect(woke).toBe(false);
      controller.abort(new Error('enough'));
      await expect(slept).rejects.toThrow('enough');
    });

    it('takes a wait below nought as none, and refuses one that is no number', async () => {
      const { clock, pass } = make();
      const slept = clock.sleep(-5, never());
      await pass(0);
      await slept;
      await expect(clock.sleep(Number.NaN, never())).rejects.toThrow(RangeError);
    });

    it('gives the wall clock in ms since 1970', () => {
      expect(make().clock.wallMs()).toBeGreaterThan(Date.UTC(2020, 0, 1));
    });
  });
}
