/** Asterisk or the connection goes away and comes back: what was missed is made good, and what is gone is known to be gone. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CallerGone } from '../../../src/call/errors.ts';
import type { LegEvent } from '../../../src/call/ports.ts';
import { type AriLab, SOON_MS, startAriLab } from './ari-lab.ts';

describe.each([16, 22] as const)('after a gap, on Asterisk %i', (version) => {
  let lab: AriLab;

  beforeAll(async () => {
    lab = await startAriLab(version);
  });
  afterEach(() => lab.clear());
  afterAll(() => lab.stop());

  const lose = async () => {
    lab.cable.cut();
    await expect.poll(() => lab.pbx.trouble()).toBeDefined();
  };
  const comeBack = async () => {
    lab.cable.mend();
    await lab.connected();
  };

  it('what happened meanwhile is made good (EDGES 15)', async () => {
    const mobile = await lab.phone('mobile');
    const tablet = await lab.phone('tablet', 1500);
    const staying = await lab.arrive('early');
    const leaving = await lab.arrive('early');
    const answered = await lab.dial(staying.caller, mobile);
    const refused = await lab.dial(staying.caller, tablet);
    const there = await mobile.nextCall(SOON_MS);
    const other = await tablet.nextCall(SOON_MS);
    const { seen } = await lab.watch(staying.caller, [], ['PJSIP/nameless']);
    await lose();
    await leaving.call.hangUp();
    other.refuse(603);
    there.ring();
    const nameless = await lab.phone('nameless');
    await comeBack();
    await answered.waitFor('ringing');
    expect(await refused.waitFor('ended')).toMatchObject({ end: 'unreachable' });
    await expect.poll(() => leaving.caller.left.aborted).toBe(true);
    expect(staying.caller.left.aborted).toBe(false);
    expect(seen.map(({ uri }) => uri)).toEqual([lab.contactOf(nameless).uri]);
    expect(lab.arrivals).toEqual([]);
    // Events come again, once.
    there.answer();
    await answered.waitFor('answered');
    await nameless.comeBackOnAnotherPort();
    await expect.poll(() => seen.length).toBe(2);
    await there.hangUp();
    await answered.waitFor('ended');
    expect(answered.events.map(({ kind }) => kind)).toEqual(['ringing', 'answered', 'connected', 'ended']);
    await staying.call.waitFor('ended', SOON_MS);
    await expect.poll(() => staying.caller.left.aborted).toBe(true);
  });

  it('a half-open connection is found, and replaced (EDGES 15)', async () => {
    const { caller, call } = await lab.arrive('early');
    lab.cable.silence();
    await call.hangUp();
    await expect.poll(() => caller.left.aborted, { timeout: SOON_MS }).toBe(true);
    await lab.connected();
  });

  it('Asterisk restarts, and the old ones are gone (EDGES 17)', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    const leg = await lab.dial(caller, mobile);
    const there = await mobile.nextCall(SOON_MS);
    await lab.pbx.notes.keep(lab.callId, caller.channelId, 'checkpoint');
    await lab.asterisk.restart();
    await expect.poll(() => caller.left.aborted, { timeout: SOON_MS }).toBe(true);
    expect(caller.left.reason).toBeInstanceOf(CallerGone);
    expect(await leg.waitFor('ended')).toMatchObject({ end: 'unreachable' });
    await lab.connected();
    await lab.pbx.notes.remove(lab.callId);
    await lab.pbx.legs.hangUp(leg.legId, 'normal');
    call.vanish();
    there.vanish();
    const again = await lab.arrive('early');
    await again.call.hangUp();
  });

  it('the next run finds the callers who wait, with their legs, which ring on', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    const { legId } = await lab.dial(caller, mobile, { checkpoint: 'what it was for' });
    const there = await mobile.nextCall(SOON_MS);
    there.ring();
    await lab.disconnect();
    await lab.connect();
    const found = await lab.nextArrival();
    expect(found).toMatchObject({ userId: 'user-42', arrival: 'found', caller: { channelId: caller.channelId } });
    expect(found.legs).toEqual([{ legId, checkpoint: 'what it was for' }]);
    const events: LegEvent[] = [];
    lab.pbx.legs.adopt(legId, (event) => events.push(event));
    there.answer();
    await expect
      .poll(() => events.map(({ kind }) => kind), { timeout: SOON_MS })
      .toEqual(['ringing', 'answered', 'connected']);
    await lab.pbx.legs.hangUp(legId, 'not-needed');
    await there.hangUp();
    await call.waitFor('ended', SOON_MS);
    await expect.poll(() => found.caller.left.aborted).toBe(true);
    await expect.poll(() => events.at(-1)?.kind).toBe('ended');
  });

  it('the next run ends a leg whose caller has gone meanwhile', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    await lab.dial(caller, mobile);
    const there = await mobile.nextCall(SOON_MS);
    there.ring();
    await lab.disconnect();
    await call.hangUp();
    await lab.connect();
    await there.waitFor('ended', SOON_MS);
    expect(lab.arrivals).toEqual([]);
  });

  it.each(['caller', 'callee'] as const)(
    'a call that is answered while no router is there talks until the %s hangs up; the next run hears on what',
    async (who) => {
      const mobile = await lab.phone('mobile');
      const { caller, call } = await lab.arrive('early');
      await lab.pbx.notes.keep(lab.callId, caller.channelId, 'checkpoint');
      const tablet = await lab.phone('tablet', 1500);
      await lab.dial(caller, mobile);
      await lab.dial(caller, tablet, { on: 'webapp' });
      const [there, other] = [await mobile.nextCall(SOON_MS), await tablet.nextCall(SOON_MS)];
      for (const one of [there, other]) one.ring();
      await lab.disconnect();
      there.answer();
      await Promise.all([call.waitUntilHears(1300, SOON_MS), there.waitUntilHears(600, SOON_MS)]);
      await lab.connect();
      await expect.poll(() => lab.lost).toEqual([{ checkpoint: 'checkpoint', answeredOn: 'mobile' }]);
      // The other phone rings in vain no longer.
      await other.waitFor('ended', SOON_MS);
      expect(other.answeredElsewhere).toBe(true);
      await Promise.all([call.waitUntilHears(1300, SOON_MS), there.waitUntilHears(600, SOON_MS)]);
      await (who === 'caller' ? call : there).hangUp();
      await (who === 'caller' ? there : call).waitFor('ended', SOON_MS);
      expect(lab.arrivals).toEqual([]);
    },
  );

  it('a call whose caller has left while no router is there is told to the next run, and nothing of it is left', async () => {
    const { caller, call } = await lab.arrive('early');
    await lab.pbx.notes.keep(lab.callId, caller.channelId, 'checkpoint of it');
    await lab.disconnect();
    await call.hangUp();
    await lab.connect();
    await expect.poll(() => lab.lost).toEqual([{ checkpoint: 'checkpoint of it', answeredOn: undefined }]);
    await expect.poll(async () => (await lab.asterisk.leftovers()).bridges).toEqual([]);
  });

  it('a second phone that answers while no router is there is told that it was answered elsewhere', async () => {
    const [mobile, tablet] = [await lab.phone('mobile'), await lab.phone('tablet', 1500)];
    const { caller, call } = await lab.arrive('early');
    await lab.dial(caller, mobile);
    await lab.dial(caller, tablet);
    const [there, other] = [await mobile.nextCall(SOON_MS), await tablet.nextCall(SOON_MS)];
    for (const one of [there, other]) one.ring();
    await lab.disconnect();
    there.answer();
    await call.waitUntilHears(1300, SOON_MS);
    other.answer();
    await other.waitFor('ended', SOON_MS);
    expect(other.answeredElsewhere).toBe(true);
    expect(call.hasEnded).toBe(false);
    await call.hangUp();
    await there.waitFor('ended', SOON_MS);
    await lab.connect();
  });
});
