/** Stories of bugs that the simulation has found since it draws the router's death and its restart. */
import { describe, expect, it } from 'vitest';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';
import { writeCallCheckpoint } from '../../src/call/resume/checkpoint.ts';
import { markOf } from '../../src/call/resume/marks.ts';

function checkpointOf(story: Story, pushed: readonly string[]): string {
  return writeCallCheckpoint({
    callId: 'xm-0000000000000001',
    userId: '7',
    waitUntilMs: story.clock.wallMs() + 9000,
    pushed: pushed.map(markOf),
  });
}

describe('a call that goes on in another run of the router', () => {
  it('tells the mobiles that were pushed when its caller leaves before it is planned again', async () => {
    const story = new Story().sleepingMobile('phone').sleepingMobile('tablet');
    story.pbx.slowMs.set('caller.read', 500);
    story.at(100, () => story.pbx.callerLeaves());
    const ending = await story.tell({ checkpoint: checkpointOf(story, ['phone']) });
    expect(ending).toEqual({ outcome: 'caller-left', reason: 'while-waiting' });
    expect(story.toldEnded.map(({ device }) => device.deviceId)).toEqual(['phone']);
    story.nothingIsLeft();
  });

  it('tells them also when it is passed on, since the callee does not want to be disturbed any more', async () => {
    const story = new Story().sleepingMobile('phone');
    story.pbx.variables.set('XIVO_ENABLEDND', '1');
    expect(await story.tell({ checkpoint: checkpointOf(story, ['phone']) })).toEqual({
      outcome: 'passed',
      reason: 'do-not-disturb',
    });
    expect(story.toldEnded).toHaveLength(1);
    story.nothingIsLeft();
  });

  it('is heard as a tone where the caller has heard the message: a signal would be heard by nobody', async () => {
    const story = new Story('WebAppAndMobileApp').registered(WEBAPP, 'sip:uc@10.0.0.9', { ringsAfterMs: 50 });
    await story.tell({ checkpoint: checkpointOf(story, ['phone']) });
    expect(story.pbx.holds.map(({ afterwards }) => afterwards.kind)).toEqual(['tone']);
    story.nothingIsLeft();
  });

  it('is heard as a tone also where no push had been taken yet, and no mobile is left to be woken', async () => {
    const story = new Story('WebAppAndMobileApp').registered(WEBAPP, 'sip:uc@10.0.0.9', { ringsAfterMs: 50 });
    await story.tell({ checkpoint: checkpointOf(story, []) });
    expect(story.pbx.holds.map(({ afterwards }) => afterwards.kind)).toEqual(['tone']);
    story.nothingIsLeft();
  });

  it('is heard as a signal where there was no message', async () => {
    const story = new Story('WebAppAndMobileApp').registered(WEBAPP, 'sip:uc@10.0.0.9', { ringsAfterMs: 50 });
    story.pbx.globals.set('XIVO_MAPP_PLAY_MSG', 'False');
    await story.tell({ checkpoint: checkpointOf(story, ['phone']) });
    expect(story.pbx.holds.map(({ afterwards }) => afterwards.kind)).toEqual(['ringing']);
    story.nothingIsLeft();
  });
});

it('a router that stops lets a push that is under way arrive: the next one does not send it again', async () => {
  const story = new Story().registered(MOBILE, 'sip:old@10.0.0.1', {}).sleepingMobile('phone');
  story.at(10, () => void story.router.stop());
  expect(await story.tell()).toEqual({ outcome: 'failed', reason: 'router-stopping' });
  const results = story.callHistory.calls
    .get('xm-0000000000000001')
    ?.timeline.filter(({ what }) => what === 'push-result');
  expect(results?.map(({ facts }) => facts.result)).toEqual(['delivered']);
  story.nothingIsLeft();
});

it('a router that stops waits also for what has begun since: a mobile that it tells of an end is told', async () => {
  const story = new Story().sleepingMobile('phone').sleepingMobile('tablet', { push: 'hangs' });
  const inOrder: string[] = [];
  story.pbx.slowMs.set('caller.giveBack', 500);
  story.at(10, () => void story.router.stop().then(() => inOrder.push('stopped')));
  const checkpoint = writeCallCheckpoint({
    callId: 'xm-0000000000000009',
    userId: '7',
    waitUntilMs: story.clock.wallMs(),
    pushed: [markOf('tablet')],
  });
  story.at(505, () => void story.router.endLost({ checkpoint }).then(() => inOrder.push('told')));
  await story.tell();
  while (await story.clock.advanceToNextWake()) await story.clock.settle();
  expect(story.toldEnded.map(({ notice }) => notice.callId)).toEqual(['xm-0000000000000009']);
  expect(inOrder).toEqual(['told', 'stopped']);
});
