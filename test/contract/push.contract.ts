/**
 * What every Push promises, the fake and the real services alike. A test that runs into its time limit here has found a push that did not settle.
 */
import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device, EndedNotice, Push } from '../../src/call/ports.ts';

/** How the service behaves towards one device from now on. */
export type ServiceMood = 'delivers' | 'knows no token' | 'refuses us' | 'is busy' | 'hangs';

export interface PushUnderTest {
  readonly push: Push;
  /** A device of its own for each test. */
  newDevice(): Device;
  mood(device: Device, mood: ServiceMood): void;
  /** What has reached the device. */
  received(device: Device): readonly { readonly type: 'incoming-call' | 'call-ended'; readonly callId: string }[];
  /** How often the service was asked to push to the device. */
  asked(device: Device): number;
  close(): Promise<void>;
}

export function pushContract(name: string, makeSubject: () => Promise<PushUnderTest>): void {
  describe(`${name} keeps the promises of a Push`, { timeout: 300_000 }, () => {
    let subject: PushUnderTest;
    beforeAll(async () => {
      subject = await makeSubject();
    });
    afterAll(() => subject.close());

    const never = (): AbortSignal => new AbortController().signal;
    const worth = (forMs: number, callId = 'call-1'): EndedNotice => ({
      callId,
      caller: { name: 'Alice', number: '1001' },
      calleeUserId: '7',
      sentAtMs: Date.now(),
      expiresAtMs: Date.now() + forMs,
      reason: 'caller-left',
    });
    const both = ['wake', 'tellEnded'] as const;

    it('delivers a wake, once', async () => {
      const device = subject.newDevice();
      expect(await subject.push.wake(device, worth(5000), never())).toEqual({ kind: 'delivered' });
      expect(subject.received(device)).toEqual([{ type: 'incoming-call', callId: 'call-1' }]);
    });

    it('delivers word of an ended call, once', async () => {
      const device = subject.newDevice();
      expect(await subject.push.tellEnded(device, worth(5000), never())).toEqual({ kind: 'delivered' });
      expect(subject.received(device)).toEqual([{ type: 'call-ended', callId: 'call-1' }]);
    });

    it('gives each of many pushes at once its own result', async () => {
      const devices = Array.from({ length: 30 }, () => subject.newDevice());
      devices.forEach((device, place) => {
        if (place % 3 === 1) subject.mood(device, 'knows no token');
        if (place % 3 === 2) subject.mood(device, 'refuses us');
      });
      const results = await Promise.all(
        devices.map((device, place) => subject.push.wake(device, worth(5000, `call-${place}`), never())),
      );
      expect(results.map(({ kind }) => kind)).toEqual(
        devices.map((_, place) => ['delivered', 'dead-token', 'our-fault'][place % 3]),
      );
      expect(devices.flatMap((device) => subject.received(device).map(({ callId }) => callId))).toEqual(
        devices.flatMap((_, place) => (place % 3 === 0 ? [`call-${place}`] : [])),
      );
    });

    it('tells a token that is no more from a fault of our own', async () => {
      const [dead, ours] = [subject.newDevice(), subject.newDevice()];
      subject.mood(dead, 'knows no token');
      subject.mood(ours, 'refuses us');
      expect(await subject.push.wake(dead, worth(5000), never())).toMatchObject({
        kind: 'dead-token',
        reason: expect.stringMatching(/./),
      });
      expect(await subject.push.wake(ours, worth(5000), never())).toMatchObject({
        kind: 'our-fault',
        reason: expect.stringMatching(/./),
      });
    });

    for (const what of both) {
      for (const mood of ['is busy', 'hangs'] as const) {
        it(`${what}: fails at the expiry where the service ${mood}`, async () => {
          const device = subject.newDevice();
          subject.mood(device, mood);
          expect(await subject.push[what](device, worth(250), never())).toMatchObject({ kind: 'failed' });
          expect(subject.received(device)).toEqual([]);
        });

        it(`${what}: fails when it is called back where the service ${mood}`, async () => {
          const device = subject.newDevice();
          subject.mood(device, mood);
          const controller = new AbortController();
          const result = subject.push[what](device, worth(3_600_000), controller.signal);
          await expect.poll(() => subject.asked(device), { timeout: 20_000 }).toBeGreaterThan(0);
          controller.abort(new Error('the call is over'));
          expect(await result).toMatchObject({ kind: 'failed' });
          const asked = subject.asked(device);
          expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
          subject.mood(device, 'delivers');
          await subject.push[what](subject.newDevice(), worth(5000), never());
          expect(subject.asked(device)).toBe(asked);
        });
      }

      it(`${what}: sends nothing that was called back before, or has expired`, async () => {
        const device = subject.newDevice();
        expect(await subject.push[what](device, worth(5000), AbortSignal.abort())).toMatchObject({ kind: 'failed' });
        expect(await subject.push[what](device, worth(0), never())).toMatchObject({ kind: 'failed' });
        expect(await subject.push[what](device, worth(-60_000), never())).toMatchObject({ kind: 'failed' });
        expect(subject.asked(device)).toBe(0);
      });

      it(`${what}: leaves no listener on the signal`, async () => {
        const { signal } = new AbortController();
        await subject.push[what](subject.newDevice(), worth(5000), signal);
        expect(getEventListeners(signal, 'abort')).toEqual([]);
      });
    }
  });
}
