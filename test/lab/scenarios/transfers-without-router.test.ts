/**
 * EDGES 33 to 35: once the two talk, every transfer goes as after a plain Dial(), whatever has become of the router: it has died, or stands
 * still with its connection open.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { answerIsKept, dies } from '../../../lab/rigs/death.ts';
import { BY_DIAL, BY_ROUTER, officeSettings } from '../../../lab/rigs/office.ts';
import { type Talk, talk } from '../../../lab/rigs/talk.ts';
import { CELLS } from '../../../lab/rigs/transfer-cells.ts';

/** SIGSTOP, what happens while the router stands still, and SIGCONT. */
async function standsStill({ router }: Lab, meanwhile: () => Promise<unknown>): Promise<void> {
  router.standStill();
  await meanwhile();
  router.goOn();
}

describe.each([
  { version: 16, by: 'caller', how: 'has died', without: dies },
  { version: 22, by: 'callee', how: 'stands still', without: standsStill },
] as const)(
  'a call by a router that $how, on Asterisk $version, is transferred by the $by',
  ({ version, by, without }) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ ...officeSettings(version), startRouter: true });
    });
    afterEach(async () => {
      lab.router.goOn();
      await lab.router.start();
      await lab.nothingRemains();
    });
    afterAll(() => lab?.stop());

    it.each(CELLS)('$how, the target $target', async ({ act, target, comes }) => {
      const both = await talk(lab, BY_ROUTER);
      await answerIsKept(lab);
      // No router is there to be told of the third one.
      const alone: Talk = { ...both, way: BY_DIAL };
      await without(lab, async () => {
        expect(await act(alone, by, target)).toEqual(comes);
      });
      // Whoever comes back knows that the call was answered, though its channels are gone.
      await expect.poll(() => lab.api.calls(1)).toMatchObject([{ ended: true, outcome: 'answered' }]);
    });
  },
);
