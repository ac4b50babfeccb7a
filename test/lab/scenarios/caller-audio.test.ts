/**
 * What the caller hears, by the table of the design: message, then music or ringback; ringback alone as a signal or as a tone. Messages and music are tones
 * of known pitch here, so that what was heard, and when, can be told apart; one call hears the real message.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import type { LabCall } from '../../../lab/caller.ts';
import type { Lab } from '../../../lab/lab.ts';
import {
  ENGLISH,
  FRENCH,
  heardForMs,
  IN_FRENCH,
  LONGEST_GAP_MS,
  longestGapMs,
  type PitchedLab,
  type PitchedSounds,
  soundsHeard,
  startPitchedLab,
} from '../../../lab/rigs/pitched-sounds.ts';
import { GLOBALS } from '../../../src/call/globals.ts';

/** Callers whose network sends audio from the first early media on, and callers whose network sends none before the answer. */
const carriers = [
  { carrier: 'a caller who sends audio early', audio: { sendFrom: 'early-media' }, whose: "callee's own" },
  { carrier: 'a caller who sends none before the answer', audio: { sendFrom: 'answer' }, whose: 'default' },
] as const;

const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;

describe.each([16, 22] as const)('what the caller hears on Asterisk %i', (version) => {
  let lab: Lab;
  let sounds: PitchedSounds;
  let globals: PitchedLab['globals'];

  beforeAll(async () => {
    ({ lab, sounds, globals } = await startPitchedLab(version));
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const expectNoGap = (call: LabCall): void => expect(longestGapMs(call)).toBeLessThanOrEqual(LONGEST_GAP_MS);

  describe.each(carriers)('by $carrier', ({ audio, whose }) => {
    it(`EDGES 24: the message once, then music of the ${whose} class, until the answer`, async () => {
      await globals({});
      const music = whose === 'default' ? TONES.mohDefault : TONES.mohOther;
      const alice = await lab.user({ ...sleeper, ...(whose === 'default' ? {} : { musicClass: 'other' }) });
      const call = await lab.caller({ audio }).call(alice);
      await call.waitFor('early-media');
      await call.hears(ENGLISH);
      await call.hears(music);
      expect(call.sip.isAnswered).toBe(false);
      await alice.mobile.wake();
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      expect(soundsHeard(call)).toEqual([ENGLISH, music, alice.mobile.toneHz]);
      // Once: half a second of it.
      expect(heardForMs(call, ENGLISH)).toBeLessThan(800);
      expectNoGap(call);
      await call.hangUp();
    });

    it("EDGES 24: the message once, then ringback as a tone in the country's cadence", async () => {
      await globals({ XIVO_MAPP_WAIT_WITH_MUSIC: 'False', XIVO_MAPP_TONE_COUNTRY: 'uk' });
      const alice = await lab.user(sleeper);
      const call = await lab.caller({ audio }).call(alice);
      await call.waitFor('early-media');
      await call.hears(ENGLISH);
      const rangAtMs = await call.hears('ringback');
      expectNoGap(call);
      await call.hears('silence');
      await call.sip.waitUntilHears('ringback', 5_000, rangAtMs + 500);
      await alice.mobile.wake();
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      const rings = call.heard().filter(({ what }) => what === 'ringback');
      // Two rings of 400 ms each, and no other country's of 1000 or more.
      expect(rings.length).toBeGreaterThanOrEqual(2);
      for (const ring of rings) expect(ring.toMs - ring.fromMs).toBeLessThan(700);
      expect(new Set(soundsHeard(call))).toEqual(new Set([ENGLISH, 'ringback', alice.mobile.toneHz]));
      await call.hangUp();
    });

    it('EDGES 25: the message stops at the answer, and both hear each other', async () => {
      await globals({ XIVO_MAPP_MSG_SOUND: sounds.long });
      const alice = await lab.user(sleeper);
      const call = await lab.caller({ audio }).call(alice);
      await call.hears(ENGLISH);
      await alice.mobile.wake();
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      expect(soundsHeard(call)).toEqual([ENGLISH, alice.mobile.toneHz]);
      expectNoGap(call);
      await call.hangUp();
    });
  });

  it('a sound that does not exist: the music comes at once, and the log names the sound', async () => {
    await globals({ XIVO_MAPP_MSG_SOUND: 'no-such-sound' });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await call.hears(TONES.mohDefault);
    await lab.router.log.waitFor(/WARN .*message no-such-sound cannot be played, music is heard instead/);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect(soundsHeard(call)).toEqual([TONES.mohDefault, alice.mobile.toneHz]);
    await call.hangUp();
  });

  it('a sound that does not exist, where ringback shall follow: the ringback comes', async () => {
    await globals({ XIVO_MAPP_MSG_SOUND: 'no-such-sound', XIVO_MAPP_WAIT_WITH_MUSIC: 'False' });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await call.hears('ringback');
    await call.hangUp();
  });

  it('no message: ringing as a signal and no media, until the answer', async () => {
    await globals({ XIVO_MAPP_PLAY_MSG: 'False' });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await call.waitFor('ringing');
    await alice.mobile.waitForPush();
    await alice.mobile.wake();
    await alice.mobile.waitFor('ringing');
    expect(call.heard()).toEqual([]);
    expect(call.record.earlyMediaAtMs).toBeUndefined();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect(soundsHeard(call)).toEqual([alice.mobile.toneHz]);
    expect(call.record.statuses.filter((status) => status !== 100)).toEqual([180, 200]);
    await call.hangUp();
  });

  it.each([
    ['False', ''],
    ['False', 'True'],
    ['True', 'False'],
  ])('XIVO_PLAY_MSG is %j and XIVO_MAPP_PLAY_MSG %j: no message', async (older, newer) => {
    await globals({ XIVO_PLAY_MSG: older, XIVO_MAPP_PLAY_MSG: newer });
    const alice = await lab.user(sleeper);
    const unheard = await lab.caller().call(alice);
    await unheard.waitFor('ringing');
    await alice.mobile.waitForPush();
    await unheard.hangUp();
    expect(unheard.heard()).toEqual([]);
    expect(unheard.record.earlyMediaAtMs).toBeUndefined();
    const [on, off] =
      newer === 'True' ? ['XIVO_MAPP_PLAY_MSG', 'XIVO_PLAY_MSG'] : ['XIVO_PLAY_MSG', 'XIVO_MAPP_PLAY_MSG'];
    if (newer !== '')
      expect(lab.router.log.tail()).toContain(`but ${off} is False; False is used instead variable=${on}`);
  });

  it('XIVO_PLAY_MSG is True, and XIVO_MAPP_PLAY_MSG not set: the message', async () => {
    await globals({ XIVO_PLAY_MSG: 'True', XIVO_MAPP_PLAY_MSG: '' });
    const heard = await lab.caller().call(await lab.user(sleeper));
    await heard.hears(ENGLISH);
    await heard.hangUp();
  });

  it("the message is in the channel's language", async () => {
    await globals({});
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call({ number: `${IN_FRENCH}${alice.number}` });
    await call.hears(FRENCH);
    await call.hears(TONES.mohDefault);
    expect(soundsHeard(call)).toEqual([FRENCH, TONES.mohDefault]);
    await call.hangUp();
  });

  it('the message of the defaults is heard, then music, without a gap', async () => {
    await globals({ XIVO_MAPP_MSG_SOUND: GLOBALS.XIVO_MAPP_MSG_SOUND });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await call.hears('sound');
    await call.hears(TONES.mohDefault);
    expectNoGap(call);
    await call.hangUp();
  });

  it('no message to a caller who waits for nobody: the UC Assistant rings at once', async () => {
    await globals({});
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    const call = await lab.caller().call(alice);
    await call.waitFor('ringing');
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    expect(soundsHeard(call)).toEqual([alice.webApp.toneHz]);
    await call.hangUp();
  });
});
