/** The caller's channel on a real Asterisk: what is read, what is heard without a gap, and how it leaves us. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import { CallerGone, PbxError } from '../../../src/call/errors.ts';
import type { HoldNews } from '../../../src/call/ports.ts';
import { type AriLab, SOON_MS, startAriLab } from './ari-lab.ts';

const MAX_GAP_MS = 300;

describe.each([16, 22] as const)('a caller on Asterisk %i', (version) => {
  let lab: AriLab;

  beforeAll(async () => {
    lab = await startAriLab(version);
  });
  afterEach(() => lab.clear());
  afterAll(() => lab.stop());

  it('is offered with user id and party, and everything about it is read at one look', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, userId, arrival, call } = await lab.arrive('early');
    expect({ userId, arrival, party: caller.party, answered: caller.answered }).toEqual({
      userId: 'user-42',
      arrival: 'new',
      party: { name: 'Carol', number: '0612345678' },
      answered: false,
    });
    const reading = await caller.read({
      variables: ['HELD', 'NO_SUCH', 'CHANNEL(language)', 'not a name'],
      globals: ['XIVO_MAPP_PLAY_MSG', 'XIVO_MAPP_LOOPS_INTERVAL', 'NO_SUCH'],
      contactsOf: ['PJSIP/mobile', 'PJSIP/tablet', 'PJSIP/nobody', 'SIP/mobile', 'PJSIP/x)\u0024{y}'],
    });
    expect(Object.fromEntries(reading.variables)).toEqual({
      HELD: '"quoted,  value"',
      NO_SUCH: '',
      'CHANNEL(language)': 'en',
      'not a name': '',
    });
    expect(Object.fromEntries(reading.globals)).toEqual({
      XIVO_MAPP_PLAY_MSG: '"True"',
      XIVO_MAPP_LOOPS_INTERVAL: '7',
      NO_SUCH: '',
    });
    const hash = expect.stringMatching(/^[0-9a-f]{32}$/);
    const phone = { registration: hash, make: hash };
    expect(reading.contacts).toEqual([{ ...lab.contactOf(mobile), expiresAtSec: expect.any(Number), phone }]);
    await call.hangUp();
  });

  it('keeps what is written as it is, and takes nothing that could be evaluated', async () => {
    const { caller, call } = await lab.arrive('early');
    const value = 'v2 a.b:c=d+e%20~!*@/-_';
    await caller.write({ ONE: value, TWO: '2' });
    for (const wrong of ['$' + '{GLOBAL(XIVO_MAPP_PLAY_MSG)}', 'a,b', 'a"b', 'é', '']) {
      await expect(caller.write({ ONE: wrong })).rejects.toBeInstanceOf(PbxError);
    }
    const read = () => caller.read({ variables: ['ONE', 'TWO'], globals: [], contactsOf: [] });
    // Asterisk 16 writes behind our back, within 200 ms.
    await expect.poll(async () => Object.fromEntries((await read()).variables)).toEqual({ ONE: value, TWO: '2' });
    await call.hangUp();
  });

  it.each(['sends', 'sends nothing'] as const)('hears message and music without a gap; it %s', async (audio) => {
    const { caller, call } = await lab.arrive('early', audio === 'sends' ? {} : { audio: { send: 'nothing' } });
    await caller.startHold({ message: 'vm-goodbye', afterwards: { kind: 'music', musicClass: undefined } });
    const messageAtMs = await call.waitUntilHears('sound', SOON_MS);
    const musicAtMs = await call.waitUntilHears(TONES.mohDefault, SOON_MS);
    expect(musicAtMs - messageAtMs).toBeGreaterThan(500);
    expect(call.longestGapMs(messageAtMs, call.heard().at(-1)?.toMs ?? Number.NaN)).toBeLessThan(MAX_GAP_MS);
    await call.hangUp();
  });

  it('hears message and ringback without a gap', async () => {
    const { caller, call } = await lab.arrive('early');
    await caller.startHold({ message: 'vm-goodbye', afterwards: { kind: 'tone', country: 'us' } });
    const messageAtMs = await call.waitUntilHears('sound', SOON_MS);
    await call.waitUntilHears('ringback', SOON_MS);
    expect(call.longestGapMs(messageAtMs, call.heard().at(-1)?.toMs ?? Number.NaN)).toBeLessThan(MAX_GAP_MS);
    await call.hangUp();
  });

  it('hears another class of music', async () => {
    const { caller, call } = await lab.arrive('early');
    await caller.startHold({ message: undefined, afterwards: { kind: 'music', musicClass: 'other' } });
    await call.waitUntilHears(TONES.mohOther, SOON_MS);
    await caller.startHold({ message: undefined, afterwards: { kind: 'music', musicClass: 'no-such-class' } });
    await call.waitUntilHears(TONES.mohDefault, SOON_MS);
    await call.hangUp();
  });

  it('gets 180 where no media is up, and hears what follows a message that does not exist', async () => {
    const ringing = await lab.arrive('bare');
    await ringing.caller.startHold({ message: undefined, afterwards: { kind: 'ringing' } });
    await ringing.call.waitFor('ringing', SOON_MS);
    await ringing.call.hangUp();
    const { caller, call } = await lab.arrive('early');
    const news: HoldNews[] = [];
    const hold = { message: 'no-such-sound', afterwards: { kind: 'tone', country: 'us' } } as const;
    await caller.startHold(hold, (one) => news.push(one));
    await call.waitUntilHears('ringback', SOON_MS);
    await expect.poll(() => news).toEqual([{ what: 'message', played: false }]);
    await call.hangUp();
  });

  it('hears no more once the hold is stopped', async () => {
    const { caller, call } = await lab.arrive('early');
    await caller.startHold({ message: 'demo-congrats', afterwards: { kind: 'music', musicClass: undefined } });
    await call.waitUntilHears('sound', SOON_MS);
    await caller.stopHold();
    await caller.stopHold();
    await caller.startHold({ message: undefined, afterwards: { kind: 'tone', country: 'us' } });
    await call.waitUntilHears('ringback', SOON_MS);
    await call.hangUp();
  });

  it('goes on in the dialplan with status and reason while the message plays', async () => {
    const { caller, call } = await lab.arrive('early');
    await caller.startHold({ message: 'demo-congrats', afterwards: { kind: 'music', musicClass: undefined } });
    await call.waitUntilHears('sound', SOON_MS);
    await caller.giveBack('BUSY', 'on-the-phone');
    await call.waitFor('ended', SOON_MS);
    expect(call.record.finalStatus).toBe(486);
    expect(caller.left.aborted).toBe(false);
    await expect(caller.answer()).rejects.toBeInstanceOf(CallerGone);
    await caller.hangUp();
    await caller.stopHold();
  });

  it('that has left is known at once, and everything says so', async () => {
    const { caller, call } = await lab.arrive('early');
    await call.hangUp();
    await expect.poll(() => caller.left.aborted).toBe(true);
    expect(caller.left.reason).toBeInstanceOf(CallerGone);
    await expect(caller.answer()).rejects.toBe(caller.left.reason);
    await expect(caller.giveBack('NOANSWER', 'x')).rejects.toBe(caller.left.reason);
    await expect(caller.read({ variables: ['A'], globals: [], contactsOf: [] })).rejects.toBe(caller.left.reason);
    await caller.stopHold();
    await caller.hangUp();
  });

  it.each([
    ['answered elsewhere', 'Q.850;cause=26', 'answered-elsewhere'],
    ['nothing', undefined, 'hung-up'],
  ] as const)('that cancels, and gives as its reason %s (%s), is %s', async (_, reason, how) => {
    const { caller, call } = await lab.arrive('early');
    await call.hangUp(reason);
    await expect.poll(() => caller.left.aborted).toBe(true);
    expect(caller.left.reason).toMatchObject({ name: 'CallerGone', how });
  });

  it('that somebody moves to another place in the dialplan has left, and is left alone', async () => {
    const { caller, call } = await lab.arrive('up');
    await caller.startHold({ message: undefined, afterwards: { kind: 'music', musicClass: undefined } });
    await call.waitUntilHears(TONES.mohDefault, SOON_MS);
    const { name } = z
      .object({ name: z.string() })
      .parse((await lab.asterisk.ari('GET', `/channels/${caller.channelId}`)).body);
    await lab.asterisk.cli(`channel redirect ${name} lab-idle,s,1`);
    await expect.poll(() => caller.left.aborted).toBe(true);
    expect(caller.left.reason).toMatchObject({ how: 'moved' });
    await expect(caller.giveBack('NOANSWER', 'x')).rejects.toBe(caller.left.reason);
    await caller.hangUp();
    expect(call.hasEnded).toBe(false);
    await call.hangUp();
  });

  it('that somebody else hangs up is gone', async () => {
    const { caller, call } = await lab.arrive('early');
    await lab.asterisk.ari('DELETE', `/channels/${caller.channelId}`);
    await call.waitFor('ended', SOON_MS);
    await expect(caller.write({ A: 'b' })).rejects.toBeInstanceOf(CallerGone);
  });

  it('that is up was answered before, and is hung up', async () => {
    const { caller, call } = await lab.arrive('up');
    expect(caller.answered).toBe(true);
    await caller.hangUp();
    await call.waitFor('ended', SOON_MS);
    await expect.poll(() => caller.left.aborted).toBe(true);
  });
});
