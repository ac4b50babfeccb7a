/** Whom the history names: a caller as soon as it is known that it may be named, and nobody who withholds its number, however the call goes. */
import { describe, expect, it } from 'vitest';
import { MOBILE, Story } from '../../lab/fakes/world.ts';

const awake = (): Story =>
  new Story().registered(MOBILE, 'sip:phone@10.0.0.1', { ringsAfterMs: 50, answersAfterMs: 500, hangsUpAfterMs: 1000 });
const named = (story: Story) => [...story.callHistory.calls.values()][0]?.record.caller;

describe('the history of a call', () => {
  it('names its caller', async () => {
    const story = awake();
    await story.tell();
    expect(named(story)).toEqual(story.pbx.caller().party);
    expect(named(story)?.number).not.toBe('');
    story.nothingIsLeft();
  });

  it('names nobody where the number is withheld, nor does the log', async () => {
    const story = awake();
    story.pbx.variables.set('CALLERID(pres)', 'prohib_not_screened');
    await story.tell();
    expect(named(story)).toEqual({ name: '', number: '' });
    const { name, number } = story.pbx.caller().party;
    for (const secret of [name, number]) {
      expect(JSON.stringify([...story.callHistory.calls])).not.toContain(secret);
      expect(JSON.stringify(story.log.lines)).not.toContain(secret);
    }
    story.nothingIsLeft();
  });

  it('names nobody as long as it is not known', async () => {
    const story = awake();
    story.pbx.callerLeaves();
    await story.tell();
    expect(named(story)).toEqual({ name: '', number: '' });
  });
});
