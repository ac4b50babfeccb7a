/** EDGES 36 to 38: hold, parking, moves, conference, recording and pickup of a call that the router has rung go as after a plain Dial(). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.ts';
import {
  endByKeys,
  HOLDS,
  holdAndBack,
  parkAndRetrieve,
  pickUp,
  record,
  redirectBoth,
  redirectOne,
} from '../rigs/moves.ts';
import { BY_ROUTER, officeSettings } from '../rigs/office.ts';
import { hangUpAll, talk } from '../rigs/talk.ts';

describe.each([16, 22] as const)('a call by the router on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ ...officeSettings(version), startRouter: true });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  describe.each(['caller', 'callee'] as const)('and its %s', (by) => {
    it.each(HOLDS)('puts the other on hold by %j, who hears music, and takes it back', async (form) => {
      const both = await talk(lab, BY_ROUTER);
      await holdAndBack(both, by, form);
      await hangUpAll([both.caller.phone]);
    });

    it('parks the other, and a colleague takes it from there', async () => {
      expect(await parkAndRetrieve(await talk(lab, BY_ROUTER), by)).toBe('701');
    });

    it('is sent elsewhere by the manager, and the other hung up', async () => {
      await redirectOne(await talk(lab, BY_ROUTER), by);
    });

    it('records it by a key', async () => {
      const both = await talk(lab, BY_ROUTER);
      await record(both, by);
      await hangUpAll([both.caller.phone]);
    });

    it('ends it by a key', async () => {
      await endByKeys(await talk(lab, BY_ROUTER), by);
    });
  });

  it('is moved into a conference, both at once', async () => {
    await redirectBoth(await talk(lab, BY_ROUTER));
  });

  // Asterisk's own feature tells the phone that rang no more than that the call is over.
  it.each([
    ['feature', false],
    ['application', true],
    ['mark', true],
  ] as const)(
    'is picked up by a colleague while it rings, by %s, and the phone that rang is told so: %s',
    async (how, told) => {
      expect(await pickUp(lab, BY_ROUTER, how)).toBe(told);
      await expect
        .poll(() => lab.api.calls(1), { timeout: 10_000 })
        .toMatchObject([{ outcome: 'answered', reason: 'picked-up' }]);
    },
  );
});
