/**
 * A restart in a crowd: the router dies (kill -9) while very many callers wait, ring and talk. The next one takes them over a few at a time, and nobody is lost: whoever talks or rings notices
 * nothing, a mobile that registers in the middle rings, and every wait ends by itself. Nothing here is about time, for the machine may be busy with anything.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { allRemembered, wakesOf } from '../../../lab/rigs/death.ts';
import { allAre, liveCalls, stillTalk } from '../../../lab/rigs/live-calls.ts';
import { inTurns, seatSleepers, UNHEARD } from '../../../lab/rigs/many.ts';
import { SlowAri } from '../../../lab/rigs/slow-ari.ts';

const WAITING = 60;
const RINGING = 10;
const PATIENCE_MS = 120_000;
/** Eight turns, eight questions, eight orders that nobody waits for, and the four connections that are kept: the lanes bear 44. */
const MOST_AT_ONCE = 8 + 8 + 8 + 4;
/** What one answer takes, so that what is asked at once is seen to be. */
const ANSWER_MS = 50;
/** So many requests until the first callers are found. */
const BEGINNING = 15;
const GLOBALS = `XIVO_MAPP_PLAY_MSG = False
XIVO_MAPP_WAIT_WITH_MUSIC = False
XIVO_MAPP_LOOPS_MOBILEAPP = 10
XIVO_MAPP_LOOPS_INTERVAL = 30`;

describe.each([16, 22] as const)('a router that dies in a crowd on Asterisk %i', (version) => {
  let lab: Lab;
  let slow: SlowAri;
  beforeAll(async () => {
    const seats = WAITING + RINGING + 3;
    lab = await startLab({ version, seats, globals: GLOBALS, startRouter: false, asterisk: { rtpPorts: 8 * seats } });
    slow = await SlowAri.before(lab);
  });
  afterAll(async () => {
    await lab?.stop();
    await slow?.stop();
  });

  const comes = async (callee: Callee): Promise<LabCall> => {
    const call = await lab.caller({ audio: UNHEARD }).call(callee);
    await callee.mobile.waitForPush('incoming-call', PATIENCE_MS);
    return call;
  };

  it('the next one takes over whoever waits, and whoever rings or talks does not notice', async () => {
    const sleepers = await seatSleepers(lab, WAITING, 0, () => ({}));
    const awake = await inTurns(Array.from({ length: RINGING }), () =>
      lab.user({ ringingDevice: 'MobileApp', ringSeconds: 600, mobile: { audio: UNHEARD } }),
    );
    const talker = await lab.user({ ringingDevice: 'MobileApp', mobile: {} });
    const talk = await lab.caller().call(talker);
    await talker.mobile.answer();
    await talk.talksWith(talker.mobile);
    const rings = await inTurns(awake, comes, 5);
    await Promise.all(awake.map(({ mobile }) => mobile.phone.nextCall(PATIENCE_MS)));
    const waits = await inTurns(sleepers, comes, 5);
    await allRemembered(lab, sleepers);

    // One who came for a short wait, which is over before any router is there again.
    await lab.asterisk.reloadGlobals(GLOBALS.replace('= 10', '= 1').replace('= 30', '= 5'));
    const [brief, late] = await seatSleepers(lab, 2, 0, () => ({}));
    if (brief === undefined || late === undefined) throw new Error('two seats were asked for');
    const overdue = await comes(brief);
    await lab.asterisk.reloadGlobals(GLOBALS);

    const [inTheMiddle] = sleepers.slice(-1);
    await lab.router.kill();
    await stillTalk(talk, talker.mobile);
    slow.slow(ANSWER_MS);
    const asked = slow.asked;
    lab.router.launch();
    // All is under way from then on: a new caller comes, and a mobile registers.
    await expect.poll(() => slow.asked - asked, { timeout: PATIENCE_MS }).toBeGreaterThan(BEGINNING);
    const [, joining] = await Promise.all([inTheMiddle?.mobile.wake(), comes(late)]);
    await waits.at(-1)?.waitFor('answered', PATIENCE_MS);
    await lab.router.waitUntilHealthy();
    expect(await fallsBack(lab, overdue)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over' });
    await stillTalk(talk, talker.mobile);
    // The new caller has taken the place of the one whose mobile has answered.
    await allAre(lab, 'waiting', WAITING, PATIENCE_MS);
    expect(slow.mostWaiting).toBeLessThanOrEqual(MOST_AT_ONCE);
    slow.quick();
    expect(await liveCalls(lab, 'talking')).toBe(1);

    // Nobody was rung twice, nobody was pushed twice, and nobody was let go.
    expect(awake.map(({ mobile }) => mobile.calls.length)).toEqual(awake.map(() => 1));
    expect(sleepers.map(({ mobile }) => wakesOf(mobile))).toEqual(sleepers.map(() => 1));
    expect([...rings, ...waits].filter(({ hasEnded }) => hasEnded)).toEqual([]);
    const others = [...sleepers.slice(0, -1), late];
    await inTurns(awake, ({ mobile }) => mobile.answer());
    await inTurns(others, ({ mobile }) => mobile.wake(), 10);
    const all = [...rings, ...waits, joining];
    await Promise.all(all.map((call) => call.waitFor('answered', PATIENCE_MS)));
    await Promise.all([...all, talk].map((call) => call.hangUp()));
    for (const call of [...all, talk])
      expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    await lab.nothingRemains(PATIENCE_MS);
  }, 600_000);
});
