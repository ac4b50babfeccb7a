/** Moments that rules depend on: whatever a rule asks about, it is asked anew when that comes, to the millisecond, and never for nothing. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import type { Happening } from '../../src/call/call.ts';
import { Inbox } from '../../src/call/inbox.ts';
import { Moments, type Rule } from '../../src/call/ringing/moments.ts';

const STARTED_MS = 1000;
const NEWS = { what: 'held-back' } as const;

/** Follows a rule to its end, with news at these moments. Returns what it came to. */
async function follow<T>(clock: VirtualClock, moments: Moments, rule: Rule<T>, newsAtMs: readonly number[] = []) {
  const inbox = new Inbox<Happening>(clock, new AbortController().signal);
  for (const ms of newsAtMs) clock.later(ms, () => inbox.post(NEWS));
  let result: { readonly decision: T } | undefined;
  const following = moments.untilDecided(inbox, rule).then((decision) => {
    result = { decision };
  });
  while (result === undefined && (await clock.advanceToNextWake())) {}
  expect(result, 'it is decided').toBeDefined();
  await following;
  expect(clock.pendingSleeps, 'sleepers').toBe(0);
  return result;
}

describe('a rule is asked anew', () => {
  const ms = fc.integer({ min: -5, max: 60_000 });

  it('at every moment that it asks about, in whatever order, whatever happens in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(ms, { minLength: 1 }), fc.array(ms), async (afterMs, newsAtMs) => {
        const clock = new VirtualClock(STARTED_MS, 0, 1);
        const moments = new Moments(clock);
        const seenAtMs = new Map<number, number>();
        await follow(
          clock,
          moments,
          {
            take: () => {},
            decide: () => {
              for (const [n, after] of afterMs.entries())
                if (moments.isOver(STARTED_MS + after) && !seenAtMs.has(n)) seenAtMs.set(n, clock.nowMs());
              return seenAtMs.size === afterMs.length || undefined;
            },
          },
          newsAtMs,
        );
        const dueAtMs = afterMs.map((after, n) => [n, STARTED_MS + Math.max(0, after)]);
        expect([...seenAtMs].sort(([a], [b]) => a - b)).toEqual(dueAtMs);
      }),
    );
  });

  it('also at a moment that comes to be by what it does, though it has asked about that before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1 }), async (pausesMs) => {
        const clock = new VirtualClock(STARTED_MS, 0, 1);
        const moments = new Moments(clock);
        const startedAtMs: number[] = [];
        // Each begins when the one before is over, and is looked at before that is known.
        const endsMs: number[] = [];
        await follow(clock, moments, {
          take: () => {},
          decide: () => {
            for (const n of [...pausesMs.keys()].reverse()) {
              const before = n === 0 ? STARTED_MS : endsMs[n - 1];
              if (endsMs[n] !== undefined || before === undefined || !moments.isOver(before)) continue;
              startedAtMs.push(clock.nowMs());
              endsMs[n] = clock.nowMs() + (pausesMs[n] ?? 0);
            }
            const last = endsMs[pausesMs.length - 1];
            return (last !== undefined && moments.isOver(last)) || undefined;
          },
        });
        expect(startedAtMs.slice(1)).toEqual(endsMs.slice(0, -1));
        expect(clock.nowMs()).toBe(endsMs.at(-1));
      }),
    );
  });

  it('not in between: each wake has its reason', async () => {
    const clock = new VirtualClock(STARTED_MS, 0, 1);
    const moments = new Moments(clock);
    const askedAtMs = new Set<number>();
    const rule: Rule<boolean> = {
      take: () => {},
      decide: () => {
        askedAtMs.add(clock.nowMs());
        return [3_000, 2_000, 500].map((at) => moments.isOver(at)).every(Boolean) || undefined;
      },
    };
    await follow(clock, moments, rule, [250]);
    expect([...askedAtMs]).toEqual([1_000, 1_250, 2_000, 3_000]);
  });

  it('by what happens alone, where it asks about no moment', async () => {
    const clock = new VirtualClock(STARTED_MS, 0, 1);
    const moments = new Moments(clock);
    let taken = 0;
    const take = () => {
      taken += 1;
    };
    await follow(clock, moments, { take, decide: () => taken === 2 || undefined }, [7_000, 900_000]);
    expect(clock.nowMs()).toBe(STARTED_MS + 900_000);
  });
});

it.each([
  ['ever another moment', (times: number) => times],
  ['one moment and another in turn', (times: number) => 10 + (times % 2)],
])('a rule that asks about %s ends its own call, and stops no other', async (_, msOf) => {
  const clock = new VirtualClock(STARTED_MS, 0, 1);
  const moments = new Moments(clock);
  const inbox = new Inbox<Happening>(clock, new AbortController().signal);
  let times = 0;
  const rule: Rule<never> = {
    take: () => {},
    decide: () => {
      times += 1;
      moments.isOver(moments.in(msOf(times)));
      return undefined;
    },
  };
  await expect(moments.untilDecided(inbox, rule)).rejects.toThrow('would do so for ever');
  expect(clock.pendingSleeps).toBe(0);
});
