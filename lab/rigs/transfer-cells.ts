/**
 * What comes of every transfer after a plain Dial(), on Asterisk 16 and 22 alike and whichever side transfers: the measure for any other way in which a call is connected. Measured,
 * not wished. What is not here plain Dial() does not offer: an attended transfer to a number that does not exist, or to somebody who is busy, has no second call to name.
 */
import { expect } from 'vitest';
import { attendedRefer, blindRefer, byManager, keys, type Target, type TransferBy } from './transfers.ts';

interface Cell {
  readonly how: string;
  readonly act: TransferBy;
  readonly target: Target;
  /** What an Outcome is to equal. */
  readonly comes: object;
}

const DONE = { transferred: 'with the target', transferrer: 'ended' } as const;
const LOST = { transferred: 'ended', transferrer: 'ended' } as const;
const BACK = { transferred: 'back', transferrer: 'back' } as const;
/** Asterisk tells one or the other of a target that is busy, as it happens to be faster. */
const BUSY_TOLD = expect.toBeOneOf([200, 503]);

const cells = (how: string, act: TransferBy, comes: Partial<Readonly<Record<Target, object>>>): readonly Cell[] =>
  (['answers', 'busy', 'nowhere'] as const).flatMap((target) => {
    const expected = comes[target];
    return expected === undefined ? [] : [{ how, act, target, comes: expected }];
  });

export const CELLS: readonly Cell[] = [
  ...cells('REFER', blindRefer(), {
    answers: { told: 200, ...DONE },
    busy: { told: BUSY_TOLD, transferred: 'ended', transferrer: expect.toBeOneOf(['ended', 'left']) },
    nowhere: { told: 404, ...BACK },
  }),
  ...cells('REFER, and no BYE', blindRefer({ bye: 'never' }), {
    answers: { told: 200, transferred: 'with the target', transferrer: 'left' },
    busy: { told: BUSY_TOLD, transferred: 'ended', transferrer: 'left' },
    nowhere: { told: 404, ...BACK },
  }),
  ...cells('REFER, and BYE at once', blindRefer({ bye: 'at-once' }), {
    answers: { told: 200, ...DONE },
    busy: { told: BUSY_TOLD, ...LOST },
  }),
  ...cells('attended REFER', attendedRefer('answered', 'first'), { answers: { told: 200, ...DONE } }),
  ...cells('attended REFER in the second call', attendedRefer('answered', 'second'), {
    answers: { told: 200, ...DONE },
  }),
  ...cells('semi-attended REFER', attendedRefer('ringing', 'first'), {
    answers: { told: 200, ...DONE },
    busy: { told: 200, ...LOST },
  }),
  ...cells('semi-attended REFER in the second call', attendedRefer('ringing', 'second'), {
    answers: { told: 200, ...DONE },
    busy: { told: 200, ...LOST },
  }),
  ...cells('keys, blind', keys('blind'), { answers: DONE, busy: LOST, nowhere: BACK }),
  ...cells('keys, attended', keys('attended'), { answers: DONE, busy: BACK, nowhere: BACK }),
  ...cells('keys, semi-attended', keys('semi-attended'), { answers: DONE }),
  ...cells('AMI BlindTransfer', byManager('BlindTransfer'), { answers: DONE, busy: LOST, nowhere: LOST }),
  ...cells('AMI Atxfer', byManager('Atxfer'), { answers: DONE, busy: BACK, nowhere: BACK }),
];
