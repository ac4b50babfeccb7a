/** A phone that registers again while it is being called, from the same port or another: it is called once, and what it has said it has said for all of its addresses. */
import { describe, expect, it } from 'vitest';
import type { PhoneScript } from '../../lab/fakes/legs.ts';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';

const at = (port: number) => `sip:phone@10.0.0.1:${port}`;
const ANSWERS: PhoneScript = { ringsAfterMs: 1500, answersAfterMs: 3000, hangsUpAfterMs: 1000 };
const HOW_OFTEN = [1, 2, 6];

/** It registers at 1000 ms, rings by the script, and registers again so often before that. */
function registersAgain(story: Story, script: PhoneScript, times: number, how: Ways): void {
  for (let n = 0; n <= times; n += 1) {
    story.at(1000 + 200 * n, () => {
      const port = how.ports === 'other' ? 5060 + n : 5060;
      const isNew = n === 0 || how.ports === 'other';
      // Asterisk tells of the new one before it tells that it has taken the place of the old one.
      const phone = how.mark && phoneOf(how.mark === 'its make' ? `life ${n}` : 'one');
      story.pbx.register(MOBILE, at(port), n === 0 ? script : {}, isNew ? 'announced' : 'read', phone);
      if (how.removes && n > 0) story.pbx.unregister(MOBILE, at(port - 1));
    });
  }
}

interface Ways {
  readonly ports: 'same' | 'other';
  readonly removes: boolean;
  /** What tells Asterisk that it is one phone; undefined: only that it has taken the place of the other. */
  readonly mark: 'its Call-ID' | 'its make' | undefined;
}

const phoneOf = (registration: string, make = 'app at 10.0.0.1') => ({ registration, make });

const WAYS: readonly Ways[] = [
  { ports: 'same', removes: false, mark: 'its Call-ID' },
  { ports: 'same', removes: false, mark: undefined },
  { ports: 'other', removes: false, mark: 'its Call-ID' },
  { ports: 'other', removes: false, mark: 'its make' },
  { ports: 'other', removes: true, mark: 'its Call-ID' },
  { ports: 'other', removes: true, mark: undefined },
];

describe.each(WAYS)('from $ports port, its old contact removed: $removes, known as $mark', (how) => {
  it.each(HOW_OFTEN)('%i times before it rings: it is called once, and answers', async (times) => {
    const story = new Story().sleepingMobile('phone');
    registersAgain(story, ANSWERS, times, how);
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.pbx.legs.size).toBe(1);
    story.nothingIsLeft();
  });

  it.each(HOW_OFTEN)('%i times, and does not ring: it is called where it registered last', async (times) => {
    const story = new Story().sleepingMobile('phone');
    registersAgain(story, {}, times, how);
    const last = at(how.ports === 'other' ? 5060 + times : 5060);
    story.at(2900, () => story.pbx.scripts.set(last, ANSWERS));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.leg(last).at(-1)?.state).toBe('ended');
    expect(story.pbx.legs.size).toBe(2);
    story.nothingIsLeft();
  });

  it.each(['busy', 'declined'] as const)('and has said %s: it is not called again', async (end) => {
    const story = new Story().sleepingMobile('phone');
    story.pbx.globals.set('XIVO_MAPP_DECLINE_ENDS', 'none');
    registersAgain(story, { ringsAfterMs: 50, endsAfterMs: [100, end] }, 6, how);
    await story.tell();
    expect(story.pbx.legs.size).toBe(1);
    story.nothingIsLeft();
  });

  it('and is lost while it rings where it was called: it is called anew at once', async () => {
    const story = new Story().sleepingMobile('phone');
    registersAgain(story, { ringsAfterMs: 500, endsAfterMs: [500, 'unreachable'] }, 1, how);
    story.at(1300, () => story.pbx.scripts.set(at(how.ports === 'other' ? 5061 : 5060), ANSWERS));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.pbx.legs.size).toBe(2);
    story.nothingIsLeft();
  });

  it('and is not reached where it was called: it is called anew at once', async () => {
    const story = new Story().sleepingMobile('phone');
    registersAgain(story, { endsAfterMs: [500, 'unreachable'] }, 1, how);
    story.at(1300, () => story.pbx.scripts.set(at(how.ports === 'other' ? 5061 : 5060), ANSWERS));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    const dialled = story.callHistory.calls.get('xm-0000000000000001')?.timeline ?? [];
    const lastDialMs = dialled.findLast(({ what }) => what === 'leg-dialled')?.atMs ?? 0;
    const endMs = dialled.find(({ what }) => what === 'leg-ended')?.atMs ?? 0;
    expect(lastDialMs - endMs).toBeLessThan(20);
    story.nothingIsLeft();
  });
});

it.each([1, 100, 250])(
  'one that takes its contact off, and registers another %i ms later, is called once',
  async (ms) => {
    const story = new Story().sleepingMobile('phone');
    story.at(1000, () => story.pbx.register(MOBILE, at(5060), ANSWERS, 'announced', phoneOf('one')));
    story.at(1500, () => story.pbx.unregister(MOBILE, at(5060)));
    story.at(1500 + ms, () => story.pbx.register(MOBILE, at(5061), {}, 'announced', phoneOf('one')));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.pbx.legs.size).toBe(1);
    story.nothingIsLeft();
  },
);

it('EDGES 69: its second 486 does not count for the other phone, which is still waking', async () => {
  const story = new Story().sleepingMobile('one').sleepingMobile('two');
  const busy: PhoneScript = { endsAfterMs: [100, 'busy'] };
  story.at(1000, () => story.pbx.register(MOBILE, at(5060), busy, 'announced', phoneOf('one')));
  story.at(2000, () => story.pbx.register(MOBILE, at(5061), busy, 'announced', phoneOf('one')));
  story.at(4000, () => story.pbx.register(MOBILE, 'sip:phone@10.0.0.1:6060', ANSWERS, 'announced', phoneOf('two')));
  expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
  expect(story.leg(at(5061))).toHaveLength(0);
  story.nothingIsLeft();
});

it.each([true, false])(
  'an app that is started anew while it rings is called anew, its old contact removed: %s',
  async (removed) => {
    const story = new Story().sleepingMobile('phone');
    story.at(1000, () => story.pbx.register(MOBILE, at(5060), { ringsAfterMs: 50 }, 'announced', phoneOf('one life')));
    story.at(3000, () => story.pbx.register(MOBILE, at(5061), ANSWERS, 'announced', phoneOf('another life')));
    if (removed) story.at(3010, () => story.pbx.unregister(MOBILE, at(5060)));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    story.nothingIsLeft();
  },
);

it('one that rings while it is not known yet whose the registration is that has taken its place is not called anew', async () => {
  const story = new Story().sleepingMobile('phone');
  const rings = { ringsAfterMs: 510, answersAfterMs: 5000, hangsUpAfterMs: 100 };
  story.at(1000, () => story.pbx.register(MOBILE, at(5060), rings, 'announced'));
  story.at(1500, () => {
    story.pbx.slowMs.set('watch.lookNow', 50);
    story.pbx.register(MOBILE, at(5061), {}, 'announced', phoneOf('one'));
    story.pbx.unregister(MOBILE, at(5060));
  });
  expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
  expect(story.pbx.legs.size).toBe(1);
  story.nothingIsLeft();
});

it('one that registers again from another port while it rings is not called anew', async () => {
  const story = new Story().sleepingMobile('phone');
  const rings = { ringsAfterMs: 50, answersAfterMs: 5000, hangsUpAfterMs: 100 };
  story.at(1000, () => story.pbx.register(MOBILE, at(5060), rings, 'announced', phoneOf('one')));
  story.at(3000, () => story.pbx.register(MOBILE, at(5061), {}, 'announced', phoneOf('one')));
  expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
  expect(story.pbx.legs.size).toBe(1);
  story.nothingIsLeft();
});

it('two phones of one make behind one address are two', async () => {
  const story = new Story().sleepingMobile('one').sleepingMobile('two');
  story.at(1000, () => story.pbx.register(MOBILE, at(5060), { ringsAfterMs: 50 }, 'announced', phoneOf('one')));
  story.at(1010, () => story.pbx.register(MOBILE, at(5061), ANSWERS, 'announced', phoneOf('two')));
  expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
  expect(story.pbx.legs.size).toBe(2);
  story.nothingIsLeft();
});

it('one whose mark nobody can read is another phone after half a second', async () => {
  const story = new Story().sleepingMobile('one').sleepingMobile('two');
  story.at(1000, () => story.pbx.register(MOBILE, at(5060), { ringsAfterMs: 50 }, 'announced', phoneOf('one')));
  story.at(1005, () => story.pbx.slowMs.set('watch.lookNow', 5000));
  story.at(1010, () => story.pbx.register(MOBILE, at(5061), ANSWERS, 'announced', phoneOf('one')));
  expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
  expect(story.pbx.legs.size).toBe(2);
  story.nothingIsLeft();
});

it('a desk phone, too', async () => {
  const story = new Story('WebApp').registered(WEBAPP, 'sip:uc@10.0.0.9:5060', {
    ringsAfterMs: 1000,
    answersAfterMs: 2500,
    hangsUpAfterMs: 500,
  });
  for (let n = 1; n < 4; n += 1) {
    story.at(100 * n, () =>
      story.pbx.register(WEBAPP, `sip:uc@10.0.0.9:${5060 + n}`, {}, 'announced', phoneOf('desk')),
    );
  }
  expect(await story.tell()).toMatchObject({ outcome: 'answered' });
  // Of the first nobody knows whose it is; the others are one phone, which is called at the newest when it has not rung for two seconds.
  const called = [...story.pbx.legs.values()].map(({ request }) => request.contact.uri.slice(-4));
  expect(called).toEqual(['5060', '5061', '5063']);
  story.nothingIsLeft();
});

it.each(['MobileApp', 'WebApp'] as const)(
  '%s: one that stands at two addresses, and nobody knows at which it is, is called at both',
  async (device) => {
    const endpoint = device === 'MobileApp' ? MOBILE : WEBAPP;
    const story = new Story(device)
      .sleepingMobile('phone')
      .registered(endpoint, at(5060), {})
      .registered(endpoint, at(5061), ANSWERS);
    for (const [index, contact] of story.pbx.contacts.entries())
      story.pbx.contacts[index] = { ...contact, phone: phoneOf('one') };
    expect(await story.tell()).toMatchObject({ outcome: 'answered' });
    expect(story.pbx.legs.size).toBe(2);
    story.nothingIsLeft();
  },
);

it('a thousand registrations within some seconds are told of and dialled with measure', async () => {
  const story = new Story().sleepingMobile('one').sleepingMobile('two');
  for (let n = 0; n < 1000; n += 1) {
    story.at(1000 + n * 5, () => story.pbx.register(MOBILE, at(5060 + n), {}, 'announced', phoneOf(`${n}`)));
  }
  expect(await story.tell()).toMatchObject({ outcome: 'no-answer' });
  expect(story.pbx.legs.size).toBeLessThan(50);
  expect(story.callHistory.calls.get('xm-0000000000000001')?.timeline.length).toBeLessThan(200);
  story.nothingIsLeft();
});
