/** What else happens to a call that a plain Dial() has connected: hold, parking, moves, conference, recording, pickup. The measure for those that the router connects. */
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { moveCases } from '../../../lab/rigs/moves-cases.ts';
import { BY_DIAL, officeSettings } from '../../../lab/rigs/office.ts';

describe.each([16, 22] as const)('a call by Dial() on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab(officeSettings(version));
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  moveCases(() => lab, BY_DIAL);
});
