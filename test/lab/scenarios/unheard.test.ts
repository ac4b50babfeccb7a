/**
 * Where a message, music or a tone cannot play, the next best is heard within a second, and the log and the call's timeline say what is really heard. A caller who leaves is no such
 * fault. Every fault is one that a site makes: in its globals, in musiconhold.conf, in indications.conf.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import type { Lab } from '../../../lab/lab.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import { ENGLISH, type PitchedLab, soundsHeard, startPitchedLab } from '../../../lab/rigs/pitched-sounds.ts';
import { type SiteSounds, siteSounds } from '../../../lab/rigs/site-sounds.ts';

const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;

/** Callers whose network sends audio from the first early media on, and callers whose network sends none before the answer. */
const carriers = [
  { carrier: 'who sends audio early', audio: { sendFrom: 'early-media' } },
  { carrier: 'who sends none before the answer', audio: { sendFrom: 'answer' } },
] as const;

describe.each([16, 22] as const)('what cannot be heard on Asterisk %i', (version) => {
  let lab: Lab;
  let globals: PitchedLab['globals'];
  let sounds: PitchedLab['sounds'];
  let site: SiteSounds;
  let sinceMs: number;

  beforeAll(async () => {
    ({ lab, globals, sounds } = await startPitchedLab(version));
    site = await siteSounds(lab.asterisk);
  });
  beforeEach(async () => {
    await site.mend();
    // Each warning is said once by one run.
    await lab.router.restart();
    sinceMs = nowMs();
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const notHeard = async (call: LabCall) =>
    (await lab.story(call)).timeline.filter(({ what }) => what === 'not-heard').map(({ facts }) => facts);
  const warned = (what: RegExp) =>
    lab.router.log.find(what).filter(({ atMs, text }) => atMs >= sinceMs && text.includes(' WARN '));
  const told = (what: RegExp) => lab.router.log.waitFor(what, undefined, sinceMs);
  const answered = async (call: LabCall, alice: Callee) => {
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
  };

  describe.each(carriers)('by a caller $carrier', ({ audio }) => {
    it('music where no class has any: ringback', async () => {
      await globals({ XIVO_MAPP_MSG_SOUND: 'no-such-sound', XIVO_MAPP_TONE_COUNTRY: 'fr' });
      await site.withoutMusic();
      const alice = await lab.user({ ...sleeper, musicClass: 'other' });
      const call = await lab.caller({ audio }).call(alice);
      await call.hears('ringback');
      await told(/WARN .*music class \\?"other\\?" plays nothing.*ringback is heard instead/);
      await told(/WARN .*message no-such-sound cannot be played, tone is heard instead/);
      await answered(call, alice);
      expect(soundsHeard(call)).not.toContain('sound');
      expect(await notHeard(call)).toEqual([
        { what: 'music', name: 'other', heard: 'tone' },
        { what: 'message', name: 'no-such-sound', heard: 'tone' },
      ]);
    });

    it('music, after a message that is heard: ringback', async () => {
      await globals({});
      await site.withoutMusic();
      const alice = await lab.user(sleeper);
      const call = await lab.caller({ audio }).call(alice);
      await call.hears(ENGLISH);
      await call.hears('ringback');
      await answered(call, alice);
      expect(await notHeard(call)).toEqual([{ what: 'music', name: 'default', heard: 'tone' }]);
    });

    it('a tone whose zone lacks it, after a message that does not exist, and no zone that has it: ringback of France', async () => {
      await globals({
        XIVO_MAPP_MSG_SOUND: 'no-such-sound',
        XIVO_MAPP_WAIT_WITH_MUSIC: 'False',
        XIVO_MAPP_TONE_COUNTRY: 'uk',
      });
      await site.withoutRing();
      const alice = await lab.user(sleeper);
      const call = await lab.caller({ audio }).call(alice);
      await call.hears('ringback');
      await told(/WARN .*ringback of country \\?"uk\\?" cannot be played, that of France is heard/);
      await told(/WARN .*message no-such-sound cannot be played, tone is heard instead/);
      await answered(call, alice);
      expect(await notHeard(call)).toEqual([
        { what: 'message', name: 'no-such-sound', heard: 'tone' },
        { what: 'tone', name: 'uk', heard: 'tone of fr' },
      ]);
    });
  });

  it('a class without files, or that does not exist: music of the default class', async () => {
    await globals({});
    await site.emptyOther();
    for (const musicClass of ['other', 'no-such-class']) {
      const alice = await lab.user({ ...sleeper, musicClass });
      const call = await lab.caller().call(alice);
      await call.hears(TONES.mohDefault);
      await answered(call, alice);
      expect(await notHeard(call)).toEqual([]);
    }
  });

  it('a country that has no zone: ringback of the default zone', async () => {
    await globals({ XIVO_MAPP_WAIT_WITH_MUSIC: 'False', XIVO_MAPP_TONE_COUNTRY: 'zz' });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    await call.hears('ringback');
    await answered(call, alice);
    expect(await notHeard(call)).toEqual([]);
  });

  it('a message, where music follows: music, and each is told of once, however many callers there are', async () => {
    await globals({ XIVO_MAPP_MSG_SOUND: 'no-such-sound' });
    const alice = await lab.user(sleeper);
    for (let calls = 0; calls < 2; calls += 1) {
      const call = await lab.caller().call(alice);
      await call.hears(TONES.mohDefault);
      await expect.poll(() => notHeard(call)).toEqual([{ what: 'message', name: 'no-such-sound', heard: 'music' }]);
      await call.hangUp();
      await call.waitFor('ended');
    }
    expect(warned(/cannot be played/)).toHaveLength(1);
  });

  it.each([
    ['the message, where music follows', 'long', 'True', ENGLISH],
    ['the message, where a tone follows', 'long', 'False', ENGLISH],
    ['the tone', 'short', 'False', 'ringback'],
  ] as const)('a caller who leaves, or is answered, during %s is no fault', async (_, length, withMusic, sound) => {
    await globals({ XIVO_MAPP_MSG_SOUND: sounds[length], XIVO_MAPP_WAIT_WITH_MUSIC: withMusic });
    const alice = await lab.user(sleeper);
    const leaving = await lab.caller().call(alice);
    await leaving.hears(sound);
    await leaving.hangUp();
    await leaving.waitFor('ended');
    const call = await lab.caller().call(alice);
    await call.hears(sound);
    await answered(call, alice);
    for (const one of [leaving, call]) expect(await notHeard(one)).toEqual([]);
    expect(warned(/not play|cannot be played|plays nothing/)).toEqual([]);
  });
});
