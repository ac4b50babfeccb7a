/** What the call does where a message, music or a tone cannot be heard, and what it says of it. */
import { afterEach, describe, expect, it } from 'vitest';
import { Story } from '../../lab/fakes/world.ts';
import type { HoldNews } from '../../src/call/ports.ts';

const SENT = 'CHANNEL(rtcp,txcount)';
const TONE = { message: undefined, afterwards: { kind: 'tone', country: 'fr' } };
const MUSIC_UNHEARD = { what: 'music', name: 'default', heard: 'tone' };
/** When the message is over, ms after the call's arrival. */
const OVER_MS = 1_000;

let story: Story;

/** A caller who waits for a phone that never wakes. */
function waits(sent: string, news: HoldNews): Story {
  story = new Story().sleepingMobile('phone').at(OVER_MS, () => story.pbx.onHoldNews(news));
  story.pbx.variables.set(SENT, sent);
  return story;
}
const notHeard = () =>
  [...story.callHistory.calls.values()].flatMap(({ timeline }) => timeline.filter(({ what }) => what === 'not-heard'));
const facts = () => notHeard().map((entry) => entry.facts);
const warnings = () => story.log.at('warn').map(({ message }) => message);

describe('what cannot be heard', () => {
  afterEach(() => story.nothingIsLeft());

  it('music, of which nothing is sent: a tone is ordered within a second of the silence', async () => {
    await waits('25', { what: 'message', played: true }).tell();
    expect(story.pbx.holds.slice(1)).toEqual([TONE]);
    expect(facts()).toEqual([MUSIC_UNHEARD]);
    expect((notHeard()[0]?.atMs ?? 0) - OVER_MS).toBeLessThan(700);
    expect(warnings()).toEqual([
      expect.stringMatching(/music class "default" plays nothing.*XIVO_MAPP_WAIT_WITH_MUSIC/),
    ]);
  });

  it('music that begins late because Asterisk is late is left alone', async () => {
    waits('25', { what: 'message', played: true });
    story.pbx.globals.set('XIVO_MAPP_SLOW_MS', '0');
    story.averageAnswerMs = 90;
    story.at(OVER_MS + 1_000, () => story.pbx.variables.set(SENT, '30'));
    await story.tell();
    expect(story.pbx.holds).toHaveLength(1);
    expect(facts()).toEqual([]);
  });

  it('music that has begun is left alone', async () => {
    waits('25', { what: 'message', played: true });
    let sent = 25;
    story.pbx.intervene = (call, _, moment) => {
      if (call !== 'caller.read' || moment !== 'after') return;
      sent += 7;
      story.pbx.variables.set(SENT, String(sent));
    };
    await story.tell();
    expect(story.pbx.holds).toHaveLength(1);
    expect(facts()).toEqual([]);
  });

  it('music of a caller who is replaced meanwhile is looked for anew: the newcomer has been sent less', async () => {
    waits('2500', { what: 'message', played: true });
    story.at(OVER_MS + 100, () => {
      story.pbx.callerChannelId = 'caller-2';
      story.pbx.variables.set(SENT, '3');
    });
    for (const [afterMs, sent] of [
      [300, '3'],
      [700, '25'],
    ] as const)
      story.at(OVER_MS + afterMs, () => story.pbx.variables.set(SENT, sent));
    await story.tell();
    expect(story.pbx.holds).toHaveLength(1);
    expect(facts()).toEqual([]);
  });

  it('music of which nobody can tell whether it is sent is left alone', async () => {
    await waits('', { what: 'message', played: true }).tell();
    expect(story.pbx.holds).toHaveLength(1);
    expect(warnings()).toEqual([]);
  });

  it('a message, and the music after it: both are told of, once for all calls', async () => {
    await waits('', { what: 'message', played: false }).tell();
    expect(facts()).toEqual([{ what: 'message', name: 'one-moment-please', heard: 'music' }]);
    story.nothingIsLeft();
    await waits('0', { what: 'message', played: false }).tell();
    expect(facts()).toEqual([MUSIC_UNHEARD, { what: 'message', name: 'one-moment-please', heard: 'tone' }]);
    expect(warnings()).toHaveLength(2);
  });

  it('a tone: that of France is ordered', async () => {
    waits('25', { what: 'tone', played: false });
    story.pbx.globals.set('XIVO_MAPP_WAIT_WITH_MUSIC', 'False').set('XIVO_MAPP_TONE_COUNTRY', 'uk');
    await story.tell();
    expect(story.pbx.holds.slice(1)).toEqual([{ message: undefined, afterwards: { kind: 'tone', country: '' } }]);
    expect(facts()).toEqual([{ what: 'tone', name: 'uk', heard: 'tone of fr' }]);
    expect(warnings()).toEqual([expect.stringMatching(/country "uk" cannot be played.*indications\.conf/)]);
  });

  it.each([
    ['a message, where music follows,', 'message', 'True'],
    ['a message, where a tone follows,', 'message', 'False'],
    ['a tone', 'tone', 'False'],
  ] as const)('%s that ends because the caller leaves is no fault', async (_, what, withMusic) => {
    waits('25', { what, played: false });
    story.pbx.globals.set('XIVO_MAPP_WAIT_WITH_MUSIC', withMusic);
    await story.at(OVER_MS + 20, () => story.pbx.callerLeaves()).tell();
    expect(facts()).toEqual([]);
    expect(warnings()).toEqual([]);
  });

  it('nothing is begun once somebody has answered', async () => {
    story = new Story()
      .sleepingMobile('phone', {
        wakesAfterMs: 900,
        phone: { ringsAfterMs: 10, answersAfterMs: 150, hangsUpAfterMs: 5_000 },
      })
      .at(OVER_MS, () => story.pbx.onHoldNews({ what: 'message', played: true }))
      .at(2_000, () => story.pbx.onHoldNews({ what: 'message', played: false }));
    story.pbx.variables.set(SENT, '25');
    await story.tell();
    expect(story.endings[0]?.outcome).toBe('answered');
    expect(story.pbx.holds).toHaveLength(1);
    expect(facts()).toEqual([]);
  });
});
