/**
 * What a call holds while its caller waits, in bytes: thousands may wait at once, and each that holds more is a longer pause for all whenever garbage is
 * collected. Counted on fakes, whose own share is in it.
 */
import { expect, it } from 'vitest';
import { Story } from '../../lab/fakes/world.ts';
import { bytesHeld } from '../heap.ts';

const CALLS = 500;
/** With what is Asterisk's in place of the fakes it is somewhat more: 20 KB at the most. The bench measures that. */
const MOST_BYTES = 16_000;

it('is little', async () => {
  const worlds = Array.from({ length: CALLS }, () => new Story('WebAppAndMobileApp').sleepingMobile('pixel'));
  const waiting: Promise<unknown>[] = [];
  const held = await bytesHeld(async () => {
    for (const { router, pbx, clock } of worlds) {
      waiting.push(router.route({ callId: 'xm-0000000000000001', userId: '7', caller: pbx.caller(), how: 'new' }));
      await clock.advance(2_000);
    }
    return waiting;
  });
  expect(worlds.map(({ router }) => router.stages())).toEqual(worlds.map(() => ({ waiting: 1 })));
  expect(held / CALLS).toBeGreaterThan(1_000);
  expect(held / CALLS).toBeLessThan(MOST_BYTES);
  for (const { pbx, clock } of worlds) {
    pbx.callerLeaves();
    await clock.advance(60_000);
  }
  await Promise.all(waiting);
});
