/** EDGES 33 to 35: every transfer of a call that the router has rung goes as after a plain Dial(). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { BY_ROUTER, officeSettings } from '../../../lab/rigs/office.ts';
import { talk } from '../../../lab/rigs/talk.ts';
import { CELLS } from '../../../lab/rigs/transfer-cells.ts';

describe.each([16, 22] as const)('a call by the router on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ ...officeSettings(version), startRouter: true });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  describe.each(['caller', 'callee'] as const)('is transferred by the %s', (by) => {
    it.each(CELLS)('$how, the target $target', async ({ act, target, comes }) => {
      expect(await act(await talk(lab, BY_ROUTER), by, target)).toEqual(comes);
    });
  });
});
