/** Stories that end in a conversation. */
import { describe, expect, it } from 'vitest';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';

const ANSWERS = { ringsAfterMs: 50, answersAfterMs: 3000, hangsUpAfterMs: 5000 };

describe('a mobile that wakes', () => {
  it('rings the moment it registers and is connected when it answers', async () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 2000, phone: ANSWERS });
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.pbx.talks).toHaveLength(1);
    expect(story.pbx.written.get('XIVO_MAPP_STATUS')).toBe('ANSWERED');
    expect(story.pbx.holds).toEqual([
      { message: 'one-moment-please', afterwards: { kind: 'music', musicClass: undefined } },
    ]);
    expect(story.toldEnded).toEqual([]);
    expect(story.timeline()).toContain('mobile-registered');
    story.nothingIsLeft();
  });

  it('is seen when it refreshes the same contact', async () => {
    const story = new Story()
      .registered(MOBILE, 'sip:phone@10.0.0.1', {})
      .sleepingMobile('phone', { wakesAfterMs: 2000 });
    story.at(1990, () => story.pbx.scripts.set('sip:phone@10.0.0.1', ANSWERS));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    // The INVITE to the sleeping phone is given up, a new one is sent.
    expect(story.leg('sip:phone@10.0.0.1').map((leg) => leg.hangUpReason)).toEqual(['not-needed', undefined]);
    story.nothingIsLeft();
  });

  it('comes back from another port: the new contact rings, the old leg is hung up', async () => {
    const story = new Story()
      .registered(MOBILE, 'sip:phone@10.0.0.1:4000', {})
      .sleepingMobile('phone', { wakesAfterMs: 1000, uri: 'sip:phone@10.0.0.1:5000', phone: ANSWERS });
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.leg('sip:phone@10.0.0.1:4000')[0]?.hangUpReason).toBe('not-needed');
    story.nothingIsLeft();
  });

  it('answers on an older registration that is alive', async () => {
    const story = new Story().registered(MOBILE, 'sip:old@10.0.0.1', ANSWERS).sleepingMobile('phone');
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    story.nothingIsLeft();
  });

  it('hangs up before it is connected: answered all the same, and the caller is not sent to be rung again', async () => {
    const story = new Story().sleepingMobile('phone', {
      wakesAfterMs: 2000,
      phone: { ...ANSWERS, hangsUpAfterMs: 50 },
    });
    story.pbx.connecting.connectMs = 100;
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.pbx.talks).toEqual([]);
    expect(story.pbx.givenBack).toEqual([{ status: 'ANSWERED', reason: 'mobile' }]);
    expect(story.leg('sip:phone@10.0.0.1')).toHaveLength(1);
    story.nothingIsLeft();
  });

  it('hangs up before the router hears that it is connected: both have talked, and nobody is given back', async () => {
    const story = new Story().sleepingMobile('phone', {
      wakesAfterMs: 2000,
      phone: { ...ANSWERS, hangsUpAfterMs: 50 },
    });
    story.pbx.connecting.tellMs = 100;
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.pbx.talks).toHaveLength(1);
    expect(story.pbx.givenBack).toEqual([]);
    expect(story.timeline()).toContain('callee-hung-up');
    story.nothingIsLeft();
  });

  it('that rings on an older registration when the wait ends is not cut off', async () => {
    const story = new Story()
      .registered(MOBILE, 'sip:old@10.0.0.1', { ringsAfterMs: 100, answersAfterMs: 20_000, hangsUpAfterMs: 1000 })
      .sleepingMobile('phone');
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    story.nothingIsLeft();
  });
});

describe('both devices', () => {
  it('ring together when the first mobile is ready; the loser is told that it was answered elsewhere', async () => {
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', { ringsAfterMs: 50 })
      .sleepingMobile('phone', { wakesAfterMs: 2000, phone: ANSWERS });
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.leg('sip:uc@10.0.0.9')[0]?.hangUpReason).toBe('answered-elsewhere');
    story.nothingIsLeft();
  });

  it('the mobiles are told when the UC Assistant answers', async () => {
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', { ...ANSWERS, answersAfterMs: 1000 })
      .sleepingMobile('phone', { wakesAfterMs: 2000, phone: { ringsAfterMs: 50 } });
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect(story.toldEnded.map(({ device, notice }) => [device.deviceId, notice.reason])).toEqual([
      ['phone', 'answered-elsewhere'],
    ]);
    expect(story.leg('sip:phone@10.0.0.1')[0]?.hangUpReason).toBe('answered-elsewhere');
    story.nothingIsLeft();
  });

  it('the UC Assistant rings at once where the setting says so', async () => {
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', { ...ANSWERS, answersAfterMs: 900 })
      .sleepingMobile('phone', { wakesAfterMs: 2000 });
    story.pbx.globals.set('XIVO_MAPP_RING_WEBAPP_AT_ONCE', '"true"');
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect(story.leg('sip:phone@10.0.0.1')).toEqual([]);
    story.nothingIsLeft();
  });

  it('the UC Assistant rings after the wait, and a late mobile still joins', async () => {
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', { ringsAfterMs: 50 })
      .sleepingMobile('phone', { wakesAfterMs: 20_000, phone: ANSWERS });
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.leg('sip:uc@10.0.0.9')).toHaveLength(1);
    story.nothingIsLeft();
  });

  it('two answers in the same instant: exactly one wins', async () => {
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', { answersAfterMs: 1000, hangsUpAfterMs: 2000 })
      .registered(MOBILE, 'sip:old@10.0.0.1', { answersAfterMs: 1000, hangsUpAfterMs: 2000 });
    const ending = await story.tell();
    expect(ending.outcome).toBe('answered');
    expect(story.pbx.talks).toHaveLength(1);
    const [first, second] = [...story.pbx.legs.values()];
    expect(story.pbx.talks).toEqual([{ legId: first?.request.legId }]);
    expect([first?.end, second?.end]).toEqual(['hung-up', 'answered-elsewhere']);
    story.nothingIsLeft();
  });
});

describe('the UC Assistant alone', () => {
  it('rings at once, without a push', async () => {
    const story = new Story('WebApp').registered(WEBAPP, 'sip:uc@10.0.0.9', ANSWERS).sleepingMobile('phone');
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect(story.woken).toEqual([]);
    expect(story.pbx.holds).toEqual([{ message: undefined, afterwards: { kind: 'ringing' } }]);
    story.nothingIsLeft();
  });
});
