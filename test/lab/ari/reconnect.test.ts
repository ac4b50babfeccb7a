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
    expect(answered.events.map(({ kind }) => kind)).toEqual(['ringing', 'answered', 'ended']);
    await staying.call.hangUp();
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
    await lab.pbx.bridges.open(lab.bridgeId, caller);
    await lab.asterisk.restart();
    await expect.poll(() => caller.left.aborted, { timeout: SOON_MS }).toBe(true);
    expect(caller.left.reason).toBeInstanceOf(CallerGone);
    expect(await leg.waitFor('ended')).toMatchObject({ end: 'unreachable' });
    await lab.connected();
    await lab.pbx.bridges.close(lab.bridgeId);
    await lab.pbx.legs.hangUp(leg.legId, 'normal');
    call.vanish();
    there.vanish();
    const again = await lab.arrive('early');
    await again.call.hangUp();
  });

  it('the next run finds the callers who wait, with their legs, which ring on', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    await lab.pbx.bridges.open(lab.bridgeId, caller);
    const { legId } = await lab.dial(caller, mobile, { memory: 'what it was for' });
    const there = await mobile.nextCall(SOON_MS);
    there.ring();
    await lab.disconnect();
    await lab.connect();
    const found = await lab.nextArrival();
    expect(found).toMatchObject({ userId: 'user-42', arrival: 'found', caller: { channelId: caller.channelId } });
    expect(found.legs).toEqual([{ legId, memory: 'what it was for' }]);
    const events: LegEvent[] = [];
    lab.pbx.legs.adopt(legId, (event) => events.push(event));
    there.answer();
    await expect.poll(() => events.map(({ kind }) => kind), { timeout: SOON_MS }).toEqual(['ringing', 'answered']);
    await lab.pbx.legs.hangUp(legId, 'not-needed');
    await there.waitFor('ended', SOON_MS);
    await found.caller.giveBack('BUSY', 'on-the-phone');
    await call.waitFor('ended', SOON_MS);
    expect(call.record.finalStatus).toBe(486);
  });

  it('the next run hears of a leg that was answered before, until it ends', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    const leg = await lab.dial(caller, mobile);
    const there = await mobile.nextCall(SOON_MS);
    there.answer();
    await leg.waitFor('answered');
    await lab.disconnect();
    await lab.connect();
    expect((await lab.nextArrival()).legs).toMatchObject([{ legId: leg.legId }]);
    const kinds: string[] = [];
    lab.pbx.legs.adopt(leg.legId, ({ kind }) => kinds.push(kind));
    expect(kinds).toEqual(['answered']);
    await there.hangUp();
    await expect.poll(() => kinds, { timeout: SOON_MS }).toEqual(['answered', 'ended']);
    await call.hangUp();
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
    'conversations go on under the next run, until the %s hangs up',
    async (who) => {
      const mobile = await lab.phone('mobile');
      const { caller, call } = await lab.arrive('early');
      await lab.pbx.bridges.open(lab.bridgeId, caller);
      const leg = await lab.dial(caller, mobile);
      const there = await mobile.nextCall(SOON_MS);
      there.answer();
      await leg.waitFor('answered');
      await lab.pbx.bridges.connect(lab.bridgeId, caller, leg.legId);
      await caller.write({ XIVO_MAPP_STATUS: 'ANSWERED' });
      await lab.disconnect();
      await lab.connect();
      await Promise.all([call.waitUntilHears(1300, SOON_MS), there.waitUntilHears(600, SOON_MS)]);
      await (who === 'caller' ? call : there).hangUp();
      await (who === 'caller' ? there : call).waitFor('ended', SOON_MS);
      expect(lab.arrivals).toEqual([]);
    },
  );

  it('a caller whose conversation has ended meanwhile is not routed again', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    await lab.pbx.bridges.open(lab.bridgeId, caller);
    const leg = await lab.dial(caller, mobile);
    const there = await mobile.nextCall(SOON_MS);
    there.answer();
    await leg.waitFor('answered');
    await lab.pbx.bridges.connect(lab.bridgeId, caller, leg.legId);
    await caller.write({ XIVO_MAPP_STATUS: 'ANSWERED' });
    await lab.disconnect();
    await there.hangUp();
    await lab.connect();
    await call.waitFor('ended', SOON_MS);
    expect(lab.arrivals).toEqual([]);
  });
});
