/**
 * EDGES 38: what the site lays on a call before the hook holds through the wait and the talk, as with a plain Dial(): a time after which
 * it ends, by XIVO_CALLOPTIONS or TIMEOUT(absolute), and a recording.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { allOut, bounded, LIMIT, limitSettings, recorded, talkOut, waitOut } from '../../../lab/rigs/limits.ts';
import { BY_DIAL, BY_ROUTER, deskUser } from '../../../lab/rigs/office.ts';
import { hearEachOtherLong, recordingOf } from '../../../lab/rigs/recordings.ts';

/** Seconds from before the hook, which begins with the INVITE. */
const GRANTED = { variables: { 'TIMEOUT(absolute)': '4' } } as const;
/** No less than what is granted, but for clocks that are told in milliseconds. */
const ALL_OF_IT_MS = 3990;
/** The end of such a call; where there is no extension T, the call log has one row of it. */
const over = (scenario: '' | typeof LIMIT) => ({
  scenario,
  lastedMs: expect.toSatisfy((ms: number) => ms > ALL_OF_IT_MS),
  ...(scenario === '' ? { rows: 1 } : {}),
});
const HEARD = { callerHeard: ['the other'], calleeHeard: ['the other'] } as const;

describe.each([16, 22] as const)('on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab(limitSettings(version));
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  describe.each([
    { name: 'Dial()', way: BY_DIAL, withT: [bounded('dial')] },
    { name: 'the router', way: BY_ROUTER, withT: [bounded('router'), bounded('presubr')] },
  ])('a call by $name', ({ way, withT }) => {
    it.each([
      { options: 'tL(3500)X', leastMs: 3490, hears: HEARD },
      { options: 'S(3)', leastMs: 2990, hears: HEARD },
      { options: 'L(3000)S(9)', leastMs: 2990, hears: HEARD },
      { options: 'L(6000:3000:1000)', leastMs: 5990, hears: { ...HEARD, callerHeard: ['the other', 'sound'] } },
    ])('ends by $options of XIVO_CALLOPTIONS', async ({ options, leastMs, hears }) => {
      const user = await deskUser(lab, way, { variables: { XIVO_CALLOPTIONS: options } });
      const ranOut = await talkOut(lab, way, user);
      expect(ranOut).toMatchObject({ ...hears, rows: 1 });
      expect(ranOut.talkedMs).toBeGreaterThan(leastMs);
    });

    it('ends when the time is over that the site grants, at its extension T where there is one: in the talk, or while it rings', async () => {
      expect(
        await allOut(lab, GRANTED, [
          { act: talkOut, by: way },
          { act: waitOut, by: way },
          ...withT.flatMap((by) => [
            { act: talkOut, by },
            { act: waitOut, by },
          ]),
        ]),
      ).toMatchObject([over(''), over(''), ...withT.flatMap(() => [over(LIMIT), over(LIMIT)])]);
    });

    it('is recorded from before the hook to its end', async () => {
      const user = await deskUser(lab, way);
      const call = await lab.caller().call(recorded(way).numberOf(user));
      await user.webApp.answer();
      await hearEachOtherLong(call, user.webApp);
      await call.hangUp();
      const recording = await recordingOf(lab, call);
      expect(recording.tenthsWith(call.toneHz, user.webApp.toneHz).length).toBeGreaterThan(5);
      expect(recording.audioBytes.byHeader).toBe(recording.audioBytes.byLength);
    });
  });

  it.each(['L(x)', 'L', 'S(x)'])('a call by the router is no worse for %s of XIVO_CALLOPTIONS', async (options) => {
    const user = await deskUser(lab, BY_ROUTER, { variables: { XIVO_CALLOPTIONS: options } });
    const call = await lab.caller().call(user);
    await user.webApp.answer();
    await hearEachOtherLong(call, user.webApp);
    await call.hangUp();
  });

  it('a call by the router is connected where Asterisk lacks the module for L(), and the log says which', async () => {
    const module = 'bridge_builtin_interval_features.so';
    await lab.asterisk.cli(`module unload ${module}`);
    const user = await deskUser(lab, BY_ROUTER, { variables: { XIVO_CALLOPTIONS: 'L(9000:3000)' } });
    const call = await lab.caller().call(user);
    await user.webApp.answer();
    await hearEachOtherLong(call, user.webApp);
    await call.hangUp();
    await lab.asterisk.cli(`module load ${module}`);
    expect(await readFile(lab.asterisk.logFile, 'utf8')).toContain(`of XIVO_CALLOPTIONS: load ${module}`);
  });

  it.each(['dial', 'router', 'presubr'] as const)(
    'with g of XIVO_CALLOPTIONS the dialplan goes on after the talk, and knows that it was one: by %s',
    async (by) => {
      const user = await deskUser(lab, bounded(by), { variables: { XIVO_CALLOPTIONS: 'g' } });
      const call = await lab.caller().call(bounded(by).numberOf(user));
      await user.webApp.answer();
      await call.talksWith(user.webApp);
      await user.webApp.hangUp();
      await call.hears(TONES.noAnswer);
      await call.waitFor('ended');
      expect(await lab.ending(call)).toMatchObject({ dialStatus: 'ANSWER', scenario: 'NOANSWER' });
    },
  );

  describe('a call by the router whose mobile sleeps', () => {
    const asleep = (wakesAfterMs: number | 'never') =>
      ({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs } }) as const;

    it('ends when the time is over that the site grants, at its extension T where there is one, and the mobile is told', async () => {
      expect(
        await allOut(lab, { ...asleep('never'), ...GRANTED }, [
          { act: waitOut, by: BY_ROUTER },
          { act: waitOut, by: bounded('router') },
          { act: waitOut, by: bounded('presubr') },
        ]),
      ).toMatchObject([over(''), over(LIMIT), over(LIMIT)]);
      const told = () => lab.push.fcm.requests.filter(({ payload }) => payload.type === 'call-ended');
      await expect.poll(told).toHaveLength(3);
      expect(await readFile(lab.asterisk.logFile, 'utf8')).not.toContain('has not seen to a call in time');
    });

    it('ends at the site’s extension T also while the dialplan waits for a router that has stopped', async () => {
      const user = await deskUser(lab, BY_ROUTER, { ...asleep('never'), ...GRANTED });
      const ranOut = waitOut(lab, bounded('router'), user);
      await user.mobile.waitForPush();
      await lab.router.terminate();
      expect(await ranOut).toMatchObject(over(LIMIT));
      await lab.router.start();
    });

    it('is recorded from before the hook to its end: first the caller and what it hears, then the two', async () => {
      const user = await deskUser(lab, BY_ROUTER, asleep(3000));
      const call = await lab.caller().call(recorded(BY_ROUTER).numberOf(user));
      await call.hears(TONES.mohDefault);
      await user.mobile.answer();
      await hearEachOtherLong(call, user.mobile);
      await call.hangUp();
      const recording = await recordingOf(lab, call);
      const wait = recording.tenthsWith(call.toneHz, TONES.mohDefault);
      const talk = recording.tenthsWith(call.toneHz, user.mobile.toneHz);
      expect(wait.length).toBeGreaterThan(5);
      expect(talk.length).toBeGreaterThan(5);
      expect(Math.min(...talk)).toBeGreaterThan(Math.max(...wait));
      expect(recording.audioBytes.byHeader).toBe(recording.audioBytes.byLength);
    });
  });
});
