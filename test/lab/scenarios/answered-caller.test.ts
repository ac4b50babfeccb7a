/**
 * What a caller hears who was answered before any device has: by the site's dialplan, or by us (XIVO_MAPP_ANSWER_EARLY), for carriers that pass on no early media.
 * The media is up then, so that ringback is a tone.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import { channelVariable } from '../../../lab/asterisk/channel-variable.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import type { Lab } from '../../../lab/lab.ts';
import {
  ANSWERED_BEFORE,
  ENGLISH,
  LONGEST_GAP_MS,
  type PitchedLab,
  type PitchedSounds,
  soundsHeard,
  startPitchedLab,
} from '../../../lab/rigs/pitched-sounds.ts';

/** Callers whose network sends audio from the first early media on, and callers whose network sends none before the answer. */
const carriers = [
  { carrier: 'a caller who sends audio early', audio: { sendFrom: 'early-media' } },
  { carrier: 'a caller who sends none before the answer', audio: { sendFrom: 'answer' } },
] as const;

const channels = z.array(z.object({ id: z.string() }));

const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;

describe.each([16, 22] as const)('what an answered caller hears on Asterisk %i', (version) => {
  let lab: Lab;
  let sounds: PitchedSounds;
  let globals: PitchedLab['globals'];

  beforeAll(async () => {
    ({ lab, sounds, globals } = await startPitchedLab(version));
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('no message, and the site has answered before: ringback as a tone', async () => {
    await globals({ XIVO_MAPP_PLAY_MSG: 'False', XIVO_MAPP_TONE_COUNTRY: 'de' });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call({ number: `${ANSWERED_BEFORE}${alice.number}` });
    await call.waitFor('answered');
    const fromMs = await call.hears('ringback');
    // The first one began in the dialplan.
    const pauseMs = await call.sip.waitUntilHears('silence', SOON_MS, fromMs + 200);
    const againMs = await call.sip.waitUntilHears('ringback', SOON_MS, pauseMs + 200);
    await call.sip.waitUntilHears('silence', SOON_MS, againMs + 200);
    const [, ring] = call.heard().filter(({ what }) => what === 'ringback');
    const lengthMs = (ring?.toMs ?? 0) - (ring?.fromMs ?? 0);
    // A second, in Germany.
    expect(lengthMs).toBeGreaterThan(800);
    expect(lengthMs).toBeLessThan(1_200);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
  });

  it('the message and music also to a caller whom the site has answered before', async () => {
    await globals({});
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call({ number: `${ANSWERED_BEFORE}${alice.number}` });
    const messageFromMs = await call.hears(ENGLISH);
    await call.hears(TONES.mohDefault);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.hears(alice.mobile);
    // Until the router has taken it, such a caller hears the dialplan's ringing as a tone: on a quick machine too little of it to be told.
    expect(soundsHeard(call, messageFromMs)).toEqual([ENGLISH, TONES.mohDefault, alice.mobile.toneHz]);
    await call.hangUp();
  });

  it.each([
    { answered: 'by the site', prefix: ANSWERED_BEFORE, early: 'False', music: 'True' },
    { answered: 'by us', prefix: '', early: 'True', music: 'True' },
    { answered: 'by the site', prefix: ANSWERED_BEFORE, early: 'False', music: 'False' },
  ])(
    'EDGES 25: $answered, and a device answers during the message: what was to follow that ($music) is not heard in the talk',
    async ({ prefix, early, music }) => {
      await globals({
        XIVO_MAPP_MSG_SOUND: sounds.long,
        XIVO_MAPP_ANSWER_EARLY: early,
        XIVO_MAPP_WAIT_WITH_MUSIC: music,
      });
      const alice = await lab.user(sleeper);
      const call = await lab.caller().call({ number: `${prefix}${alice.number}` });
      const fromMs = await call.hears(ENGLISH);
      await alice.mobile.wake();
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      expect(soundsHeard(call, fromMs)).toEqual([ENGLISH, alice.mobile.toneHz]);
      await call.hangUp();
    },
  );

  it.each(carriers)('EDGES 24: XIVO_MAPP_ANSWER_EARLY answers before the message, for $carrier', async ({ audio }) => {
    await globals({ XIVO_MAPP_ANSWER_EARLY: 'True' });
    const alice = await lab.user(sleeper);
    const call = await lab.caller({ audio }).call(alice);
    await call.waitFor('answered');
    expect(alice.mobile.calls).toEqual([]);
    const messageAtMs = await call.hears(ENGLISH);
    const musicAtMs = await call.hears(TONES.mohDefault);
    expect(call.sip.longestGapMs(messageAtMs, musicAtMs)).toBeLessThanOrEqual(LONGEST_GAP_MS);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect((await lab.story(call)).timeline.map(({ what }) => what)).toContain('answered-early');
  });

  it('XIVO_MAPP_ANSWER_EARLY without a message: ringback as a tone', async () => {
    await globals({ XIVO_MAPP_ANSWER_EARLY: 'True', XIVO_MAPP_PLAY_MSG: 'False' });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await call.waitFor('answered');
    await call.hears('ringback');
    await call.hangUp();
  });

  it('XIVO_MAPP_ANSWER_EARLY and nobody wakes: the scenario goes on with the answered channel, marked XIVO_PICKEDUP', async () => {
    await globals({ XIVO_MAPP_ANSWER_EARLY: 'True', XIVO_MAPP_LOOPS_INTERVAL: '1', XIVO_MAPP_LOOPS_MOBILEAPP: '1' });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await call.waitFor('answered');
    await call.hears(TONES.noAnswer);
    const [channel] = channels.parse((await lab.asterisk.ari('GET', '/channels')).body);
    expect(await channelVariable(lab.asterisk, channel?.id ?? '', 'XIVO_PICKEDUP')).toBe('1');
    await call.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over', scenario: 'NOANSWER' });
  });
});
