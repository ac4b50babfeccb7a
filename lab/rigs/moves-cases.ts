/** What is shown of a call of two beside transfers, whichever way it was connected: by a plain Dial(), which is the measure, or by the router. To be called within a suite whose lab is an office. */
import { describe, expect, it } from 'vitest';
import type { Lab } from '../lab.ts';
import { endByKeys, HOLDS, holdAndBack, parkAndRetrieve, pickUp, record, redirectBoth, redirectOne } from './moves.ts';
import type { Way } from './office.ts';
import { hangUpAll, talk } from './talk.ts';

/** @param pickedUp what else is to be so once a colleague has picked the call up */
export function moveCases(lab: () => Lab, way: Way, pickedUp: () => Promise<void> = async () => undefined): void {
  describe.each(['caller', 'callee'] as const)('and its %s', (by) => {
    it.each(HOLDS)('puts the other on hold by %j, who hears music, and takes it back', async (form) => {
      const both = await talk(lab(), way);
      await holdAndBack(both, by, form);
      await hangUpAll([both.caller.phone]);
    });

    it('parks the other, and a colleague takes it from there', async () => {
      expect(await parkAndRetrieve(await talk(lab(), way), by)).toBe('701');
    });

    it('is sent elsewhere by the manager, and the other hung up', async () => {
      await redirectOne(await talk(lab(), way), by);
    });

    it('records it by a key', async () => {
      const both = await talk(lab(), way);
      await record(both, by);
      await hangUpAll([both.caller.phone]);
    });

    it('ends it by a key', async () => {
      await endByKeys(await talk(lab(), way), by);
    });
  });

  it('is moved into a conference, both at once', async () => {
    await redirectBoth(await talk(lab(), way));
  });

  // Asterisk's own feature tells the phone that rang no more than that the call is over.
  it.each([
    ['feature', false],
    ['application', true],
    ['mark', true],
  ] as const)(
    'is picked up by a colleague while it rings, by %s, and the phone that rang is told so: %s',
    async (how, told) => {
      expect(await pickUp(lab(), way, how)).toBe(told);
      await pickedUp();
    },
  );
}
