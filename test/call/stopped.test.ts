/** Stories of a router that stops while somebody talks, or in the very moment of the answer: the conversation is Asterisk's, and goes on. */
import { describe, expect, it } from 'vitest';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';

const RINGS = { ringsAfterMs: 50 };
const PHONE = 'sip:phone@10.0.0.1';
const UC = 'sip:uc@10.0.0.9';
const ANSWERS = { ringsAfterMs: 50, answersAfterMs: 3000, hangsUpAfterMs: 5000 };

describe('a router that stops', () => {
  it('while both talk: it touches nothing', async () => {
    const story = new Story().registered(MOBILE, PHONE, ANSWERS).sleepingMobile('phone');
    let before = 0;
    story.at(5000, () => {
      before = story.pbx.portCalls.length;
      void story.router.stop();
    });
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.timeline()).toContain('left-talking');
    expect(story.pbx.portCalls.slice(before)).toEqual(['notes.remove']);
    expect(story.pbx.talking).toBe(true);
    story.nothingIsLeft();
  });

  it.each([
    { when: 'when the answer is heard of', connectMs: 3, tellMs: 1, stopMs: 2 },
    { when: 'when they are connected, and nobody has heard of it', connectMs: 1, tellMs: 50, stopMs: 20 },
  ])('in the moment of the answer, $when: both talk', async ({ connectMs, tellMs, stopMs }) => {
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, UC, RINGS)
      .sleepingMobile('phone', { wakesAfterMs: 1000, phone: RINGS });
    Object.assign(story.pbx.connecting, { connectMs, tellMs });
    story.at(3000, () => story.pbx.connecting.answerNow(PHONE));
    story.at(3000 + stopMs, () => void story.router.stop());
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.timeline()).toContain('left-talking');
    expect(story.pbx.talking).toBe(true);
    expect(story.leg(UC)[0]?.hangUpReason).toBe('answered-elsewhere');
    story.nothingIsLeft();
  });

  it('and gives the caller back in the moment of the answer: whoever is first has it', async () => {
    for (const [connectMs, outcome] of [
      [1, 'answered'],
      [5, 'failed'],
    ] as const) {
      const story = new Story().sleepingMobile('phone', { wakesAfterMs: 1000, phone: RINGS });
      Object.assign(story.pbx.connecting, { connectMs, tellMs: 50 });
      story.pbx.intervene = (call, _number, moment) => {
        if (call === 'caller.giveBack' && moment === 'before') story.pbx.connecting.answerNow(PHONE);
      };
      story.at(3000, () => void story.router.stop());
      expect((await story.tell()).outcome).toBe(outcome);
      expect(story.pbx.talking).toBe(outcome === 'answered');
      story.nothingIsLeft();
    }
  });
});
