/** Calls that come while the registry cannot be read: they go by what was last known, and by what the channel says. */
import { describe, expect, it } from 'vitest';
import { MOBILE, Story } from '../../lab/fakes/world.ts';

const ANSWERS = { ringsAfterMs: 50, answersAfterMs: 1000, hangsUpAfterMs: 2000 };
const WHY = 'the database is damaged';

describe('a registry that cannot be read', () => {
  it('is no reason not to wake whoever was known: the mobile is pushed, rings and is answered', async () => {
    const story = new Story('MobileApp').sleepingMobile('one', { wakesAfterMs: 800, phone: ANSWERS });
    story.registry.goStale(WHY);
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.woken.map(({ device }) => device.deviceId)).toEqual(['one']);
    expect(story.callHistory.calls.get('xm-0000000000000001')?.timeline).toContainEqual(
      expect.objectContaining({ what: 'fault', facts: { in: 'registry', detail: WHY } }),
    );
    // The store itself tells of its trouble, once for all calls.
    expect([...story.log.at('error'), ...story.log.at('warn')]).toEqual([]);
    story.nothingIsLeft();
  });

  it('does not make a user unknown who may be known: the call is passed back with that word', async () => {
    const story = new Story();
    story.registry.deleteUser('7');
    story.registry.goStale(WHY);
    expect(await story.tell()).toEqual({ outcome: 'passed', reason: 'unknown-user' });
    expect(story.log.at('warn').map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /nothing is known of user "7" while the registry cannot be read.*set XIVO_MAPP_MOBILE_ENDPOINT/,
      ),
    ]);
    story.nothingIsLeft();
  });

  it('takes nothing from a channel that names its endpoint', async () => {
    const story = new Story().registered(MOBILE, 'sip:one@10.0.0.1', ANSWERS);
    story.registry.deleteUser('7');
    story.registry.goStale(WHY);
    story.pbx.variables.set('XIVO_MAPP_MOBILE_ENDPOINT', MOBILE);
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    story.nothingIsLeft();
  });
});
