/**
 * A restart in a crowd: very many calls of an earlier run of the router, found all at once. They are taken on a few at a time, those first for whom it is latest; and whoever comes, answers,
 * declines or leaves meanwhile is not behind them.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCrowd, type Member } from '../../lab/fakes/crowd.ts';
import { MOBILE } from '../../lab/fakes/world.ts';
import { writeCallCheckpoint, writeLegCheckpoint } from '../../src/call/resume/checkpoint.ts';
import { markOf } from '../../src/call/resume/marks.ts';
import { TURNS_AT_ONCE } from '../../src/call/resume/turns.ts';

const NEW = 'xm-00000000000000ff';
const PATIENT_MS = 60_000;

function idOf(number: number): string {
  return `xm-${number.toString(16).padStart(16, '0')}`;
}

class Crowd extends FakeCrowd {
  /** One that waits for so long, or has; with an `ending` it is only to be given back. */
  waits(number: number, leftMs: number, ending?: { readonly outcome: 'busy'; readonly reason: 'busy' }): Member {
    return this.comes(idOf(number), { checkpoint: this.#checkpoint(number, leftMs, ending) });
  }

  /** One whose mobile was dialled so long ago. @param ends what that does later, ms from now */
  rings(number: number, agoMs: number, ends?: readonly [number, 'declined'], fresh = true): Member {
    const callId = idOf(number);
    const legId = `${callId}-leg-0001`;
    const contact = { endpoint: MOBILE, uri: `sip:${number}@10.0.0.1`, expiresAtSec: undefined };
    const checkpoint = writeLegCheckpoint({
      on: 'mobile',
      fresh,
      isForward: false,
      dialledAtMs: this.clock.wallMs() - agoMs,
      contact,
    });
    this.leaves(callId, legId, contact, 'ringing', ends === undefined ? {} : { endsAfterMs: ends });
    return this.comes(callId, { checkpoint: this.#checkpoint(number, 2 * PATIENT_MS), legs: [{ legId, checkpoint }] });
  }

  #checkpoint(number: number, leftMs: number, ending?: { readonly outcome: 'busy'; readonly reason: 'busy' }): string {
    const waitUntilMs = this.clock.wallMs() + leftMs;
    const pushed = [markOf('phone')];
    return writeCallCheckpoint({ callId: idOf(number), userId: '7', waitUntilMs, pushed, ...(ending && { ending }) });
  }
}

/** As many as keep the router busy for a while. */
function manyWait(crowd: Crowd, count = 200): void {
  for (let number = 1; number <= count; number += 1) crowd.waits(number, PATIENT_MS + number);
}

describe('calls that an earlier run has left', () => {
  it('are taken on in this order: over, wait over or about to be, ringing, waiting; each the nearest end first', async () => {
    const crowd = new Crowd();
    crowd.waits(8, 9_000);
    crowd.rings(5, 1_000);
    crowd.waits(7, 8_000);
    crowd.waits(3, 500);
    crowd.rings(4, 20_000);
    crowd.waits(2, -3_000);
    // Rings on an older registration, and waits for a newer one.
    crowd.rings(9, 30_000, undefined, false);
    crowd.waits(6, 7_000);
    crowd.waits(1, 50_000, { outcome: 'busy', reason: 'busy' });
    await crowd.settle();
    // One that is only given back is not looked at.
    expect(crowd.order.map((id) => Number.parseInt(id.slice(3), 16))).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('are taken on a few at a time, and every one is', async () => {
    const crowd = new Crowd();
    manyWait(crowd);
    await crowd.settle();
    expect([crowd.mostAtOnce, crowd.order.length]).toEqual([TURNS_AT_ONCE, 200]);
    expect(crowd.clock.pendingSleeps).toBe(0);
  });

  it('do not wait for those of whom the PBX says nothing', async () => {
    const crowd = new Crowd();
    for (let number = 1; number <= TURNS_AT_ONCE; number += 1)
      crowd.waits(number, number).pbx.slowMs.set('caller.read', 30_000);
    const next = crowd.waits(99, PATIENT_MS);
    await crowd.settle();
    expect(next.takenOnMs).toBeLessThan(1_100);
  });

  it('are found over at once where their callers have left, though it is not their turn', async () => {
    const crowd = new Crowd();
    manyWait(crowd);
    const last = crowd.waits(999, 90_000);
    await crowd.clock.advance(1);
    last.pbx.callerLeaves();
    await crowd.clock.advance(10);
    expect([last.ending, last.takenOnMs]).toEqual([{ outcome: 'caller-left', reason: 'while-waiting' }, undefined]);
    await crowd.settle();
  });

  it('are all given back when the router stops, those as well whose turn has not come', async () => {
    const crowd = new Crowd();
    manyWait(crowd);
    await crowd.clock.advance(1);
    const stopped = crowd.router.stop();
    await crowd.settle();
    await stopped;
    const reasons = [...crowd.members.values()].map(({ pbx }) => pbx.givenBack.map(({ reason }) => reason).join());
    expect(new Set(reasons)).toEqual(new Set(['router-stopping']));
  });
});

describe('whoever is not of the crowd, or is busy in it', () => {
  it('is pushed as soon as ever, where the call is a new one', async () => {
    const alone = new Crowd();
    alone.comes(NEW);
    await alone.settle();
    const crowd = new Crowd();
    manyWait(crowd);
    crowd.comes(NEW);
    await crowd.settle();
    expect(crowd.pushedMs.get(NEW)).toBe(alone.pushedMs.get(NEW));
    expect(crowd.pushedMs.size).toBe(1);
  });

  it('is the next to be taken on after a decline', async () => {
    const crowd = new Crowd();
    manyWait(crowd);
    const declinedMs = 20;
    const ringing = crowd.rings(999, 0, [declinedMs, 'declined'], false);
    await crowd.settle();
    const later = [...crowd.members.values()].filter(({ takenOnMs = 0 }) => takenOnMs > declinedMs);
    expect(later).toContain(ringing);
    expect(Math.min(...later.map(({ takenOnMs = 0 }) => takenOnMs))).toBe(ringing.takenOnMs);
  });

  it('is the next to be taken on after an answer', async () => {
    const crowd = new Crowd();
    manyWait(crowd);
    const ringing = crowd.rings(999, 0, undefined, false);
    await crowd.clock.advance(20);
    ringing.pbx.connecting.answerNow('sip:999@10.0.0.1');
    const answeredMs = 20;
    await crowd.clock.advance(100);
    const later = [...crowd.members.values()].filter(({ takenOnMs = 0 }) => takenOnMs > answeredMs);
    expect(Math.min(...later.map(({ takenOnMs = 0 }) => takenOnMs))).toBe(ringing.takenOnMs);
    ringing.pbx.connecting.hangUpNow('sip:999@10.0.0.1');
    await crowd.settle();
    expect(ringing.ending).toEqual({ outcome: 'answered', reason: 'mobile' });
  });
});

const anyLeftMs = fc.integer({ min: -20_000, max: 60_000 });
const anyCall = fc.record({ leftMs: anyLeftMs, slowMs: fc.integer({ min: 0, max: 40 }) });

it('any crowd: never too many at once, the nearest end first, nobody is forgotten', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall, { minLength: 1, maxLength: 100 }), async (calls) => {
      const crowd = new Crowd();
      for (const [number, { leftMs, slowMs }] of calls.entries())
        crowd.waits(number, leftMs).pbx.slowMs.set('caller.read', slowMs);
      await crowd.settle();
      const leftMs = crowd.order.map((callId) => calls[Number.parseInt(callId.slice(3), 16)]?.leftMs ?? Number.NaN);
      expect(leftMs).toEqual(leftMs.toSorted((one, other) => one - other));
      expect([crowd.order.length, crowd.mostAtOnce]).toEqual([calls.length, Math.min(calls.length, TURNS_AT_ONCE)]);
      expect(crowd.clock.pendingSleeps).toBe(0);
    }),
    { numRuns: 30 },
  );
});
