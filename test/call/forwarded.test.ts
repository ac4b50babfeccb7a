/** Stories about a phone that sends its calls on: whoever is called there rings in its place, for as long as it would have rung. */
import { describe, expect, it } from 'vitest';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';

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

  const SLOW = { sendsOnAfterMs: 20, ringsAfterMs: 4000, answersAfterMs: 6000, hangsUpAfterMs: 1000 };
  const AT = 'sip:phone@10.0.0.1:5060';
  const phone = { registration: 'one', make: 'app at 10.0.0.1' };

  it.each([100, 1000, 3000])('rings on there though its own registration is removed after %i ms', async (ms) => {
    const story = new Story().sleepingMobile('phone');
    story.at(1000, () => story.pbx.register(MOBILE, AT, SLOW, 'announced', phone));
    story.at(1000 + ms, () => story.pbx.unregister(MOBILE, AT));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(endsOf(story)).toEqual(['forwarded', 'hung-up']);
    story.nothingIsLeft();
  });

  it.each([AT, 'sip:phone@10.0.0.1:5061'])(
    'and registers again at %s is not called anew while it rings there',
    async (uri) => {
      const story = new Story().sleepingMobile('phone');
      story.at(1000, () => story.pbx.register(MOBILE, AT, SLOW, 'announced', phone));
      story.at(1500, () => story.pbx.register(MOBILE, uri, SLOW, uri === AT ? 'read' : 'announced', phone));
      expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
      expect(endsOf(story)).toEqual(['forwarded', 'hung-up']);
      story.nothingIsLeft();
    },
  );

  it('on a stale registration goes on ringing there beside another phone that registers', async () => {
    const other = { registration: 'two', make: 'app at 10.0.0.2' };
    const story = new Story().registered(MOBILE, AT, SLOW).sleepingMobile('other');
    story.at(1000, () =>
      story.pbx.register(MOBILE, 'sip:phone@10.0.0.2:5060', { ringsAfterMs: 50 }, 'announced', other),
    );
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(endsOf(story).slice(0, 2)).toEqual(['forwarded', 'hung-up']);
    story.nothingIsLeft();
  });
});
