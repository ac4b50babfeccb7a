/** Stories about a phone that sends its calls on: whoever is called there rings in its place, for as long as it would have rung. */
import { describe, expect, it } from 'vitest';
import { MOBILE, Story, WEBAPP } from './fakes/world.ts';

const ANSWERS = { ringsAfterMs: 50, answersAfterMs: 3000, hangsUpAfterMs: 5000 };

const endsOf = (story: Story) =>
  [...story.pbx.connecting.all.values()].map(({ end, hangUpReason }) => hangUpReason ?? end);

describe('a phone that sends its calls on', () => {
  it('has the call answered there, as if by itself', async () => {
    const phone = { ...ANSWERS, sendsOnAfterMs: 20 };
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 500, phone });
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(endsOf(story)).toEqual(['forwarded', 'hung-up']);
    story.nothingIsLeft();
  });

  it('before the wait is over keeps the wait: the call is not lost in between', async () => {
    const phone = { sendsOnAfterMs: 20, ringsAfterMs: 50, endsAfterMs: [200, 'unreachable'] as const };
    const story = new Story().registered(MOBILE, 'sip:phone@10.0.0.1', phone).sleepingMobile('other');
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    story.nothingIsLeft();
  });

  it('is given up as any other where the UC Assistant answers', async () => {
    const phone = { ringsAfterMs: 50, sendsOnAfterMs: 20 };
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', ANSWERS)
      .sleepingMobile('phone', { wakesAfterMs: 500, phone });
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect(endsOf(story).filter((end) => end === 'answered-elsewhere')).toHaveLength(1);
    story.nothingIsLeft();
  });

  it('is not followed any more where the person has declined on another', async () => {
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', ANSWERS)
      .sleepingMobile('one', { wakesAfterMs: 500, phone: { ringsAfterMs: 50, endsAfterMs: [400, 'declined'] } })
      .sleepingMobile('two', { wakesAfterMs: 500, phone: { sendsOnAfterMs: 900, ringsAfterMs: 50 } });
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect([...story.pbx.connecting.all.values()].filter(({ request }) => request.forward !== undefined)).toEqual([]);
    story.nothingIsLeft();
  });
});
