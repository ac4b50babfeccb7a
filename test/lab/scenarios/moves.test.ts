/** EDGES 36 to 38: hold, parking, moves, conference, recording and pickup of a call that the router has rung go as after a plain Dial(). */
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { moveCases } from '../../../lab/rigs/moves-cases.ts';
import { BY_ROUTER, officeSettings } from '../../../lab/rigs/office.ts';

describe.each([16, 22] as const)('a call by the router on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ ...officeSettings(version), startRouter: true });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  moveCases(
    () => lab,
    BY_ROUTER,
    async () => {
      await expect.poll(() => lab.api.calls(1)).toMatchObject([{ outcome: 'answered', reason: 'picked-up' }]);
    },
  );
});
