/** Stories of bugs that the simulation has found: each failed before its cure. */
import { describe, expect, it } from 'vitest';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';
import { PbxError } from '../../src/call/errors.ts';
import { KnownContacts } from '../../src/call/ringing/known-contacts.ts';

const ANSWERS = { ringsAfterMs: 50, answersAfterMs: 3000, hangsUpAfterMs: 5000 };

/** The first so many calls of this port fail. */
function failing(story: Story, port: string, times = 1): Story {
  let left = times;
  story.pbx.intervene = (call, _number, moment) => {
    if (call !== port || moment !== 'before' || left === 0) return;
    left -= 1;
    throw new PbxError(`scripted: ${port} fails`);
  };
  return story;
}

describe('a phone that unregisters and registers again at the same address', () => {
  it('is awake: it rings', async () => {
    const story = new Story().registered(MOBILE, 'sip:phone@10.0.0.1', {}).sleepingMobile('phone');
    story.at(2000, () => story.pbx.register(MOBILE, 'sip:phone@10.0.0.1', ANSWERS, 'announced'));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.leg('sip:phone@10.0.0.1').map((leg) => leg.hangUpReason)).toEqual(['not-needed', undefined]);
    story.nothingIsLeft();
  });

  it('rings again when it does so a second time, its first leg having failed', async () => {
    const story = new Story().sleepingMobile('phone');
    const fails = { endsAfterMs: [50, 'unreachable'] } as const;
    story.at(1000, () => story.pbx.register(MOBILE, 'sip:phone@10.0.0.1', fails, 'announced'));
    story.at(2000, () => story.pbx.register(MOBILE, 'sip:phone@10.0.0.1', ANSWERS, 'announced'));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    story.nothingIsLeft();
  });

  it('rings again when it refreshes after that, its first leg ringing nowhere', async () => {
    const story = new Story().sleepingMobile('phone');
    story.at(1000, () => story.pbx.register(MOBILE, 'sip:phone@10.0.0.1', {}, 'announced'));
    story.at(2000, () => story.pbx.register(MOBILE, 'sip:phone@10.0.0.1', ANSWERS));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    story.nothingIsLeft();
  });

  it('is news each time, and so is each expiry but one that an overtaken answer brings', () => {
    const at = (expiresAtSec: number | undefined) => ({ endpoint: MOBILE, uri: 'sip:phone@10.0.0.1', expiresAtSec });
    const knownContacts = new KnownContacts([at(100)]);
    const isNews = (...expiries: (number | undefined)[]) => expiries.map((sec) => knownContacts.isNews(at(sec)));
    expect(isNews(undefined)).toEqual([false]);
    knownContacts.lost(at(100));
    expect(knownContacts.of([MOBILE])).toEqual([]);
    expect(isNews(undefined, undefined, 100, 700, 100, 700)).toEqual([true, false, false, true, false, false]);
    knownContacts.lost(at(700));
    expect(isNews(700, undefined, 60)).toEqual([false, true, true]);
    expect(knownContacts.of([MOBILE])).toEqual([at(60)]);
  });
});

describe('what the caller hears', () => {
  it('is ordered again when the order fails: nobody waits in silence', async () => {
    const story = failing(new Story().sleepingMobile('phone'), 'caller.startHold');
    let holding = false;
    story.at(2000, () => {
      holding = story.pbx.holding;
    });
    await story.tell();
    expect(holding).toBe(true);
    story.nothingIsLeft();
  });

  it.each(['caller.answer', 'caller.write'])(
    'comes although %s fails while the caller is answered early',
    async (port) => {
      const story = failing(new Story().sleepingMobile('phone'), port, 2);
      story.pbx.globals.set('XIVO_MAPP_ANSWER_EARLY', 'True');
      await story.tell();
      expect(story.pbx.holds).toHaveLength(1);
      story.nothingIsLeft();
    },
  );

  it('does not wait for a note that is long in coming', async () => {
    const story = new Story().sleepingMobile('phone');
    story.pbx.callerAnswered = true;
    story.pbx.slowMs.set('notes.keep', 3000);
    let holding = false;
    story.at(1000, () => {
      holding = story.pbx.holding;
    });
    await story.tell();
    expect(holding).toBe(true);
    story.nothingIsLeft();
  });
});

describe('nothing stays behind', () => {
  it('of a note that is still being written when the caller leaves', async () => {
    const story = new Story().sleepingMobile('phone');
    story.pbx.slowMs.set('notes.keep', 3000);
    story.at(500, () => story.pbx.callerLeaves());
    expect((await story.tell()).outcome).toBe('caller-left');
    story.nothingIsLeft();
  });

  it('of a leg whose hang-up failed', async () => {
    const story = failing(new Story().registered(MOBILE, 'sip:old@10.0.0.1', { ringsAfterMs: 50 }), 'legs.hangUp');
    story.at(1000, () => story.pbx.callerLeaves());
    await story.tell();
    story.nothingIsLeft();
  });

  it('of a caller whose giving back failed after something else had failed', async () => {
    const story = new Story().sleepingMobile('phone');
    const failed = new Set<string>();
    story.pbx.intervene = (call, _number, moment) => {
      if (!['caller.read', 'caller.giveBack'].includes(call) || moment !== 'before' || failed.has(call)) return;
      failed.add(call);
      throw new PbxError(`scripted: ${call} fails`);
    };
    expect(await story.tell()).toEqual({ outcome: 'failed', reason: 'pbx-error' });
    expect(story.pbx.givenBack).toEqual([{ status: 'FAILED', reason: 'pbx-error' }]);
    story.nothingIsLeft();
  });
});

describe('how a call ended', () => {
  it('answered, although the first giving back of one who was answered for a moment failed', async () => {
    const briefly = { ringsAfterMs: 50, answersAfterMs: 3000, hangsUpAfterMs: 1 };
    const story = failing(new Story('WebApp').registered(WEBAPP, 'sip:uc@10.0.0.9', briefly), 'caller.giveBack');
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect(story.pbx.givenBack).toEqual([{ status: 'ANSWERED', reason: 'webapp' }]);
    story.nothingIsLeft();
  });

  it('no answer, although the first giving back failed', async () => {
    const story = failing(new Story().sleepingMobile('phone'), 'caller.giveBack');
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    expect(story.pbx.givenBack).toEqual([{ status: 'NOANSWER', reason: 'wait-over' }]);
    story.nothingIsLeft();
  });

  it('busy, although another contact of the only mobile rings nowhere', async () => {
    const story = new Story()
      .registered(MOBILE, 'sip:one@10.0.0.1', { endsAfterMs: [50, 'busy'] })
      .registered(MOBILE, 'sip:two@10.0.0.1', {})
      .sleepingMobile('phone');
    expect(await story.tell()).toEqual({ outcome: 'busy', reason: 'busy' });
    story.nothingIsLeft();
  });
});

it('a decline counts, although its leg was being given up for a newer one', async () => {
  const story = new Story()
    .registered(MOBILE, 'sip:phone@10.0.0.1', { endsAfterMs: [1995, 'declined'] })
    .sleepingMobile('phone');
  story.at(2000, () => story.pbx.register(MOBILE, 'sip:phone@10.0.0.1', ANSWERS));
  expect(await story.tell()).toEqual({ outcome: 'declined', reason: 'declined' });
  expect(story.leg('sip:phone@10.0.0.1').map((leg) => leg.hangUpReason)).toEqual(['not-needed', 'not-needed']);
  story.nothingIsLeft();
});

it('a UC Assistant that shall ring at once and registers during the wait rings its whole time', async () => {
  const story = new Story('WebAppAndMobileApp').sleepingMobile('phone');
  story.pbx.globals.set('XIVO_MAPP_RING_WEBAPP_AT_ONCE', 'True');
  story.at(14_000, () => story.pbx.register(WEBAPP, 'sip:uc@10.0.0.9', ANSWERS));
  expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
  story.nothingIsLeft();
});
