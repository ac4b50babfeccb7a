/** What new calls do without while Asterisk is slow, or where there are more of them than the site wants; and that it ends by itself. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Story } from '../../lab/fakes/world.ts';
import type { Ending } from '../../src/call/outcomes.ts';
import type { Caller } from '../../src/call/ports.ts';
import { writeCallCheckpoint } from '../../src/call/resume/checkpoint.ts';

const RINGING = { message: undefined, afterwards: { kind: 'ringing' } };
const OVER = 'Asterisk answers quickly again, and nothing is shed';
const WITH_COMPANY = { message: 'one-moment-please', afterwards: { kind: 'music', musicClass: undefined } };

describe('while Asterisk is slow', () => {
  let story: Story;
  const shed = () =>
    [...story.callHistory.calls.values()].flatMap(({ timeline }) =>
      timeline.filter(({ what }) => what === 'load-shed').map(({ facts }) => facts),
    );
  const warnings = () => story.log.at('warn').map(({ message }) => message);

  beforeEach(() => {
    story = new Story().sleepingMobile('phone', {
      wakesAfterMs: 3_000,
      phone: { answersAfterMs: 1_000, hangsUpAfterMs: 5_000 },
    });
  });
  afterEach(async () => {
    story.averageAnswerMs = 0;
    await story.clock.advance(1_000);
    story.nothingIsLeft();
    expect(story.router.shed()).toBeUndefined();
  });

  it('a new caller hears ringing in place of message and music, and all else is as ever', async () => {
    story.averageAnswerMs = 10;
    expect(await story.tell()).toMatchObject({ outcome: 'answered' });
    expect(story.pbx.holds).toEqual([RINGING]);
    expect(story.woken).toHaveLength(1);
    expect(shed()).toEqual([{ admitted: 'without-hold', averageAnswerMs: 10 }]);
    expect(story.router.shed()).toMatch(/takes 10 ms to answer, so new callers hear ringing/);
    expect(warnings()).toEqual([
      expect.stringMatching(/hear ringing in place of message and music.*XIVO_MAPP_SLOW_MS/),
    ]);
  });

  it('as slow as a hundred times that, a new call goes to the dialplan at once, and nobody is pushed', async () => {
    story.averageAnswerMs = 1_000;
    expect(await story.tell()).toEqual({ outcome: 'failed', reason: 'pbx-slow' });
    expect(story.pbx.givenBack).toEqual([{ status: 'FAILED', reason: 'pbx-slow' }]);
    expect([story.woken, story.pbx.holds]).toEqual([[], []]);
    expect(shed()).toEqual([{ admitted: 'pbx-slow', averageAnswerMs: 1_000 }]);
  });

  it('a call that came before keeps its company', async () => {
    story.at(500, () => {
      story.averageAnswerMs = 5_000;
    });
    expect(await story.tell()).toMatchObject({ outcome: 'answered' });
    expect(story.pbx.holds).toEqual([WITH_COMPANY]);
    expect(shed()).toEqual([]);
  });

  it('nothing is shed where the site does not want it', async () => {
    story.pbx.globals.set('XIVO_MAPP_SLOW_MS', '0');
    story.averageAnswerMs = 60_000;
    expect(await story.tell()).toMatchObject({ outcome: 'answered' });
    expect(story.pbx.holds).toEqual([WITH_COMPANY]);
  });

  it('just under the limit nothing is shed', async () => {
    story.averageAnswerMs = 9.9;
    await story.tell();
    expect(story.pbx.holds).toEqual([WITH_COMPANY]);
    expect(warnings()).toEqual([]);
  });

  it('it is not over because the PBX has died, and answers nothing', async () => {
    story.averageAnswerMs = 10;
    await story.tell();
    [story.averageAnswerMs, story.isAnswering] = [0, false];
    await story.clock.advance(5_000);
    expect(story.router.shed()).toMatch(/has answered nothing lately, so new callers hear ringing/);
    expect(story.log.at('info').map(({ message }) => message)).not.toContain(OVER);
    story.isAnswering = true;
    await story.clock.advance(500);
    expect(story.router.shed()).toBeUndefined();
    expect(story.log.at('info').map(({ message }) => message)).toContain(OVER);
  });

  it('nobody looks whether it is over for a call that comes when the router has stopped', async () => {
    await story.router.stop();
    story.averageAnswerMs = 10;
    await story.tell();
    expect(story.clock.pendingSleeps).toBe(0);
  });

  it('it is over only well below where it began, without any call, and how many were concerned is said', async () => {
    story.averageAnswerMs = 10;
    await story.tell();
    story.averageAnswerMs = 5;
    await story.clock.advance(5_000);
    expect(story.router.shed()).toBeDefined();
    story.averageAnswerMs = 4.9;
    await story.clock.advance(500);
    expect(story.router.shed()).toBeUndefined();
    expect(story.log.at('info').map(({ message, fields }) => [message, fields])).toContainEqual([
      OVER,
      expect.objectContaining({ withoutHold: 1, turnedAway: 0 }),
    ]);
  });
});

describe('where no more than one call shall wait or ring', () => {
  it.each(['new', 'of an earlier run'])(
    'the second goes to the dialplan at once where the first is %s',
    async (how) => {
      const story = new Story().sleepingMobile('phone');
      story.pbx.globals.set('XIVO_MAPP_MAX_CALLS', '1');
      const given: string[] = [];
      const second: Caller = {
        ...new Story().pbx.caller(),
        read: async () => ({ variables: new Map(), globals: story.pbx.globals, contacts: [] }),
        write: async () => {},
        giveBack: async (...words) => {
          given.push(words.join(' '));
        },
      };
      let turnedAway: Ending | undefined;
      story.at(1_000, () => {
        void story.router.route({ callId: 'xm-0000000000000002', userId: '7', caller: second }).then((ending) => {
          turnedAway = ending;
        });
      });
      const waitUntilMs = story.clock.wallMs() + 15_000;
      const checkpoint = writeCallCheckpoint({ callId: 'xm-0000000000000001', userId: '7', waitUntilMs, pushed: [] });
      const ending = await story.tell(how === 'new' ? {} : { checkpoint });
      expect(ending).toMatchObject({ outcome: 'no-answer' });
      expect(turnedAway).toEqual({ outcome: 'failed', reason: 'too-many-calls' });
      expect(given).toEqual(['FAILED too-many-calls']);
      expect(story.woken).toHaveLength(1);
      story.nothingIsLeft();
    },
  );
});
