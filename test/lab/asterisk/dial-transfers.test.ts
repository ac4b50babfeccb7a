/** Every transfer of a call that a plain Dial() has connected: the measure for those that the router connects, and the proof of the phones that transfer. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { BY_DIAL, officeSettings } from '../../../lab/rigs/office.ts';
import { talk } from '../../../lab/rigs/talk.ts';
import { CELLS } from '../../../lab/rigs/transfer-cells.ts';

describe.each([16, 22] as const)('a call by Dial() on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab(officeSettings(version));
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  describe.each(['caller', 'callee'] as const)('is transferred by the %s', (by) => {
    it.each(CELLS)('$how, the target $target', async ({ act, target, comes }) => {
      expect(await act(await talk(lab, BY_DIAL), by, target)).toEqual(comes);
    });
  });
});
