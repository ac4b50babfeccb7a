/**
 * Many callers who wait at once, and all mobiles that come within a few seconds (EDGES 27, and what `scripts/bench --only load` measures with a thousand): nobody is lost and nothing is left
 * behind. Nothing here is about time, for the machine may be busy with anything.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { playCrowd } from '../../../lab/rigs/crowd.ts';

const CALLS = 250;

describe('Asterisk 22', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({
      version: 22,
      seats: CALLS,
      globals: `XIVO_MAPP_PLAY_MSG = False
XIVO_MAPP_LOOPS_MOBILEAPP = 5
XIVO_MAPP_LOOPS_INTERVAL = 60`,
      asterisk: { rtpPorts: 6 * CALLS },
    });
  });
  afterAll(() => lab.stop());

  test(`${CALLS} callers wait at once, ${CALLS} mobiles register: every one rings, every one is answered, nothing remains (27)`, async () => {
    const { count, failures } = await playCrowd(lab, {
      calls: CALLS,
      come: { together: 25 },
      wakeWithinMs: 2_500,
      goWithinMs: 2_000,
      answerAfterMs: 200,
      patienceMs: 240_000,
    });
    const all = { calls: CALLS, pushed: CALLS, waiting: CALLS, invited: CALLS, answered: CALLS, told: CALLS };
    expect({ ...count, failures }).toEqual({ ...all, left: '', failures: [] });
    // Of a push service that a busy machine makes slow something may be said; of calls and Asterisk there is nothing to say.
    const told = lab.router.log.find(/ (WARN|ERROR) /).map(({ text }) => text);
    expect(told.filter((text) => !text.includes(' pushes through '))).toEqual([]);
  }, 1_200_000);
});
