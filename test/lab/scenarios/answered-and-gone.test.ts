/**
 * Between any two steps of the dialplan that connects it, whoever has answered may hang up, and the caller may be replaced by another. The one who stays never waits
 * for somebody who is gone, and talks to whoever is there.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { channelVariable } from '../../../lab/asterisk/channel-variable.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { noted } from '../../../lab/rigs/death.ts';
import {
  heldLeg,
  hold,
  holdCaller,
  holdGone,
  isBridgedOrOver,
  isHeld,
  isHeldGone,
  isOnTheWay,
  NOWHERE,
  release,
  releaseCaller,
} from '../../../lab/rigs/held-leg.ts';
import { BY_DIAL, officeSettings } from '../../../lab/rigs/office.ts';
import { channelOf, hangUpAll, hearEachOther, partyOf, sides, talk } from '../../../lab/rigs/talk.ts';

const { dialplan, globals, steps, stepsGone } = await heldLeg();

it('each step of the leg is held', () => {
  expect(steps.length).toBeGreaterThan(4);
  expect(steps.join()).toContain('LOCK(');
  expect(stepsGone.length).toBeGreaterThan(4);
});

describe.each([16, 22] as const)('answered, and hung up at once, on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    const extraDialplan = `${globals}\n[elsewhere]\nexten => s,1,Wait(60)\n`;
    lab = await startLab({ version, asterisk: { hookDialplan: dialplan, extraDialplan } });
  });
  afterEach(async () => {
    await releaseCaller(lab);
    await holdGone(lab, NOWHERE);
    await lab.nothingRemains();
  });
  afterAll(() => lab?.stop());

  it.each(steps.map((_, step) => step))('before step %i: the call is over, and was answered', async (step) => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    await hold(lab, step);
    const call = await lab.caller().call(alice);
    const there = await alice.webApp.answer();
    await isHeld(lab);
    await there.hangUp();
    await release(lab, step);
    await call.waitFor('ended');
    expect(alice.webApp.calls).toHaveLength(1);
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp', scenario: '' });
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'webapp' });
    // The step of the caller who waits for a leg in vain.
    expect(await lab.asterisk.logTail(400)).not.toContain('LOCAL(tried)=100');
  });

  it.each(['', 'g'].flatMap((options) => stepsGone.map((step) => ({ options, step }))))(
    'on the way to it, its step $step comes after Bridge(), options $options: the call is over, and was answered',
    async ({ options, step }) => {
      const alice = await lab.user({ ringingDevice: 'WebApp', variables: { XIVO_CALLOPTIONS: options } });
      await holdCaller(lab);
      const call = await lab.caller().call(alice);
      const there = await alice.webApp.answer();
      await isOnTheWay(lab);
      await holdGone(lab, step);
      await there.hangUp();
      await isHeldGone(lab);
      await releaseCaller(lab);
      await isBridgedOrOver(lab);
      await holdGone(lab, NOWHERE);
      await call.waitFor('ended');
      expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
      expect(await lab.asterisk.logTail(400)).not.toMatch(/without Gosub/);
    },
  );

  it('a caller who has been moved away on the way to whoever hangs up then stays there', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    await holdCaller(lab);
    const call = await lab.caller().call(alice);
    const there = await alice.webApp.answer();
    await isOnTheWay(lab);
    await holdGone(lab, 'h0');
    await there.hangUp();
    await isHeldGone(lab);
    await lab.asterisk.cli(`channel redirect ${await callerChannel(lab)} elsewhere,s,1`);
    await holdGone(lab, NOWHERE);
    await alice.webApp.waitFor('ended');
    await expect.poll(() => lab.asterisk.cli('core show channels')).not.toContain('PJSIP/uc-');
    expect(await lab.asterisk.cli('core show channels verbose')).toMatch(/PJSIP\/trunk-\S+ +elsewhere /);
    await call.hangUp();
  });

  it('a caller who is seven seconds late talks to whoever has answered, and waits', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    await lab.asterisk.cli('dialplan set global HOLD_CALLER 7');
    const call = await lab.caller().call(alice);
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await lab.asterisk.cli('dialplan set global HOLD_CALLER 0');
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
  });

  it('a caller who hangs up on the way to whoever has answered leaves nobody behind', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    await lab.asterisk.cli('dialplan set global HOLD_CALLER 60');
    const call = await lab.caller().call(alice);
    const there = await alice.webApp.answer();
    await isOnTheWay(lab);
    await call.hangUp();
    await lab.asterisk.cli('dialplan set global HOLD_CALLER 0');
    await alice.webApp.waitFor('ended');
    expect(there.hasEnded).toBe(true);
  });
});

describe.each([16, 22] as const)('answered, and the caller replaced at once, on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    const office = officeSettings(version);
    const extraDialplan = `${office.asterisk?.extraDialplan}${globals}`;
    lab = await startLab({
      ...office,
      startRouter: true,
      asterisk: { ...office.asterisk, hookDialplan: dialplan, extraDialplan },
    });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it.each(steps.map((_, step) => step))('EDGES 35: before step %i: the newcomer talks', async (step) => {
    const { actor, other } = sides(await talk(lab, BY_DIAL), 'callee');
    const sleeper = await lab.user({ ringingDevice: 'MobileApp' });
    const second = await actor.phone.call(sleeper.number);
    const leg = await sleeper.mobile.invited();
    const [told] = await lab.api.calls(1);
    const callId = String(told?.callId);
    await noted(lab, callId, 'leg-ringing');
    await hold(lab, step);
    leg.answer();
    await isHeld(lab);
    await actor.call.transferTo(second);
    await noted(lab, callId, 'caller-replaced');
    const { id } = await channelOf(lab, other.call);
    await expect.poll(() => channelVariable(lab.asterisk, `${callId}-leg-0001`, 'XIVO_MAPP_CALLER')).toBe(id);
    await release(lab, step);
    await hearEachOther(other, partyOf('mobile', sleeper.mobile));
    await noted(lab, callId, 'stage:talking');
    await hangUpAll([actor.phone, other.phone, sleeper.mobile.phone]);
    await expect.poll(() => lab.api.story(callId)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
  });
});

async function callerChannel(lab: Lab): Promise<string> {
  return /^PJSIP\/trunk-\S+/m.exec(await lab.asterisk.cli('core show channels'))?.[0] ?? '';
}
