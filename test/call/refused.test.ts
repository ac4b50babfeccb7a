/** Stories in which Asterisk refuses for a while what must be done: it is tried until it is done, and the caller never waits in silence meanwhile. */
import { describe, expect, it } from 'vitest';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';
import { PbxError, PbxLate } from '../../src/call/errors.ts';

const ANSWERS = { ringsAfterMs: 50, answersAfterMs: 3000, hangsUpAfterMs: 5000 };

/** Each call of these ports is refused until so many ms of the story have gone. Gives how often. */
function refusing(story: Story, ports: RegExp, untilMs: number, Fault = PbxError): { count: number } {
  const refused = { count: 0 };
  story.pbx.intervene = (call, _number, moment) => {
    if (moment !== 'before' || !ports.test(call) || story.clock.nowMs() >= untilMs) return;
    refused.count += 1;
    throw new Fault(`scripted: ${call} is refused`);
  };
  return refused;
}

describe('a caller who cannot be given back', () => {
  it('is given back as soon as Asterisk obeys again, and hears what it heard until then', async () => {
    const story = new Story().sleepingMobile('phone');
    const refused = refusing(story, /giveBack/, 45_000);
    const heard: boolean[] = [];
    for (const atMs of [20_000, 30_000, 40_000]) story.at(atMs, () => heard.push(story.pbx.holding));
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    expect(story.pbx.givenBack).toEqual([{ status: 'NOANSWER', reason: 'wait-over' }]);
    // From 15 s to 45 s, and no faster than helps.
    expect(refused.count).toBeGreaterThan(5);
    expect(refused.count).toBeLessThan(20);
    expect(heard).toEqual([true, true, true]);
    expect(story.timeline().filter((what) => what === 'fault').length).toBeLessThan(5);
    story.nothingIsLeft();
  });

  it('is cut off after a minute when Asterisk refuses that alone', async () => {
    const story = new Story().sleepingMobile('phone');
    refusing(story, /giveBack/, Number.POSITIVE_INFINITY);
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    expect(story.pbx.callerHungUp).toBe(true);
    story.nothingIsLeft();
  });

  it('is never cut off while Asterisk is merely late with that', async () => {
    const story = new Story().sleepingMobile('phone');
    const late = refusing(story, /giveBack/, 200_000, PbxLate);
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    expect(late.count).toBeGreaterThan(1);
    expect(story.pbx.callerHungUp).toBe(false);
    expect(story.pbx.givenBack).toEqual([{ status: 'NOANSWER', reason: 'wait-over' }]);
    story.nothingIsLeft();
  });

  it('is given back after two minutes in which Asterisk refuses everything', async () => {
    const story = new Story().sleepingMobile('phone');
    refusing(story, /./, 120_000);
    expect(await story.tell()).toEqual({ outcome: 'failed', reason: 'pbx-error' });
    expect(story.pbx.givenBack).toEqual([{ status: 'FAILED', reason: 'pbx-error' }]);
    story.nothingIsLeft();
  });

  it('may hang up meanwhile, and then nobody tries any more', async () => {
    const story = new Story().sleepingMobile('phone');
    const refused = refusing(story, /giveBack/, Number.POSITIVE_INFINITY);
    let before = 0;
    story.at(30_000, () => {
      before = refused.count;
      story.pbx.callerLeaves();
    });
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    expect(refused.count).toBe(before);
    expect(story.pbx.callerHungUp).toBe(false);
    story.nothingIsLeft();
  });
});

it('a conversation needs nothing of us: it begins and ends though Asterisk refuses every order from the ringing on', async () => {
  const story = new Story('WebApp').registered(WEBAPP, 'sip:uc@10.0.0.9', ANSWERS);
  story.at(2000, () => refusing(story, /caller|legs/, 30_000));
  expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
  expect(story.pbx.givenBack).toEqual([]);
  story.nothingIsLeft();
});

it('legs and notes that cannot be cleared up are cleared up as soon as Asterisk obeys again', async () => {
  const story = new Story()
    .registered(MOBILE, 'sip:phone@10.0.0.1:4000', { ringsAfterMs: 50 })
    .sleepingMobile('phone', { wakesAfterMs: 1000, uri: 'sip:phone@10.0.0.1:5000', phone: { ringsAfterMs: 50 } });
  refusing(story, /legs\.hangUp|notes\.remove/, 50_000);
  expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'ring-time-over' });
  story.nothingIsLeft();
});
