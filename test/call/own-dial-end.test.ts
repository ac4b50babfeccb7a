/** Stories of dialplans that keep their own Dial: how the pushed mobiles learn of the end, and what a router that stops leaves to the next. */
import { describe, expect, it } from 'vitest';
import { DialplanStory } from '../../lab/fakes/dialplan.ts';
import { MOBILE, WEBAPP } from '../../lab/fakes/world.ts';
import { writeWakeCheckpoint } from '../../src/call/own-dial/checkpoint.ts';
import { markOf } from '../../src/call/resume/marks.ts';

/** What stands on the channel while its mobile is waited for. */
const WAITING = {
  ...{ callId: 'xm-00000000000000aa', userId: '7', waitUntilMs: 999_999_999_999_999 },
  ...{ pushed: [markOf('one')], before: [] },
};
const OLD = 'sip:old@10.0.0.1:4000';
const UC = 'sip:uc@10.0.0.9';

describe('the end of the call', () => {
  it.each([
    ['ANSWER', 'answered'],
    ['NOANSWER', 'no-answer'],
    ['BUSY', 'busy'],
    ['CANCEL', 'caller-left'],
    ['CHANUNAVAIL', 'unreachable'],
    ['', 'caller-left'],
    ['SOMETHING', 'no-answer'],
  ])('after Dial has said %s, all pushed mobiles are told %s', async (dialStatus, reason) => {
    const story = new DialplanStory()
      .sleepingMobile('one', { wakesAfterMs: 500 })
      .sleepingMobile('two')
      .at(600, () => undefined);
    await story.ask('wake');
    story.pbx.variables.set('DIALSTATUS', dialStatus);
    await story.ask('ended');
    expect(story.toldEnded.map(({ device, notice }) => [notice.callId, device.deviceId, notice.reason])).toEqual([
      ['xm-0000000000000001', 'one', reason],
      ['xm-0000000000000001', 'two', reason],
    ]);
    expect(story.said('XIVO_MAPP_WOKEN')).toBe('');
    expect(story.told[0], 'the status stays').toBe('READY');
    story.theDialplanGoesOn();
  });

  it('is nothing to do where nobody was pushed, or all have been told', async () => {
    const story = new DialplanStory();
    await story.ask('ended');
    story.pbx.written.set('XIVO_MAPP_WOKEN', 'v1 nonsense');
    await story.ask('ended');
    expect(story.toldEnded).toEqual([]);
    story.theDialplanGoesOn();
  });

  it('keeps the name of a caller who withholds it', async () => {
    const story = new DialplanStory().sleepingMobile('one', { wakesAfterMs: 500 });
    await story.ask('wake');
    story.pbx.variables.set('CALLERID(pres)', 'prohib_passed_screen');
    await story.ask('ended');
    expect(story.toldEnded[0]?.notice.caller).toEqual({ name: '', number: '' });
  });

  it('is told by the next wake, when its caller is taken away and comes back: that is another call, and pushed again', async () => {
    const back = new DialplanStory().sleepingMobile('one', { wakesAfterMs: 500 });
    back.pbx.written.set('XIVO_MAPP_WOKEN', writeWakeCheckpoint(WAITING));
    await back.ask('wake');
    expect(back.told).toEqual(['READY', 'mobile', `${MOBILE}/sip:one@10.0.0.1`]);
    expect(back.woken).toHaveLength(1);
    expect(back.toldEnded.map(({ notice }) => notice.callId)).toEqual([WAITING.callId]);
  });

  it('is told by the next wake, where the dialplan never said it', async () => {
    const story = new DialplanStory().sleepingMobile('one', { wakesAfterMs: 500 });
    await story.ask('wake');
    await story.ask('wake');
    expect(story.woken.map(({ notice }) => notice.callId)).toEqual(['xm-0000000000000001', 'xm-0000000000000002']);
    expect(story.toldEnded.map(({ notice }) => [notice.callId, notice.reason])).toEqual([
      ['xm-0000000000000001', 'no-answer'],
    ]);
    story.theDialplanGoesOn();
  });
});

describe('a router that stops', () => {
  it('lets the dialplan go on with what is known, and the next one waits on without a second push', async () => {
    const story = new DialplanStory('WebAppAndMobileApp').registered(WEBAPP, UC, {}).sleepingMobile('phone');
    story.at(5000, () => void story.router.stop());
    await story.ask('wake');
    expect(story.told).toEqual(['FAILED', 'router-stopping', `${WEBAPP}/${UC}`]);
    expect(story.toldEnded).toEqual([]);
    story.theDialplanGoesOn();

    const next = new DialplanStory('WebAppAndMobileApp').registered(WEBAPP, UC, {}).sleepingMobile('phone');
    next.isHandedOnFrom(story);
    await next.clock.advance(story.clock.nowMs() - next.clock.nowMs());
    await next.ask('wake');
    expect(next.told).toEqual(['READY', 'wait-over', `${WEBAPP}/${UC}`]);
    expect(next.woken).toEqual([]);
    expect(next.waitedSeconds).toBeLessThanOrEqual(10);
    expect(next.callHistory.told('xm-0000000000000001')).toContain('resumed');
    await next.ask('ended');
    expect(next.toldEnded).toHaveLength(1);
  });

  it('is followed by one that knows a mobile which has registered meanwhile from one that slept on', async () => {
    const story = new DialplanStory().registered(MOBILE, OLD, {}).sleepingMobile('phone');
    story.at(5000, () => void story.router.stop());
    await story.ask('wake');
    for (const [uri, told] of [
      ['sip:phone@10.0.0.1:5000', ['READY', 'mobile', `${MOBILE}/${OLD}&${MOBILE}/sip:phone@10.0.0.1:5000`]],
      [OLD, ['READY', 'mobile', `${MOBILE}/${OLD}`]],
      [undefined, ['READY', 'wait-over', `${MOBILE}/${OLD}`]],
    ] as const) {
      const next = new DialplanStory().registered(MOBILE, OLD, {}).sleepingMobile('phone');
      next.isHandedOnFrom(story);
      await next.clock.advance(story.clock.nowMs() - next.clock.nowMs());
      if (uri !== undefined) next.pbx.register(MOBILE, uri);
      await next.ask('wake');
      expect(next.told).toEqual(told);
    }
  });

  it('answers who comes late: it is stopping', async () => {
    const story = new DialplanStory().sleepingMobile('phone', { wakesAfterMs: 100 });
    await story.router.stop();
    await story.ask('wake');
    expect(story.told.slice(0, 2)).toEqual(['FAILED', 'router-stopping']);
    expect(story.woken).toEqual([]);
    story.theDialplanGoesOn();
  });
});
