/** When the token for APNs is signed anew, in virtual time: as seldom as Apple wants it, and at once where our clock has been set. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { ApnsSignature } from '../../src/push/apns/provider-token.ts';

const minute = 60_000;

function setUp() {
  const clock = new VirtualClock(0, 1_700_000_000_000);
  let signedAtMs = clock.wallMs();
  const library = {
    generation: 0,
    current: 'token 0',
    isExpired: (validSec: number) => (clock.wallMs() - signedAtMs) / 1000 >= validSec,
    regenerate() {
      this.generation += 1;
      this.current = `token ${this.generation}`;
      signedAtMs = clock.wallMs();
    },
  };
  return { clock, signature: new ApnsSignature(library, clock) };
}

describe('the signature', () => {
  it('that is refused is replaced once in 20 minutes, not sooner', async () => {
    const { clock, signature } = setUp();
    const moments: number[] = [];
    for (let passed = 0; passed <= 60; passed += 1) {
      const { generation } = signature;
      signature.regenerate(generation);
      if (signature.generation !== generation) moments.push(passed);
      await clock.advance(minute);
    }
    expect(moments).toEqual([20, 40, 60]);
    expect(signature.current).toBe('token 3');
  });

  it.each([3_600_000, -3_600_000, 40_000, -40_000])(
    'that is refused after the clock was set by %i ms is replaced at once, once',
    async (byMs) => {
      const { clock, signature } = setUp();
      await clock.advance(minute);
      clock.jumpWall(byMs);
      signature.regenerate(0);
      signature.regenerate(1);
      expect(signature.generation).toBe(1);
    },
  );

  it('is replaced once for all who have met the same refusal', async () => {
    const { clock, signature } = setUp();
    clock.jumpWall(-3_600_000);
    for (let push = 0; push < 100; push += 1) signature.regenerate(0);
    expect(signature.generation).toBe(1);
  });

  it('grows old by time, whatever the clock says', async () => {
    const { clock, signature } = setUp();
    clock.jumpWall(-3_600_000);
    await clock.advance(54 * minute);
    expect(signature.isExpired(3300)).toBe(false);
    await clock.advance(minute);
    expect(signature.isExpired(3300)).toBe(true);
  });

  it('grows old by the clock as well, which may have stood still with the machine', () => {
    const { clock, signature } = setUp();
    clock.jumpWall(3_600_000);
    expect(signature.isExpired(3300)).toBe(true);
    signature.regenerate(0);
    expect([signature.generation, signature.isExpired(3300)]).toEqual([1, false]);
  });
});
