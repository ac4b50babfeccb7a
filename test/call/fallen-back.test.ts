/** Stories in which nobody answers: the call goes back to the dialplan, with a status and a reason. */
import { describe, expect, it } from 'vitest';
import { FakePbx } from '../../lab/fakes/pbx.ts';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';

describe('a mobile that never wakes', () => {
  it('is waited for as long as the loops say, then the call falls back', async () => {
    const story = new Story().sleepingMobile('phone');
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    expect(story.pbx.givenBack).toEqual([{ status: 'NOANSWER', reason: 'wait-over' }]);
    expect(story.callHistory.calls.get('xm-0000000000000001')?.summary?.stagesMs.waiting).toBe(15_000);
    expect(story.toldEnded.map(({ notice }) => notice.reason)).toEqual(['no-answer']);
    // One look when the watch opens, and one at the end of each of the first two loops; the third ends the wait.
    expect(story.pbx.looks).toBeGreaterThanOrEqual(3);
    story.nothingIsLeft();
  });

  it('is not waited for with no loops', async () => {
    const story = new Story().sleepingMobile('phone');
    story.pbx.globals.set('XIVO_MAPP_LOOPS_MOBILEAPP', '0');
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    story.nothingIsLeft();
  });

  it('does not hold up the call when the push hangs', async () => {
    const story = new Story().sleepingMobile('phone', { push: 'hangs' });
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    story.nothingIsLeft();
  });

  it('has an old registration whose phone is dead: its failure is no refusal', async () => {
    const story = new Story()
      .registered(MOBILE, 'sip:old@10.0.0.1', { endsAfterMs: [500, 'unreachable'] })
      .sleepingMobile('phone');
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    story.nothingIsLeft();
  });

  it('in the mode with both, the UC Assistant rings its whole time', async () => {
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', { ringsAfterMs: 50 })
      .sleepingMobile('phone');
    story.pbx.variables.set('XIVO_RINGSECONDS', '20');
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'ring-time-over' });
    expect(story.callHistory.calls.get('xm-0000000000000001')?.summary?.stagesMs).toMatchObject({
      waiting: 15_000,
      ringing: 20_000,
    });
    story.nothingIsLeft();
  });

  it('in the mode with both, the UC Assistant not there either', async () => {
    const story = new Story('WebAppAndMobileApp').sleepingMobile('phone');
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'wait-over' });
    story.nothingIsLeft();
  });
});

describe('devices that cannot be reached', () => {
  const dead = { kind: 'dead-token', reason: 'UNREGISTERED', sinceMs: undefined } as const;

  it('every token is dead and nothing registered: no waiting, and the tokens are marked', async () => {
    const story = new Story().sleepingMobile('one', { push: dead }).sleepingMobile('two', { push: dead });
    expect(await story.tell()).toEqual({ outcome: 'unreachable', reason: 'every-token-dead' });
    expect(story.registry.markedDead.map(({ device }) => device.deviceId)).toEqual(['one', 'two']);
    expect(story.toldEnded).toEqual([]);
    story.nothingIsLeft();
  });

  it('one token is dead, the other device is waited for', async () => {
    const story = new Story()
      .sleepingMobile('one', { push: dead })
      .sleepingMobile('two', { wakesAfterMs: 3000, phone: { answersAfterMs: 100, hangsUpAfterMs: 100 } });
    expect((await story.tell()).outcome).toBe('answered');
    expect(story.toldEnded.map(({ device }) => device.deviceId)).toEqual(['two']);
    story.nothingIsLeft();
  });

  it('a death older than the registration of the token leaves the token alone', async () => {
    const story = new Story().sleepingMobile('one', {
      push: { kind: 'dead-token', reason: 'Unregistered', sinceMs: 5 },
      device: { registeredAtMs: 10 },
    });
    await story.tell();
    expect(story.registry.markedDead).toEqual([]);
    story.nothingIsLeft();
  });

  it('no device and nothing registered', async () => {
    const story = new Story();
    expect(await story.tell()).toEqual({ outcome: 'unreachable', reason: 'no-device' });
    expect(story.pbx.givenBack).toEqual([{ status: 'UNREACHABLE', reason: 'no-device' }]);
    story.nothingIsLeft();
  });

  it('the UC Assistant alone, and not registered', async () => {
    const story = new Story('WebApp');
    expect(await story.tell()).toEqual({ outcome: 'unreachable', reason: 'not-registered' });
    story.nothingIsLeft();
  });

  it('Asterisk refuses every leg', async () => {
    const story = new Story('WebApp').registered(WEBAPP, 'sip:uc@10.0.0.9', { refused: true });
    expect(await story.tell()).toEqual({ outcome: 'unreachable', reason: 'every-leg-failed' });
    story.nothingIsLeft();
  });
});

describe('a person who does not want to', () => {
  const declines = { ringsAfterMs: 50, endsAfterMs: [1000, 'declined'] } as const;

  it('declines on the only mobile', async () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 1000, phone: declines });
    expect(await story.tell()).toEqual({ outcome: 'declined', reason: 'declined' });
    expect(story.pbx.givenBack).toEqual([{ status: 'DECLINED', reason: 'declined' }]);
    story.nothingIsLeft();
  });

  it('declines on one mobile: the other mobiles stop too, the UC Assistant rings on', async () => {
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', { ringsAfterMs: 50, answersAfterMs: 8000, hangsUpAfterMs: 500 })
      .sleepingMobile('one', { wakesAfterMs: 1000, phone: declines })
      .sleepingMobile('two', { wakesAfterMs: 1500, phone: { ringsAfterMs: 50 } });
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect(story.leg('sip:two@10.0.0.1')[0]?.hangUpReason).toBe('not-needed');
    story.nothingIsLeft();
  });

  it('declines for all devices, where the setting says so', async () => {
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc@10.0.0.9', { ringsAfterMs: 50, answersAfterMs: 8000 })
      .sleepingMobile('one', { wakesAfterMs: 1000, phone: declines });
    story.pbx.globals.set('XIVO_MAPP_DECLINE_ENDS', '"Call"');
    expect(await story.tell()).toEqual({ outcome: 'declined', reason: 'declined' });
    story.nothingIsLeft();
  });

  it('declines for one device only, where the setting says so: another mobile still wakes and rings', async () => {
    const story = new Story()
      .sleepingMobile('one', { wakesAfterMs: 1000, phone: declines })
      .sleepingMobile('two', { wakesAfterMs: 5000, phone: { answersAfterMs: 500, hangsUpAfterMs: 500 } });
    story.pbx.globals.set('XIVO_MAPP_DECLINE_ENDS', 'device');
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    story.nothingIsLeft();
  });

  it('is on the phone: busy', async () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 1000, phone: { endsAfterMs: [80, 'busy'] } });
    expect(await story.tell()).toEqual({ outcome: 'busy', reason: 'busy' });
    expect(story.pbx.givenBack).toEqual([{ status: 'BUSY', reason: 'busy' }]);
    story.nothingIsLeft();
  });

  it('lets it ring', async () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 1000, phone: { ringsAfterMs: 80 } });
    story.pbx.variables.set('XIVO_RINGSECONDS', '12');
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'ring-time-over' });
    expect(story.callHistory.calls.get('xm-0000000000000001')?.summary?.stagesMs.ringing).toBe(12_000);
    story.nothingIsLeft();
  });
});

describe('calls that are not ours', () => {
  it.each([
    ['XIVO_ENABLEDND', 'do-not-disturb'],
    ['XIVO_ENABLEUNC', 'forwarded'],
  ])('%s is decided before any push', async (variable, reason) => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 100 });
    story.pbx.variables.set(variable, '1');
    expect(await story.tell()).toEqual({ outcome: 'passed', reason });
    expect(story.woken).toEqual([]);
    expect(story.pbx.givenBack).toEqual([{ status: 'PASSED', reason }]);
    story.nothingIsLeft();
  });

  it.each(['do-not-disturb', 'unknown-user', 'no-endpoint'])(
    'of a user without the app make one line at the lowest level and no history, and are counted: %s',
    async (reason) => {
      const story = new Story();
      story.registry.deleteUser('7');
      if (reason === 'do-not-disturb') story.pbx.variables.set('XIVO_ENABLEDND', '1');
      if (reason === 'no-endpoint') story.registry.putUser({ userId: '7', ringingDevice: 'MobileApp' });
      expect(await story.tell()).toEqual({ outcome: 'passed', reason });
      expect(story.log.lines.map(({ level }) => level)).toEqual(['debug']);
      if (reason === 'unknown-user') expect(story.log.lines[0]?.message).toContain('PUT /v1/users/7');
      expect(story.callHistory.calls.get('xm-0000000000000001')?.summary).toMatchObject({
        outcome: 'passed',
        isKept: false,
      });
      story.nothingIsLeft();
    },
  );

  it('by the callee’s wish are in the history, and no warning', async () => {
    const story = new Story().sleepingMobile('phone');
    story.pbx.variables.set('XIVO_ENABLEUNC', '1');
    await story.tell();
    expect(story.log.at('warn')).toEqual([]);
    expect(story.callHistory.calls.get('xm-0000000000000001')?.summary?.isKept).toBeUndefined();
    story.nothingIsLeft();
  });

  it('by a mistake are warned of once for each mistake, however many there are', async () => {
    const story = new Story();
    for (const endpoint of ['alice', 'bob', 'alice', 'bob', 'alice']) {
      const pbx = new FakePbx(story.clock, story.over.signal);
      pbx.variables.set('XIVO_MAPP_MOBILE_ENDPOINT', endpoint);
      const callId = `xm-00000000000000a${story.callHistory.calls.size}`;
      const told = story.router.route({ callId, userId: '7', caller: pbx.caller() });
      await story.clock.advance(1000);
      expect(await told).toEqual({ outcome: 'passed', reason: 'bad-endpoint' });
      expect(story.callHistory.calls.get(callId)?.summary?.isKept).toBeUndefined();
    }
    expect(story.log.at('warn').map(({ message }) => message)).toEqual([
      'calls are passed back to the dialplan: endpoint "alice" is not of the form PJSIP/name',
      'calls are passed back to the dialplan: endpoint "bob" is not of the form PJSIP/name',
    ]);
    expect(story.log.at('info')).toHaveLength(5);
  });

  it.each(['alice', 'SIP/alice', 'PJSIP/', 'PJSIP/a b', 'PJSIP/$(x)', 'Local/1@x'])(
    'a malformed endpoint name is passed back: %s',
    async (endpoint) => {
      const story = new Story();
      story.pbx.variables.set('XIVO_MAPP_MOBILE_ENDPOINT', endpoint);
      expect(await story.tell()).toEqual({ outcome: 'passed', reason: 'bad-endpoint' });
      story.nothingIsLeft();
    },
  );

  it('a user without an endpoint for the wanted device', async () => {
    const story = new Story();
    story.registry.putUser({ userId: '7', ringingDevice: 'WebApp', mobileEndpoint: MOBILE });
    expect(await story.tell()).toEqual({ outcome: 'passed', reason: 'no-endpoint' });
    expect(story.log.at('warn')).toHaveLength(1);
    story.nothingIsLeft();
  });

  it('a ringing device that does not exist', async () => {
    const story = new Story();
    story.pbx.variables.set('XIVO_MAPP_DEVICE', 'Fax');
    expect(await story.tell()).toEqual({ outcome: 'passed', reason: 'bad-device' });
    story.nothingIsLeft();
  });
});

describe('what the channel says', () => {
  it('wins over the registry', async () => {
    const story = new Story('MobileApp').registered('PJSIP/other', 'sip:uc@10.0.0.9', {
      answersAfterMs: 100,
      hangsUpAfterMs: 100,
    });
    story.pbx.variables.set('XIVO_MAPP_DEVICE', 'WebApp');
    story.pbx.variables.set('XIVO_MAPP_WEBAPP_ENDPOINT', '"PJSIP/other"');
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
    story.nothingIsLeft();
  });

  it('is enough while the registry is broken', async () => {
    const story = new Story().registered(MOBILE, 'sip:old@10.0.0.1', { answersAfterMs: 100, hangsUpAfterMs: 100 });
    story.registry.failWith(new Error('database is locked'));
    story.pbx.variables.set('XIVO_MAPP_MOBILE_ENDPOINT', MOBILE);
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.log.at('error')).toHaveLength(1);
    story.nothingIsLeft();
  });
});
