/** EDGES 35: whoever has called a user whose phone still sleeps, or rings, hands the call over before anybody has answered: it goes on with the one whom they talked to. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import { channelVariable } from '../../../lab/asterisk/channel-variable.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import type { Mobile } from '../../../lab/mobile.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import type { OutgoingCall } from '../../../lab/phone/outgoing-call.ts';
import { checkpointOn, dies, noted, toldEndsOf, wakesOf } from '../../../lab/rigs/death.ts';
import { BY_DIAL, BY_ROUTER, officeSettings, type Way } from '../../../lab/rigs/office.ts';
import {
  channelOf,
  hangUpAll,
  hearEachOther,
  type Party,
  partyOf,
  type Side,
  sides,
  talk,
} from '../../../lab/rigs/talk.ts';

const PATIENT = 'XIVO_MAPP_LOOPS_INTERVAL = 20';
/** The wait is over after some seconds. */
const HASTY = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 6';

describe.each([16, 22] as const)('a caller who is replaced before the answer on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ ...officeSettings(version), startRouter: true, globals: PATIENT });
  });
  afterEach(async () => {
    await lab.nothingRemains();
    await lab.asterisk.reloadGlobals(PATIENT);
  });
  afterAll(() => lab?.stop());

  /** Two talk; one of them calls a user whose mobile sleeps, and the router wakes it. */
  const scene = async (way: Way, by: Side, mobile: { readonly wakesAfterMs: 'never' } | object) => {
    const both = await talk(lab, way);
    const { actor, other } = sides(both, by);
    const sleeper = await lab.user({ ringingDevice: 'MobileApp', mobile });
    const second = await actor.phone.call(sleeper.number);
    // Before that the phone does not know the far side's tag, by which a REFER means this call.
    await second.waitFor('ringing', SOON_MS);
    await sleeper.mobile.waitForPush();
    const [told] = await lab.api.calls(1);
    return { actor, other, sleeper, second, callId: String(told?.callId) };
  };
  const handOver = (actor: Party, second: OutgoingCall, sentIn: 'first' | 'second') => {
    const [from, replaced] = sentIn === 'first' ? [actor.call, second] : [second, actor.call];
    return from.transferTo(replaced);
  };
  const talks = async (other: Party, mobile: Mobile, callId: string) => {
    await hearEachOther(other, partyOf('mobile', mobile));
    await noted(lab, callId, 'stage:talking');
    expect(wakesOf(mobile)).toBe(1);
    expect(mobile.calls).toHaveLength(1);
    await hangUpAll([other.phone, mobile.phone]);
    await expect.poll(() => lab.api.story(callId)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
  };

  const callerOfLeg = (callId: string) => channelVariable(lab.asterisk, `${callId}-leg-0001`, 'XIVO_MAPP_CALLER');

  // The callee of a call that the router has connected is a former leg.
  describe.each([
    { by: 'caller', of: 'a call by Dial()', way: BY_DIAL },
    { by: 'callee', of: 'a call by Dial()', way: BY_DIAL },
    { by: 'caller', of: 'a call by the router', way: BY_ROUTER },
  ] as const)('by the $by of $of', ({ by, way }) => {
    it.each(['first', 'second'] as const)('while the mobile sleeps, the REFER in the %s call', async (sentIn) => {
      const { actor, other, sleeper, second, callId } = await scene(way, by, { wakesAfterMs: 'never' });
      await second.waitUntilHears(TONES.mohDefault, SOON_MS);
      const atMs = nowMs();
      await handOver(actor, second, sentIn);
      await other.call.waitUntilHears(TONES.mohDefault, SOON_MS, atMs);
      await noted(lab, callId, 'caller-replaced');
      await sleeper.mobile.wake();
      await sleeper.mobile.answer();
      await talks(other, sleeper.mobile, callId);
    });

    it('while the mobile sleeps, and the router dies afterwards: the next one goes on with the newcomer', async () => {
      const { actor, other, sleeper, second, callId } = await scene(way, by, { wakesAfterMs: 'never' });
      await handOver(actor, second, 'first');
      const [replaced] = await noted(lab, callId, 'caller-replaced');
      await checkpointOn(lab, String(replaced?.facts.channel));
      await dies(lab);
      await noted(lab, callId, 'resumed');
      await sleeper.mobile.wake();
      await sleeper.mobile.answer();
      await talks(other, sleeper.mobile, callId);
    });

    it('while it rings, and the router is dead at the answer: the next one knows of it', async () => {
      const { actor, other, sleeper, second, callId } = await scene(way, by, {});
      const leg = await sleeper.mobile.invited();
      await noted(lab, callId, 'leg-ringing');
      await handOver(actor, second, 'first');
      await noted(lab, callId, 'caller-replaced');
      // The leg has been told.
      const { id } = await channelOf(lab, other.call);
      await expect.poll(() => callerOfLeg(callId)).toBe(id);
      await dies(lab, async () => {
        leg.answer();
        await hearEachOther(other, partyOf('mobile', sleeper.mobile));
      });
      await expect.poll(() => lab.api.story(callId)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
      await hangUpAll([actor.phone, other.phone, sleeper.mobile.phone]);
      expect(toldEndsOf(sleeper.mobile)).toEqual([]);
    });

    it('while it rings', async () => {
      const { actor, other, sleeper, second, callId } = await scene(way, by, {});
      const leg = await sleeper.mobile.invited();
      await noted(lab, callId, 'leg-ringing');
      await handOver(actor, second, 'first');
      await noted(lab, callId, 'caller-replaced');
      leg.answer();
      await talks(other, sleeper.mobile, callId);
    });

    it('and nobody answers: the scenario follows with the new one', async () => {
      await lab.asterisk.reloadGlobals(HASTY);
      const { actor, other, second, sleeper, callId } = await scene(way, by, { wakesAfterMs: 'never' });
      await handOver(actor, second, 'first');
      await noted(lab, callId, 'caller-replaced');
      await other.call.waitUntilHears(TONES.noAnswer, SOON_MS, nowMs());
      await hangUpAll([other.phone]);
      await expect.poll(() => lab.api.story(callId)).toMatchObject({ outcome: 'no-answer', reason: 'wait-over' });
      expect(wakesOf(sleeper.mobile)).toBe(1);
    });
  });
});
