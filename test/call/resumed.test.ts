/** Stories that an earlier run of the router has begun (EDGES 16): they go on with the time that is left, and nobody is pushed twice. */
import { describe, expect, it } from 'vitest';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';
import { CallerGone, PbxError } from '../../src/call/errors.ts';
import { readCallCheckpoint, writeCallCheckpoint, writeLegCheckpoint } from '../../src/call/resume/checkpoint.ts';
import { markOf } from '../../src/call/resume/marks.ts';

/** What learning takes in the fake world; it counts, for the deadline is on the wall. */
const LEARNING_MS = 6;
const ANSWERS = { ringsAfterMs: 50, answersAfterMs: 3000, hangsUpAfterMs: 5000 };

function checkpointOf(story: Story, waitLeftMs: number, pushed: readonly string[] = ['phone']): string {
  const waitUntilMs = story.clock.wallMs() + waitLeftMs;
  return writeCallCheckpoint({ callId: 'xm-0000000000000001', userId: '7', waitUntilMs, pushed: pushed.map(markOf) });
}

function legOn(story: Story, on: 'mobile' | 'webapp', fresh: boolean, agoMs: number, isForward = false) {
  const contact = { endpoint: on === 'mobile' ? MOBILE : WEBAPP, uri: `sip:${on}@10.0.0.1`, expiresAtSec: undefined };
  const checkpoint = writeLegCheckpoint({ on, fresh, isForward, dialledAtMs: story.clock.wallMs() - agoMs, contact });
  return { legId: `xm-0000000000000001-leg-${on}`, contact, checkpoint };
}

describe('a call that waits', () => {
  it('is remembered on the channel before anything plays, with those whose push was taken, and at the end with its ending', async () => {
    const story = new Story().sleepingMobile('phone');
    const written: string[] = [];
    story.at(10, () => written.push(story.pbx.written.get('XIVO_MAPP_MEMORY') ?? ''));
    story.at(1000, () => written.push(story.pbx.written.get('XIVO_MAPP_MEMORY') ?? ''));
    await story.tell();
    const [before, after] = written.map(readCallCheckpoint);
    expect(before).toMatchObject({ callId: 'xm-0000000000000001', userId: '7', pushed: [] });
    expect(after).toEqual({ ...before, pushed: [markOf('phone')] });
    const calls = story.pbx.portCalls;
    expect(calls.indexOf('caller.write')).toBeLessThan(calls.indexOf('caller.startHold'));
    const ending = { outcome: 'no-answer', reason: 'wait-over' };
    expect(readCallCheckpoint(story.pbx.written.get('XIVO_MAPP_MEMORY') ?? '')).toEqual({ ...after, ending });
    story.nothingIsLeft();
  });

  it('is remembered on whatever channel takes the place of the caller', async () => {
    const story = new Story().sleepingMobile('phone');
    story.at(1000, () => story.pbx.replaceCaller('caller-2', 'XIVO_MAPP_MEMORY'));
    const written: string[] = [];
    story.at(1100, () => written.push(story.pbx.written.get('XIVO_MAPP_MEMORY') ?? ''));
    await story.tell();
    expect(written.map(readCallCheckpoint)).toMatchObject([
      { callId: 'xm-0000000000000001', pushed: [markOf('phone')] },
    ]);
    story.nothingIsLeft();
  });

  it('is not remembered by a newcomer before it waits: the next router takes it for a new one', async () => {
    const story = new Story().sleepingMobile('phone');
    story.pbx.slowMs.set('caller.read', 500);
    const written: (string | undefined)[] = [];
    story.at(100, () => story.pbx.replaceCaller('caller-2', 'XIVO_MAPP_MEMORY'));
    story.at(400, () => written.push(story.pbx.written.get('XIVO_MAPP_MEMORY')));
    await story.tell();
    expect(written).toEqual([undefined]);
    story.nothingIsLeft();
  });

  it('pushes again a device whose push no service has taken, and not when the wait is over', async () => {
    for (const [leftMs, pushes] of [
      [4000, 1],
      [-1, 0],
    ] as const) {
      const story = new Story().sleepingMobile('phone');
      const ending = await story.tell({ checkpoint: checkpointOf(story, leftMs, []) });
      expect(ending).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
      expect(story.woken).toHaveLength(pushes);
      story.nothingIsLeft();
    }
  });

  it('is given back as it has ended, and its mobiles are told, when the router died in that', async () => {
    const story = new Story().sleepingMobile('phone');
    const leg = legOn(story, 'mobile', true, 4000);
    story.pbx.leaveLeg(leg.legId, leg.contact, 'ringing');
    const checkpoint = `${checkpointOf(story, 4000)} over=busy:busy`;
    expect(await story.tell({ checkpoint, legs: [leg] })).toEqual({ outcome: 'busy', reason: 'busy' });
    expect(story.pbx.givenBack).toEqual([{ status: 'BUSY', reason: 'busy' }]);
    expect(story.woken).toEqual([]);
    expect(story.toldEnded.map(({ notice }) => notice.reason)).toEqual(['busy']);
    story.nothingIsLeft();
  });

  it('is given back as answered when whoever had answered has hung up before anybody was connected: nobody rings again', async () => {
    const story = new Story().registered(MOBILE, 'sip:phone@10.0.0.1', ANSWERS).sleepingMobile('phone');
    const checkpoint = `${checkpointOf(story, 4000)} over=answered:mobile`;
    expect(await story.tell({ checkpoint })).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.pbx.givenBack).toEqual([{ status: 'ANSWERED', reason: 'mobile' }]);
    expect(story.pbx.legs.size).toBe(0);
    story.nothingIsLeft();
  });

  it('is another call when its caller comes again from the dialplan after it has ended', async () => {
    const story = new Story().sleepingMobile('phone');
    const checkpoint = `${checkpointOf(story, 4000)} over=no-answer:wait-over`;
    await story.tell({ checkpoint, how: 'new' });
    expect(story.woken).toHaveLength(1);
    story.nothingIsLeft();
  });

  it('is another call when its caller was taken away and comes back, though an older dialplan hands the checkpoint on', async () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 500, phone: ANSWERS });
    const ending = await story.tell({ checkpoint: checkpointOf(story, 4000), how: 'new' });
    expect(ending).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.woken).toHaveLength(1);
    expect(story.timeline()).toContain('arrived');
    story.nothingIsLeft();
  });

  it('is another call when its caller comes back while the first is just being ended', async () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 500, phone: ANSWERS });
    story.pbx.written.set('XIVO_MAPP_REASON', 'router-stopping');
    const checkpoint = checkpointOf(story, 4000).replace('xm-0000000000000001', 'xm-00000000000000aa');
    const first = story.router.route({
      ...{ callId: 'xm-00000000000000bb', userId: '7', checkpoint },
      caller: {
        ...story.pbx.caller(),
        left: AbortSignal.abort(new CallerGone('the channel has left the application')),
      },
    });
    expect(await story.tell({ checkpoint, how: 'new' })).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(await first).toEqual({ outcome: 'caller-left', reason: 'while-waiting' });
    expect(
      story.callHistory.calls.get('xm-00000000000000aa')?.timeline.find(({ what }) => what === 'caller-left')?.facts,
    ).toEqual({ detail: 'the channel has left the application' });
    expect(story.timeline()).toContain('arrived');
  });

  it('goes on when the dialplan hands it on from a router that stopped, or cannot say why', async () => {
    for (const isRefused of [false, true]) {
      const story = new Story().sleepingMobile('phone');
      story.pbx.written.set('XIVO_MAPP_REASON', 'router-stopping');
      let asked = 0;
      story.pbx.intervene = (call, _number, moment) => {
        if (call !== 'caller.read' || moment === 'after') return;
        asked += 1;
        if (isRefused && asked === 1) throw new PbxError('HTTP 500');
      };
      await story.tell({ checkpoint: checkpointOf(story, 4000), how: 'new' });
      expect(story.woken).toEqual([]);
      expect(story.timeline()).toContain('resumed');
      story.nothingIsLeft();
    }
  });

  it('ends as that of a caller who left, when the caller has gone while no router was there', async () => {
    const story = new Story().sleepingMobile('phone').sleepingMobile('tablet');
    const ended = story.router.endLost({ checkpoint: checkpointOf(story, 4000) });
    await story.clock.advance(100);
    await ended;
    expect(story.toldEnded.map(({ device, notice }) => [device.deviceId, notice.reason])).toEqual([
      ['phone', 'caller-left'],
    ]);
    expect(story.callHistory.calls.get('xm-0000000000000001')?.summary).toMatchObject({
      outcome: 'caller-left',
      reason: 'while-waiting',
    });
  });

  it.each([
    // The only one that was pushed is the one that has answered.
    { answeredOn: 'mobile', told: [] },
    { answeredOn: 'webapp', told: [['phone', 'answered-elsewhere']] },
    { answeredOn: 'picked-up', told: [['phone', 'answered-elsewhere']] },
  ] as const)(
    'ends as answered, and the other mobiles are told, when it was answered on $answeredOn while no router was there',
    async ({ answeredOn, told }) => {
      const story = new Story().sleepingMobile('phone').sleepingMobile('tablet');
      const ended = story.router.endLost({ checkpoint: checkpointOf(story, 4000), answeredOn });
      await story.clock.advance(100);
      await ended;
      expect(story.toldEnded.map(({ device, notice }) => [device.deviceId, notice.reason])).toEqual(told);
      expect(story.callHistory.calls.get('xm-0000000000000001')?.summary).toMatchObject({
        outcome: 'answered',
        reason: answeredOn,
      });
      expect(story.timeline()).toContain('answered-meanwhile');
      expect(story.pbx.portCalls.filter((call) => /^(caller|legs)\./.test(call))).toEqual([]);
    },
  );

  it('waits for the time that is left, without another push and without the message', async () => {
    const story = new Story().sleepingMobile('phone');
    expect(await story.tell({ checkpoint: checkpointOf(story, 4000) })).toEqual({
      outcome: 'no-answer',
      reason: 'wait-over',
    });
    expect(story.woken).toEqual([]);
    expect(story.callHistory.calls.get('xm-0000000000000001')?.summary?.stagesMs.waiting).toBe(4000 - LEARNING_MS);
    expect(story.pbx.holds[0]?.message).toBeUndefined();
    expect(story.toldEnded.map(({ device }) => device.deviceId)).toEqual(['phone']);
    story.nothingIsLeft();
  });

  it('falls back at once when the router was away for longer than the wait', async () => {
    const story = new Story().registered(MOBILE, 'sip:old@10.0.0.1', {}).sleepingMobile('phone');
    const ending = await story.tell({ checkpoint: checkpointOf(story, -5000) });
    expect(ending).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    expect(story.pbx.legs.size).toBe(0);
    story.nothingIsLeft();
  });

  it('rings a mobile that registers afterwards', async () => {
    const story = new Story().sleepingMobile('phone');
    story.at(1000, () => story.pbx.register(MOBILE, 'sip:phone@10.0.0.1', ANSWERS));
    expect(await story.tell({ checkpoint: checkpointOf(story, 8000) })).toEqual({
      outcome: 'answered',
      reason: 'mobile',
    });
    story.nothingIsLeft();
  });

  it('pushes a device that has not been pushed yet', async () => {
    const story = new Story().sleepingMobile('phone').sleepingMobile('tablet');
    await story.tell({ checkpoint: checkpointOf(story, 4000) });
    expect(story.woken.map(({ device }) => device.deviceId)).toEqual(['tablet']);
    story.nothingIsLeft();
  });

  it.each(['', 'nonsense', 'v1 xm-0000000000000009 8 99999999999999 phone', 'v2 xm-0000000000000009 8 99999999999999'])(
    'begins anew when the checkpoint is none, or another user’s: %j',
    async (checkpoint) => {
      const story = new Story().sleepingMobile('phone');
      story.pbx.leaveLeg(
        'xm-0000000000000009-leg-1',
        { endpoint: MOBILE, uri: 'sip:x@h', expiresAtSec: undefined },
        'ringing',
      );
      await story.tell({ checkpoint, legs: [{ legId: 'xm-0000000000000009-leg-1', checkpoint: '' }] });
      expect(story.woken).toHaveLength(1);
      expect(story.pbx.legs.get('xm-0000000000000009-leg-1')?.hangUpReason).toBe('not-needed');
      story.nothingIsLeft();
    },
  );
});

describe('a call that rings', () => {
  it('where its phone has sent it on rings on there, though the phone has left', async () => {
    const story = new Story().sleepingMobile('phone');
    const leg = legOn(story, 'mobile', true, 1000, true);
    story.pbx.contacts.push({ ...leg.contact, expiresAtSec: 1_000 });
    story.pbx.leaveLeg(leg.legId, leg.contact, 'dialling', {
      ringsAfterMs: 3000,
      answersAfterMs: 4000,
      hangsUpAfterMs: 100,
    });
    story.at(1000, () => story.pbx.unregister(MOBILE, leg.contact.uri));
    expect(await story.tell({ checkpoint: checkpointOf(story, 9000), legs: [leg] })).toEqual({
      outcome: 'answered',
      reason: 'mobile',
    });
    expect(story.pbx.talks.map(({ legId }) => legId)).toEqual([leg.legId]);
    story.nothingIsLeft();
  });

  it('rings on, and is connected when it answers', async () => {
    const story = new Story().sleepingMobile('phone');
    const leg = legOn(story, 'mobile', true, 4000);
    story.pbx.leaveLeg(leg.legId, leg.contact, 'ringing', { answersAfterMs: 2000, hangsUpAfterMs: 100 });
    expect(await story.tell({ checkpoint: checkpointOf(story, 9000), legs: [leg] })).toEqual({
      outcome: 'answered',
      reason: 'mobile',
    });
    expect(story.pbx.talks.map(({ legId }) => legId)).toEqual([leg.legId]);
    story.nothingIsLeft();
  });

  it.each([
    { when: 'before anything is known of it', connectMs: 1 },
    { when: 'while it is looked up', connectMs: 4 },
    { when: 'when it is known again', connectMs: 200 },
  ])('is answered in the moment in which the next router comes, $when', async ({ connectMs }) => {
    const story = new Story('WebAppAndMobileApp').sleepingMobile('phone');
    const mobile = legOn(story, 'mobile', true, 4000);
    const webApp = legOn(story, 'webapp', true, 4000);
    story.pbx.connecting.connectMs = connectMs;
    story.pbx.leaveLeg(mobile.legId, mobile.contact, 'ringing');
    story.pbx.leaveLeg(webApp.legId, webApp.contact, 'answered', { endsAfterMs: [9000, 'unreachable'] });
    const ending = await story.tell({ checkpoint: checkpointOf(story, 9000), legs: [mobile, webApp] });
    expect(ending).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect(story.pbx.talks).toEqual([{ legId: webApp.legId }]);
    expect(story.pbx.legs.get(webApp.legId)?.hangUpReason).toBeUndefined();
    expect(story.pbx.legs.get(mobile.legId)?.hangUpReason).toBe('answered-elsewhere');
    expect(story.toldEnded.map(({ device }) => device.deviceId)).toEqual(['phone']);
    story.nothingIsLeft('who talks is left alone');
  });

  it.each(['webapp', 'mobile'] as const)(
    'was answered on the %s where the talk is over before anything is known of it',
    async (on) => {
      const story = new Story('WebAppAndMobileApp').sleepingMobile('phone');
      const [other, talks] = [
        legOn(story, on === 'mobile' ? 'webapp' : 'mobile', true, 4000),
        legOn(story, on, true, 4000),
      ];
      story.pbx.slowMs.set('caller.read', 500);
      story.pbx.connecting.connectMs = 50;
      story.pbx.leaveLeg(other.legId, other.contact, 'ringing');
      story.pbx.leaveLeg(talks.legId, talks.contact, 'answered');
      story.at(200, () => story.pbx.callerLeaves());
      let meanwhile: unknown;
      story.at(300, () => {
        meanwhile = story.pbx.legs.get(other.legId)?.hangUpReason;
      });
      const ending = await story.tell({ checkpoint: checkpointOf(story, 9000), legs: [other, talks] });
      expect(ending).toEqual({ outcome: 'answered', reason: on });
      expect(meanwhile).toBe('answered-elsewhere');
      expect(story.toldEnded.map(({ device }) => device.deviceId)).toEqual(on === 'mobile' ? [] : ['phone']);
      story.nothingIsLeft();
    },
  );

  it('was answered where the talk begins and ends while the answer to the look is on its way', async () => {
    const story = new Story('WebAppAndMobileApp').sleepingMobile('phone');
    const [other, talks] = [legOn(story, 'mobile', true, 4000), legOn(story, 'webapp', true, 4000)];
    story.pbx.readAnswersAfterMs = 500;
    story.pbx.connecting.connectMs = 50;
    story.pbx.leaveLeg(other.legId, other.contact, 'ringing');
    story.pbx.leaveLeg(talks.legId, talks.contact, 'answered');
    story.at(300, () => story.pbx.callerLeaves());
    const ending = await story.tell({ checkpoint: checkpointOf(story, 9000), legs: [other, talks] });
    expect(ending).toEqual({ outcome: 'answered', reason: 'webapp' });
    story.nothingIsLeft();
  });

  it.each([
    ['picked up', (story: Story) => story.pbx.callerIsPickedUp()],
    ['answered elsewhere', (story: Story) => story.pbx.callerLeaves('answered-elsewhere')],
  ])('tells its phones so where its caller is %s while the answer to the look is on its way', async (_, happens) => {
    const story = new Story('WebAppAndMobileApp').sleepingMobile('phone');
    const other = legOn(story, 'mobile', true, 4000);
    story.pbx.readAnswersAfterMs = 500;
    story.pbx.leaveLeg(other.legId, other.contact, 'ringing');
    story.at(300, () => happens(story));
    await story.tell({ checkpoint: checkpointOf(story, 9000), legs: [other] });
    expect(story.pbx.legs.get(other.legId)?.hangUpReason).toBe('answered-elsewhere');
  });

  it.each([
    { what: 'answered', script: { endsAfterMs: [9000, 'unreachable'] } },
    { what: 'answered, and hung up', script: { answersAfterMs: 1, hangsUpAfterMs: 1 } },
    { what: 'picked up', script: { endsAfterMs: [1, 'answered-elsewhere'] } },
    { what: 'declined', script: { endsAfterMs: [1, 'declined'] } },
  ] as const)('rings nobody else where it is $what by the time it is known again', async ({ what, script }) => {
    const story = new Story('WebAppAndMobileApp').sleepingMobile('phone');
    story.registered(MOBILE, 'sip:new@10.0.0.2', {}).registered(WEBAPP, 'sip:uc@10.0.0.9', {});
    story.pbx.globals.set('XIVO_MAPP_DECLINE_ENDS', 'call');
    const leg = legOn(story, 'mobile', true, 4000);
    story.pbx.connecting.connectMs = 200;
    story.pbx.leaveLeg(leg.legId, leg.contact, what === 'answered' ? 'answered' : 'ringing', script);
    story.at(300, () => story.pbx.callerIsPickedUp());
    await story.tell({ checkpoint: checkpointOf(story, 9000), legs: [leg] });
    expect(story.timeline()).not.toContain('leg-dialled');
  });

  it.each([
    ['answered', 200],
    ['connected', 1],
  ] as const)('does not let the UC Assistant join a mobile that rang and is %s by then', async (_, connectMs) => {
    const story = new Story('WebAppAndMobileApp').sleepingMobile('phone').registered(WEBAPP, 'sip:uc@10.0.0.9', {});
    const leg = legOn(story, 'mobile', true, 200);
    story.pbx.connecting.connectMs = connectMs;
    const script = { ringsAfterMs: 4, answersAfterMs: 4, endsAfterMs: [9000, 'unreachable'] } as const;
    story.pbx.leaveLeg(leg.legId, leg.contact, 'dialling', script);
    await story.tell({ checkpoint: checkpointOf(story, 9000), legs: [leg] });
    expect(story.leg('sip:uc@10.0.0.9')).toEqual([]);
  });

  it('was answered where Asterisk says, also on a leg of which nothing is remembered', async () => {
    const story = new Story('WebAppAndMobileApp').sleepingMobile('phone');
    const leg = { ...legOn(story, 'webapp', true, 4000), checkpoint: '' };
    story.pbx.connecting.connectMs = 1;
    story.pbx.leaveLeg(leg.legId, leg.contact, 'answered', { endsAfterMs: [9000, 'unreachable'] });
    const ending = await story.tell({ checkpoint: checkpointOf(story, 9000), legs: [leg] });
    expect(ending).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect(story.toldEnded).toHaveLength(1);
    expect(story.pbx.talks).toEqual([{ legId: leg.legId }]);
  });

  it('rings for the time that is left', async () => {
    const story = new Story().sleepingMobile('phone');
    const leg = legOn(story, 'mobile', true, 22_000);
    story.pbx.leaveLeg(leg.legId, leg.contact, 'ringing');
    const ending = await story.tell({ checkpoint: checkpointOf(story, -7000), legs: [leg] });
    expect(ending).toEqual({ outcome: 'no-answer', reason: 'ring-time-over' });
    expect(story.callHistory.calls.get('xm-0000000000000001')?.summary?.stagesMs.ringing).toBe(8000 - LEARNING_MS);
    story.nothingIsLeft();
  });

  it('is connected when the callee has just answered, though its time is over', async () => {
    const story = new Story().sleepingMobile('phone');
    const leg = legOn(story, 'mobile', true, 31_000);
    story.pbx.connecting.connectMs = 200;
    story.pbx.leaveLeg(leg.legId, leg.contact, 'answered', { endsAfterMs: [9000, 'unreachable'] });
    const ending = await story.tell({ checkpoint: checkpointOf(story, -16_000), legs: [leg] });
    expect(ending).toEqual({ outcome: 'answered', reason: 'mobile' });
    story.nothingIsLeft();
  });

  it.each(['a caller who leaves', 'a fault', 'a call that is passed on'])(
    'hangs its legs up when %s ends it before they are taken over',
    async (what) => {
      const story = new Story().sleepingMobile('phone');
      const leg = legOn(story, 'mobile', true, 4000);
      story.pbx.leaveLeg(leg.legId, leg.contact, 'ringing');
      if (what === 'a caller who leaves') story.at(1, () => story.pbx.callerLeaves());
      if (what === 'a fault')
        story.pbx.intervene = (call) => {
          if (call === 'caller.read') throw new PbxError('HTTP 500');
        };
      if (what === 'a call that is passed on') story.pbx.variables.set('XIVO_ENABLEDND', '1');
      await story.tell({ checkpoint: checkpointOf(story, 9000), legs: [leg] });
      expect(story.pbx.legs.get(leg.legId)?.hangUpReason).toBe('not-needed');
      story.nothingIsLeft();
    },
  );

  it('has lost its caller’s callee meanwhile: the wait goes on', async () => {
    const story = new Story().sleepingMobile('phone');
    const leg = legOn(story, 'mobile', false, 2000);
    story.pbx.leaveLeg(leg.legId, leg.contact, 'dialling', { endsAfterMs: [10, 'unreachable'] });
    const ending = await story.tell({ checkpoint: checkpointOf(story, 5000), legs: [leg] });
    expect(ending).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    story.nothingIsLeft();
  });
});

describe('a router that stops', () => {
  it.each([
    { push: 'is about to be taken', result: { kind: 'delivered' }, pushed: ['phone'] },
    { push: 'hangs', result: 'hangs', pushed: [] },
  ] as const)('leaves a push that $push to the next one', async ({ result, pushed }) => {
    const story = new Story().sleepingMobile('phone', { push: result });
    story.at(10, () => void story.router.stop());
    expect(await story.tell()).toEqual({ outcome: 'failed', reason: 'router-stopping' });
    expect(readCallCheckpoint(story.pbx.written.get('XIVO_MAPP_MEMORY') ?? '')).toMatchObject({
      pushed: pushed.map(markOf),
    });
    story.nothingIsLeft();
  });

  it('hands a waiting call to the next one by way of the dialplan: no push is withdrawn, the checkpoint stays', async () => {
    const story = new Story().sleepingMobile('phone');
    story.at(3000, () => void story.router.stop());
    expect(await story.tell()).toEqual({ outcome: 'failed', reason: 'router-stopping' });
    expect(story.toldEnded).toEqual([]);
    const checkpoint = story.pbx.written.get('XIVO_MAPP_MEMORY') ?? '';
    expect(readCallCheckpoint(checkpoint)).toMatchObject({
      callId: 'xm-0000000000000001',
      pushed: [markOf('phone')],
    });
    story.nothingIsLeft();
  });
});
