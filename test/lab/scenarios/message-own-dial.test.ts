/** What a caller hears whose dialplan keeps its own Dial, by FastAGI: the message, then music or ringback, as in Stasis(); and the message holds up no ringing. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import type { Lab } from '../../../lab/lab.ts';
import { type Door, NEXT_USER_DIALPLAN, numberOf } from '../../../lab/rigs/next-user.ts';
import { tellWhere } from '../../../lab/rigs/own-dial.ts';
import {
  ENGLISH,
  heardForMs,
  type PitchedLab,
  type PitchedSounds,
  soundsHeard,
  startPitchedLab,
} from '../../../lab/rigs/pitched-sounds.ts';

const doors: readonly Door[] = ['Gosub(xivo-mapp-own-dial)', 'the global hook by FastAGI'];
const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;

describe.each([16, 22] as const)('message and music by FastAGI on Asterisk %i', (version) => {
  let lab: Lab;
  let sounds: PitchedSounds;
  let globals: PitchedLab['globals'];
  beforeAll(async () => {
    ({ lab, sounds, globals } = await startPitchedLab(version, NEXT_USER_DIALPLAN));
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const settings = async (lines: Readonly<Record<string, string>>): Promise<void> => {
    await globals(lines);
    await tellWhere(lab);
  };

  it.each(doors)('the message once, then music until the mobile rings, through %s', async (door) => {
    await settings({});
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(numberOf(door, alice));
    await call.hears(ENGLISH);
    await call.hears(TONES.mohDefault);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect(soundsHeard(call).slice(0, 2)).toEqual([ENGLISH, TONES.mohDefault]);
    expect(heardForMs(call, ENGLISH)).toBeLessThan(800);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'READY', reason: 'mobile', dialStatus: 'ANSWER' });
  });

  it.each(doors)('a mobile that wakes under a long message rings at once, through %s', async (door) => {
    await settings({ XIVO_MAPP_MSG_SOUND: sounds.long });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(numberOf(door, alice));
    await call.hears(ENGLISH);
    await alice.mobile.wake();
    // The message lasts for ten.
    await alice.mobile.answer(5_000);
    await call.talksWith(alice.mobile, 5_000);
    expect(soundsHeard(call)).not.toContain(TONES.mohDefault);
    await call.hangUp();
  });

  it('the message, then ringback as a tone, where the site wants no music', async () => {
    await settings({ XIVO_MAPP_WAIT_WITH_MUSIC: 'False' });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(numberOf('the global hook by FastAGI', alice));
    await call.hears(ENGLISH);
    await call.hears('ringback');
    await call.hangUp();
  });

  it('a message that there is not: music at once, and the log says so', async () => {
    await settings({ XIVO_MAPP_MSG_SOUND: 'no-such-sound' });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(numberOf('the global hook by FastAGI', alice));
    await call.hears(TONES.mohDefault);
    await lab.router.log.waitFor(/WARN .*the message no-such-sound cannot be played, music is heard instead/);
    await call.hangUp();
  });

  it('a caller who hangs up under the message: nothing is left, and the mobile is told', async () => {
    await settings({ XIVO_MAPP_MSG_SOUND: sounds.long });
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(numberOf('the global hook by FastAGI', alice));
    await call.hears(ENGLISH);
    await alice.mobile.waitForPush('incoming-call');
    await call.hangUp();
    expect((await alice.mobile.waitForPush('call-ended')).payload.reason).toBe('caller-left');
    expect(await lab.story(call)).toMatchObject({ outcome: 'caller-left', reason: 'while-waiting' });
  });

  it('a router that dies under the message: the dialplan goes on at once', async () => {
    await settings({ XIVO_MAPP_MSG_SOUND: sounds.long });
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(numberOf('the global hook by FastAGI', alice));
    await call.hears(ENGLISH);
    await lab.router.kill();
    try {
      await alice.webApp.answer(5_000);
      await call.talksWith(alice.webApp);
      await call.hangUp();
    } finally {
      await lab.router.start();
    }
  });
});
