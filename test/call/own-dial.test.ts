/** Stories of dialplans that keep their own Dial: what they are told, when, and how the mobiles learn of the end. */
import { describe, expect, it } from 'vitest';
import { DialplanStory } from '../../lab/fakes/dialplan.ts';
import { MOBILE, WEBAPP } from '../../lab/fakes/world.ts';
import { PbxError } from '../../src/call/errors.ts';

const OLD = 'sip:old@10.0.0.1:4000';
const UC = 'sip:uc@10.0.0.9';

describe('a wake', () => {
  it('ends the moment a mobile registers, and the dialplan can dial it', async () => {
    const story = new DialplanStory().sleepingMobile('phone', { wakesAfterMs: 2000 });
    const startedMs = story.clock.nowMs();
    await story.ask('wake');
    expect(story.told).toEqual(['READY', 'mobile', `${MOBILE}/sip:phone@10.0.0.1`]);
    expect(story.woken[0]?.notice).toMatchObject({
      callId: 'xm-0000000000000001',
      calleeUserId: '7',
      caller: { name: 'Carol' },
    });
    const atMs =
      story.callHistory.calls.get('xm-0000000000000001')?.timeline.find(({ what }) => what === 'given-back')?.atMs ?? 0;
    expect(atMs).toBeLessThan(2_050);
    expect(story.clock.nowMs() - startedMs).toBeLessThan(3_000);
    const afterwards = { kind: 'music', musicClass: undefined };
    expect(story.pbx.holds).toEqual([{ message: 'one-moment-please', afterwards }]);
    expect(story.toldEnded).toEqual([]);
    story.theDialplanGoesOn();
  });

  it('of a user without the app makes one line at the lowest level and no history', async () => {
    const story = new DialplanStory();
    await story.ask('wake', '8');
    expect(story.told).toEqual(['PASSED', 'unknown-user', '']);
    expect(story.log.lines.map(({ level }) => level)).toEqual(['debug']);
    expect(story.callHistory.calls.get('xm-0000000000000001')?.summary).toMatchObject({ isKept: false });
    story.theDialplanGoesOn();
  });

  it('is recorded as a call, with its timeline', async () => {
    const story = new DialplanStory().sleepingMobile('phone', { wakesAfterMs: 2000 });
    await story.ask('wake');
    expect(story.callHistory.told('xm-0000000000000001')).toEqual(
      expect.arrayContaining(['arrived', 'planned', 'push-sent', 'stage:waiting', 'mobile-registered', 'given-back']),
    );
    expect(story.callHistory.calls.get('xm-0000000000000001')?.summary).toMatchObject({
      outcome: 'ready',
      reason: 'mobile',
    });
    expect(story.log.at('info')[0]?.message).toBe('call xm-0000000000000001 ready: mobile');
  });

  it('gives what was registered before as well: it may be alive', async () => {
    const story = new DialplanStory('WebAppAndMobileApp')
      .registered(MOBILE, OLD, {})
      .registered(WEBAPP, UC, {})
      .sleepingMobile('phone', { wakesAfterMs: 500 });
    await story.ask('wake');
    expect(story.said('XIVO_MAPP_DIAL').split('&').sort()).toEqual([
      `${MOBILE}/${OLD}`,
      `${MOBILE}/sip:phone@10.0.0.1`,
      `${WEBAPP}/${UC}`,
    ]);
    story.theDialplanGoesOn();
  });

  it('is over after the loops: NOANSWER where nobody is registered, and the mobile is told', async () => {
    const story = new DialplanStory().sleepingMobile('phone');
    await story.ask('wake');
    expect(story.told).toEqual(['NOANSWER', 'wait-over', '']);
    expect(story.waitedSeconds).toBe(15);
    expect(story.toldEnded.map(({ notice }) => notice.reason)).toEqual(['no-answer']);
    story.theDialplanGoesOn();
  });

  it('is over after the loops: the UC Assistant, or an old registration, is there to be tried', async () => {
    const story = new DialplanStory('WebAppAndMobileApp').registered(WEBAPP, UC, {}).sleepingMobile('phone');
    story.pbx.globals.set('XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP', '2');
    await story.ask('wake');
    expect(story.told).toEqual(['READY', 'wait-over', `${WEBAPP}/${UC}`]);
    expect(story.waitedSeconds).toBe(10);
    expect(story.toldEnded).toEqual([]);
    story.theDialplanGoesOn();
  });

  it('sees a phone that renews its old registration', async () => {
    const story = new DialplanStory()
      .registered(MOBILE, OLD, {})
      .sleepingMobile('phone', { wakesAfterMs: 300, uri: OLD });
    await story.ask('wake');
    expect(story.told).toEqual(['READY', 'mobile', `${MOBILE}/${OLD}`]);
  });

  it('finds a mobile through the channel, loop by loop, while nobody tells of registrations', async () => {
    const story = new DialplanStory().sleepingMobile('phone', { wakesAfterMs: 2000 });
    story.pbx.intervene = (call, _number, when) => {
      if (call === 'registrations.watch' && when === 'before') throw new PbxError('ARI is away');
    };
    await story.ask('wake');
    expect(story.told).toEqual(['READY', 'mobile', `${MOBILE}/sip:phone@10.0.0.1`]);
    expect(story.waitedSeconds).toBe(5);
  });

  it('does not wait where no mobile can wake', async () => {
    const dead = { kind: 'dead-token', reason: 'UNREGISTERED', sinceMs: undefined } as const;
    const story = new DialplanStory().sleepingMobile('phone', { push: dead });
    await story.ask('wake');
    expect(story.told).toEqual(['UNREACHABLE', 'every-token-dead', '']);
    expect(story.clock.nowMs()).toBeLessThan(2_000);

    const nobody = new DialplanStory();
    await nobody.ask('wake');
    expect(nobody.told).toEqual(['UNREACHABLE', 'no-device', '']);
    nobody.theDialplanGoesOn();

    const webApp = new DialplanStory('WebApp').registered(WEBAPP, UC, {}).sleepingMobile('phone');
    await webApp.ask('wake');
    expect(webApp.told).toEqual(['READY', 'registered', `${WEBAPP}/${UC}`]);
    expect(webApp.woken).toEqual([]);
    webApp.theDialplanGoesOn();
  });

  it.each([
    ['XIVO_ENABLEDND', '1', 'do-not-disturb'],
    ['XIVO_MAPP_DEVICE', 'Fax', 'bad-device'],
  ])('passes on before any push: %s', async (variable, value, reason) => {
    const story = new DialplanStory().registered(MOBILE, OLD, {}).sleepingMobile('phone', { wakesAfterMs: 100 });
    story.pbx.variables.set(variable, value);
    await story.ask('wake');
    expect(story.told).toEqual(['PASSED', reason, '']);
    expect(story.woken).toEqual([]);
    story.theDialplanGoesOn();
  });

  it('is heard as ringing where the globals say so, and as a tone to a caller who is answered', async () => {
    const ringing = new DialplanStory().sleepingMobile('phone', { wakesAfterMs: 100 });
    ringing.pbx.globals.set('XIVO_MAPP_PLAY_MSG', 'False');
    await ringing.ask('wake');
    expect(ringing.pbx.holds).toEqual([{ message: undefined, afterwards: { kind: 'ringing' } }]);

    const tone = new DialplanStory().sleepingMobile('phone', { wakesAfterMs: 100 });
    tone.pbx.globals.set('XIVO_MAPP_WAIT_WITH_MUSIC', 'False').set('XIVO_MAPP_ANSWER_EARLY', 'True');
    await tone.ask('wake');
    expect(tone.pbx.holds).toEqual([{ message: 'one-moment-please', afterwards: { kind: 'tone', country: 'fr' } }]);
    expect(tone.pbx.callerAnswered).toBe(true);
    expect(tone.said('XIVO_PICKEDUP')).toBe('1');
  });

  it('ends when the caller hangs up: the mobile is told, once, whatever the dialplan says afterwards', async () => {
    const story = new DialplanStory().sleepingMobile('phone').at(3000, () => story.callerHangsUp());
    await story.ask('wake');
    expect(story.callHistory.calls.get('xm-0000000000000001')?.summary).toMatchObject({
      outcome: 'caller-left',
      reason: 'while-waiting',
    });
    expect(story.toldEnded.map(({ notice }) => notice.reason)).toEqual(['caller-left']);
    story.theDialplanGoesOn();
    await story.ask('ended');
    expect(story.toldEnded).toHaveLength(1);
    story.theDialplanGoesOn();
  });
});
