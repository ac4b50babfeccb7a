/**
 * For each port call of each story of a dialplan that keeps its own Dial: the caller hangs up, the router stops, or the call fails, just before and just after it.
 * Whatever happens, the dialplan goes on and every pushed mobile is told of the end, now or when the dialplan says so.
 */
import { describe, expect, it } from 'vitest';
import { DialplanStory } from '../../lab/fakes/dialplan.ts';
import type { Moment } from '../../lab/fakes/pbx.ts';
import { MOBILE, WEBAPP } from '../../lab/fakes/world.ts';
import { PbxError } from '../../src/call/errors.ts';

const STORIES: Readonly<Record<string, () => DialplanStory>> = {
  'a mobile wakes': () => new DialplanStory().sleepingMobile('phone', { wakesAfterMs: 1200 }),
  'one of two wakes, from another port': () =>
    new DialplanStory()
      .registered(MOBILE, 'sip:phone@10.0.0.1:4000', {})
      .sleepingMobile('phone', { wakesAfterMs: 1000, uri: 'sip:phone@10.0.0.1:5000' })
      .sleepingMobile('other'),
  'no mobile wakes': () => new DialplanStory().sleepingMobile('phone'),
  'no mobile wakes, the push hangs, the UC Assistant is there': () =>
    new DialplanStory('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', {})
      .sleepingMobile('phone', { push: 'hangs' }),
  'the caller is answered early': () => {
    const story = new DialplanStory().sleepingMobile('phone', { wakesAfterMs: 500 });
    story.pbx.globals.set('XIVO_MAPP_ANSWER_EARLY', 'True');
    return story;
  },
  'the user is not known': () => {
    const story = new DialplanStory();
    story.registry.deleteUser('7');
    return story;
  },
};

describe.each(Object.entries(STORIES))('%s', (_name, make) => {
  for (const moment of ['before', 'after'] as const) {
    it(`the caller hangs up just ${moment} each port call`, () =>
      atEachPortCall(make, moment, (story) => story.callerHangsUp()));
    it(`the router stops just ${moment} each port call`, () =>
      atEachPortCall(make, moment, (story) => void story.router.stop()));
  }
  it('each port call fails', () =>
    atEachPortCall(make, 'before', (story, call) => {
      story.mayTellTwice = call === 'waiting.write';
      if (/letGo|giveBack|stopHold|watch.close/.test(call)) return;
      throw new PbxError(`scripted: ${call} fails`);
    }));
});

/** The dialplan looks up, wakes, and says when it is over. */
async function live(story: DialplanStory): Promise<void> {
  await story.ask('lookup');
  story.theDialplanGoesOn();
  await story.ask('wake');
  story.theDialplanGoesOn();
  story.pbx.variables.set('DIALSTATUS', 'NOANSWER');
  await story.ask('ended').catch((fault: unknown) => {
    if (!(fault instanceof PbxError)) throw fault;
  });
}

async function atEachPortCall(
  make: () => DialplanStory,
  moment: Moment,
  act: (story: DialplanStory, call: string) => void,
): Promise<void> {
  const undisturbed = make();
  await live(undisturbed);
  undisturbed.theDialplanGoesOn();
  const count = undisturbed.pbx.portCalls.length;
  expect(count).toBeGreaterThan(5);
  for (let disturbed = 1; disturbed <= count; disturbed += 1) {
    const story = make();
    let where = '';
    story.pbx.intervene = (call, number, when) => {
      if (number !== disturbed || when !== moment || where !== '') return;
      where = call;
      act(story, call);
    };
    try {
      await live(story);
      expect([...story.callHistory.calls.values()].every(({ summary }) => summary !== undefined)).toBe(true);
    } catch (fault) {
      const timeline = [...story.callHistory.calls.keys()].flatMap((callId) => story.callHistory.told(callId));
      throw new Error(`at port call ${disturbed} (${moment} ${where}): ${String(fault)}\n${timeline.join('\n')}`, {
        cause: fault,
      });
    }
  }
}
