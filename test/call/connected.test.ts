/** Stories about the moment of the answer, which is Asterisk's: whoever is first has the caller, whatever the router is about to do, and from then on the router touches neither. */
import { describe, expect, it } from 'vitest';
import { Story, WEBAPP } from '../../lab/fakes/world.ts';
import { PbxError } from '../../src/call/errors.ts';

const RINGS = { ringsAfterMs: 50 };
const PHONE = 'sip:phone@10.0.0.1';
const TABLET = 'sip:tablet@10.0.0.1';
const UC = 'sip:uc@10.0.0.9';
const ANSWERS = { ringsAfterMs: 50, answersAfterMs: 3000, hangsUpAfterMs: 5000 };

/** Just before or after the first call of this port, once. */
function atPort(story: Story, port: string, moment: 'before' | 'after', act: () => void): Story {
  let done = false;
  story.pbx.intervene = (call, _number, when) => {
    if (call !== port || when !== moment || done) return;
    done = true;
    act();
  };
  return story;
}

/** Somebody answers there, and hangs up after a second. */
function answers(story: Story, uri: string): void {
  story.pbx.connecting.answerNow(uri);
  story.at(1000, () => story.pbx.connecting.endTalking());
}

function told(story: Story) {
  return story.toldEnded.map(({ device, notice }) => [device.deviceId, notice.reason]);
}

describe('an answer that crosses the end of the ring time', () => {
  const ringing = () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 1000, phone: RINGS }).sleepingMobile('tablet');
    story.pbx.variables.set('XIVO_RINGSECONDS', '12');
    return story;
  };

  it('and is first: both talk, and the call is answered', async () => {
    const story = ringing();
    story.pbx.connecting.connectMs = 1;
    story.pbx.connecting.tellMs = 50;
    atPort(story, 'caller.giveBack', 'before', () => answers(story, PHONE));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.pbx.talks).toHaveLength(1);
    expect(story.pbx.givenBack).toEqual([]);
    expect(told(story)).toEqual([
      ['phone', 'answered'],
      ['tablet', 'answered'],
    ]);
    story.nothingIsLeft();
  });

  it('and comes second: the caller is given back, and whoever has answered is hung up by the dialplan', async () => {
    const story = ringing();
    story.pbx.connecting.connectMs = 5;
    atPort(story, 'caller.giveBack', 'before', () => answers(story, PHONE));
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'ring-time-over' });
    await story.clock.advance(10);
    expect(story.pbx.talks).toEqual([]);
    expect(story.pbx.givenBack).toEqual([{ status: 'NOANSWER', reason: 'ring-time-over' }]);
    expect(story.leg(PHONE).map(({ end }) => end)).toEqual(['answered-elsewhere']);
    story.nothingIsLeft();
  });

  it('and is first, after Asterisk has refused to take the caller back once', async () => {
    const story = ringing();
    story.pbx.connecting.connectMs = 1;
    atPort(story, 'caller.giveBack', 'before', () => {
      answers(story, PHONE);
      throw new PbxError('scripted: caller.giveBack is refused');
    });
    story.pbx.slowMs.set('caller.giveBack', 20);
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.timeline()).toContain('callee-hung-up');
    story.nothingIsLeft();
  });

  it('and hangs up before anybody is connected: answered, and the caller is given back with that', async () => {
    const story = ringing();
    story.pbx.connecting.connectMs = 500;
    story.at(12_000, () => story.pbx.connecting.answerNow(PHONE));
    story.at(12_100, () => story.pbx.connecting.hangUpNow(PHONE));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.pbx.givenBack).toEqual([{ status: 'ANSWERED', reason: 'mobile' }]);
    story.nothingIsLeft();
  });
});

describe('a leg that is being given up, and answered all the same', () => {
  const declined = () =>
    new Story('WebAppAndMobileApp')
      .registered(WEBAPP, UC, { ...ANSWERS, answersAfterMs: 8000 })
      .sleepingMobile('phone', { wakesAfterMs: 1000, phone: { ...RINGS, endsAfterMs: [1000, 'declined'] } })
      .sleepingMobile('tablet', { wakesAfterMs: 1000, phone: RINGS });

  it('has the caller when the order to end it comes after the answer was heard of', async () => {
    const story = declined();
    atPort(story, 'legs.hangUp', 'before', () => answers(story, TABLET));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.pbx.talks).toEqual(story.leg(TABLET).map(({ request }) => ({ legId: request.legId })));
    expect(story.leg(UC)[0]?.hangUpReason).toBe('answered-elsewhere');
    story.nothingIsLeft();
  });

  it('is ended by an order that is on its way, and the others ring on', async () => {
    const story = declined();
    story.pbx.connecting.connectMs = 100;
    // The order looks whether anybody has answered, and then takes 3 ms.
    atPort(story, 'legs.hangUp', 'before', () => story.at(5, () => story.pbx.connecting.answerNow(TABLET)));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect(story.leg(TABLET)[0]).toMatchObject({ end: 'hung-up', hangUpReason: 'not-needed' });
    expect(story.pbx.talks).toEqual(story.leg(UC).map(({ request }) => ({ legId: request.legId })));
    story.nothingIsLeft();
  });
});

describe('a caller who leaves', () => {
  const ringing = () =>
    new Story('WebAppAndMobileApp')
      .registered(WEBAPP, UC, RINGS)
      .sleepingMobile('phone', { wakesAfterMs: 1000, phone: RINGS });

  it('since somebody else has answered: legs and mobiles are told so', async () => {
    const story = ringing();
    story.at(3000, () => story.pbx.callerLeaves('answered-elsewhere'));
    expect(await story.tell()).toEqual({ outcome: 'caller-left', reason: 'answered-elsewhere' });
    expect([...story.pbx.legs.values()].map(({ hangUpReason }) => hangUpReason)).toEqual([
      'answered-elsewhere',
      'answered-elsewhere',
    ]);
    expect(told(story)).toEqual([['phone', 'answered-elsewhere']]);
    story.nothingIsLeft();
  });

  it('since its channel was moved: nobody has answered anywhere', async () => {
    const story = ringing();
    story.at(3000, () => story.pbx.callerLeaves('moved'));
    expect(await story.tell()).toEqual({ outcome: 'caller-left', reason: 'moved' });
    expect([...story.pbx.legs.values()].map(({ hangUpReason }) => hangUpReason)).toEqual(['not-needed', 'not-needed']);
    expect(told(story)).toEqual([['phone', 'caller-left']]);
    story.nothingIsLeft();
  });

  it('between the answer and the connecting: whoever has answered is hung up by the dialplan', async () => {
    const story = ringing();
    story.pbx.connecting.connectMs = 100;
    story.at(3000, () => story.pbx.connecting.answerNow(PHONE));
    story.at(3050, () => story.pbx.callerLeaves());
    expect(await story.tell()).toEqual({ outcome: 'caller-left', reason: 'while-ringing' });
    await story.clock.advance(3000);
    expect(story.leg(PHONE)[0]).toMatchObject({ end: 'hung-up', hangUpReason: undefined });
    story.nothingIsLeft();
  });

  it('before the router hears that it talks: it has talked', async () => {
    const story = ringing();
    story.pbx.connecting.tellMs = 100;
    story.at(3000, () => story.pbx.connecting.answerNow(PHONE));
    story.at(3050, () => story.pbx.callerLeaves());
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.leg(UC)[0]?.hangUpReason).toBe('answered-elsewhere');
    story.nothingIsLeft();
  });

  it('while it talks: the leg ends with it, and nothing is ordered', async () => {
    const story = new Story('WebApp').registered(WEBAPP, UC, ANSWERS);
    story.at(4000, () => story.pbx.callerLeaves());
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect(story.timeline()).toContain('caller-hung-up');
    expect(story.leg(UC)[0]).toMatchObject({ end: 'hung-up', hangUpReason: undefined });
    story.nothingIsLeft();
  });
});

it('a call that a colleague picks up: the phone that rang is told first, and nobody is given back meanwhile', async () => {
  const story = new Story('WebApp').registered(WEBAPP, UC, {
    ringsAfterMs: 50,
    endsAfterMs: [1000, 'answered-elsewhere'],
  });
  story.at(1300, () => story.pbx.callerIsPickedUp());
  expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'picked-up' });
  expect(story.pbx.givenBack).toEqual([]);
  story.nothingIsLeft();
});

it('a phone that says that its call is answered elsewhere, and nobody has the caller: it is given back', async () => {
  const story = new Story('WebApp').registered(WEBAPP, UC, { endsAfterMs: [1000, 'answered-elsewhere'] });
  expect(await story.tell()).toEqual({ outcome: 'unreachable', reason: 'every-leg-failed' });
  story.nothingIsLeft();
});

it('a call that somebody picks up elsewhere: it is answered so, and the others are told', async () => {
  const story = new Story('WebAppAndMobileApp')
    .registered(WEBAPP, UC, RINGS)
    .sleepingMobile('phone', { wakesAfterMs: 1000, phone: { ...ANSWERS, pickedUp: true } });
  expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'picked-up' });
  expect(story.leg(UC)[0]?.hangUpReason).toBe('answered-elsewhere');
  expect(told(story)).toEqual([['phone', 'answered-elsewhere']]);
  story.nothingIsLeft();
});
