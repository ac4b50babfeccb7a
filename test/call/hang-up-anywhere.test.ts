/**
 * For each port call of each story: the caller leaves, the router stops, or the call fails, just before and just after it.
 * Whatever happens, there is exactly one ending and nothing is left.
 */
import { describe, expect, it } from 'vitest';
import type { Moment } from '../../lab/fakes/pbx.ts';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';
import { PbxError } from '../../src/call/errors.ts';

const ANSWERS = { ringsAfterMs: 50, answersAfterMs: 3000, hangsUpAfterMs: 5000 };

const STORIES: Readonly<Record<string, () => Story>> = {
  'a mobile wakes and answers': () => new Story().sleepingMobile('phone', { wakesAfterMs: 2000, phone: ANSWERS }),
  'a mobile comes back from another port': () =>
    new Story()
      .registered(MOBILE, 'sip:phone@10.0.0.1:4000', {})
      .sleepingMobile('phone', { wakesAfterMs: 1000, uri: 'sip:phone@10.0.0.1:5000', phone: ANSWERS }),
  'both devices ring, the UC Assistant answers': () =>
    new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', ANSWERS)
      .sleepingMobile('one', { wakesAfterMs: 2000, phone: { ringsAfterMs: 50 } })
      .sleepingMobile('two', { wakesAfterMs: 2500, phone: { ringsAfterMs: 50 } }),
  'two answer in the same instant': () =>
    new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', { answersAfterMs: 1000, hangsUpAfterMs: 2000 })
      .registered(MOBILE, 'sip:old@10.0.0.1', { answersAfterMs: 1000, hangsUpAfterMs: 2000 }),
  'the UC Assistant alone': () => new Story('WebApp').registered(WEBAPP, 'sip:uc@10.0.0.9', ANSWERS),
  'a mobile never wakes': () => new Story().sleepingMobile('phone'),
  'a mobile never wakes, the UC Assistant rings': () =>
    new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', { ringsAfterMs: 50 })
      .sleepingMobile('phone', { push: 'hangs' }),
  'the mobile declines': () =>
    new Story().sleepingMobile('phone', { wakesAfterMs: 500, phone: { endsAfterMs: [1000, 'declined'] } }),
  'the mobile sends its calls on, and it is answered there': () =>
    new Story().sleepingMobile('phone', { wakesAfterMs: 500, phone: { ...ANSWERS, sendsOnAfterMs: 20 } }),
  'every token is dead': () =>
    new Story().sleepingMobile('phone', { push: { kind: 'dead-token', reason: 'gone', sinceMs: undefined } }),
  'the caller is answered early': () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 500, phone: ANSWERS });
    story.pbx.globals.set('XIVO_MAPP_ANSWER_EARLY', 'True');
    return story;
  },
  'the user is not known': () => {
    const story = new Story();
    story.registry.deleteUser('7');
    return story;
  },
};

const ACTS: Readonly<Record<string, (story: Story) => void>> = {
  'the caller leaves': (story) => story.pbx.callerLeaves(),
  'somebody else answers': (story) => story.pbx.callerLeaves('answered-elsewhere'),
  'the caller is moved': (story) => story.pbx.callerLeaves('moved'),
  'the router stops': (story) => void story.router.stop(),
};

for (const [name, make] of Object.entries(STORIES)) {
  describe(name, () => {
    for (const moment of ['before', 'after'] as const) {
      for (const [actName, act] of Object.entries(ACTS)) {
        it(`${actName} just ${moment} each port call`, () => tellAtEachPortCall(make, moment, (story) => act(story)));
      }
    }
    it('each port call fails', () =>
      tellAtEachPortCall(make, 'before', (_story, call) => {
        // A cleaning call that fails leaves what it should have cleaned: the contract says that these do not fail for what is gone.
        if (/hangUp|close|remove|giveBack|stopHold/.test(call)) return;
        throw new PbxError(`scripted: ${call} fails`);
      }));
  });
}

async function tellAtEachPortCall(
  make: () => Story,
  moment: Moment,
  act: (story: Story, call: string) => void,
): Promise<void> {
  const undisturbed = make();
  await undisturbed.tell();
  undisturbed.nothingIsLeft();
  const count = undisturbed.pbx.portCalls.length;
  expect(count).toBeGreaterThan(1);
  for (let disturbed = 1; disturbed <= count; disturbed += 1) {
    const story = make();
    let where = '';
    let left = false;
    story.pbx.intervene = (call, number, when) => {
      if (number !== disturbed || when !== moment || left) return;
      left = true;
      where = call;
      act(story, call);
    };
    try {
      await story.tell();
      story.nothingIsLeft();
    } catch (fault) {
      throw new Error(
        `at port call ${disturbed} (${moment} ${where}): ${String(fault)}\n${story.timeline().join('\n')}`,
        {
          cause: fault,
        },
      );
    }
  }
}
