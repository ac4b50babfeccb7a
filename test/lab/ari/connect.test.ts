/** Caller and leg in one bridge, on a real Asterisk: whatever the caller heard stops, both hear each other, each sees the other's name. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CallerGone, PbxError } from '../../../src/call/errors.ts';
import type { Hold } from '../../../src/call/ports.ts';
import { nowMs } from '../phone/clock.ts';
import { type AriLab, SOON_MS, startAriLab } from './ari-lab.ts';

const HOLDS: Readonly<Record<string, readonly ['early' | 'ring' | 'up', Hold]>> = {
  'the message': ['early', { message: 'demo-congrats', afterwards: { kind: 'music', musicClass: undefined } }],
  'the message, then ringback': ['early', { message: 'demo-congrats', afterwards: { kind: 'tone', country: 'fr' } }],
  music: ['early', { message: undefined, afterwards: { kind: 'music', musicClass: undefined } }],
  ringback: ['early', { message: undefined, afterwards: { kind: 'tone', country: 'us' } }],
  'its own ringing': ['ring', { message: undefined, afterwards: { kind: 'ringing' } }],
  'music, answered early': ['up', { message: undefined, afterwards: { kind: 'music', musicClass: undefined } }],
};

describe.each([16, 22] as const)('a connection on Asterisk %i', (version) => {
  let lab: AriLab;

  beforeAll(async () => {
    lab = await startAriLab(version);
  });
  afterEach(() => lab.clear());
  afterAll(() => lab.stop());

  describe.each(['from the start', 'at the answer'] as const)('with the caller in its bridge %s', (joins) => {
    it.each(Object.entries(HOLDS))('ends %s, and both hear each other', async (_, [extension, hold]) => {
      const mobile = await lab.phone('mobile');
      const { caller, call } = await lab.arrive(extension);
      await lab.pbx.bridges.open(lab.bridgeId, joins === 'from the start' ? caller : undefined);
      await caller.startHold(hold);
      if (hold.afterwards.kind !== 'ringing') await call.waitUntilHears('anything', SOON_MS);
      const leg = await lab.dial(caller, mobile);
      const there = await mobile.nextCall(SOON_MS);
      there.ring();
      await leg.waitFor('ringing');
      there.answer();
      await leg.waitFor('answered');
      await lab.pbx.bridges.connect(lab.bridgeId, caller, leg.legId);
      const connectedMs = nowMs();
      await Promise.all([
        call.waitUntilHears(mobile.toneHz, SOON_MS, connectedMs),
        there.waitUntilHears(600, SOON_MS, connectedMs),
      ]);
      const steadyMs = nowMs();
      await Promise.all([call.sendDtmf('5'), there.sendDtmf('7')]);
      await Promise.all([call.waitForDtmf('7', SOON_MS), there.waitForDtmf('5', SOON_MS)]);
      // Nothing of the hold is left in the talk.
      const others = call
        .heard(steadyMs, nowMs())
        .filter(({ what }) => what === 'ringback' || what === 'sound' || what === 700);
      expect(others).toEqual([]);
      expect(call.isAnswered).toBe(true);
      await call.hangUp();
      await expect.poll(() => caller.left.aborted).toBe(true);
      await lab.pbx.legs.hangUp(leg.legId, 'normal');
      await lab.pbx.bridges.close(lab.bridgeId);
      await there.waitFor('ended', SOON_MS);
    });
  });

  it.each([
    ['mobile', { name: 'Zoé', number: '42' }, { name: 'Zoé', number: '42' }],
    ['mobile', { name: '', number: '' }, { name: 'Lucie', number: '1001' }],
    ['nameless', { name: 'Zoé', number: '42' }, { name: 'Zoé', number: '42' }],
    ['nameless', { name: '', number: '' }, undefined],
  ] as const)('to %s, called %j, shows the caller %j, never its own number (EDGES 28)', async (user, callee, shown) => {
    const mobile = await lab.phone(user);
    const { caller, call } = await lab.arrive('early');
    await lab.pbx.bridges.open(lab.bridgeId, caller);
    const leg = await lab.dial(caller, mobile, { callee });
    const there = await mobile.nextCall(SOON_MS);
    there.answer();
    await leg.waitFor('answered');
    await lab.pbx.bridges.connect(lab.bridgeId, caller, leg.legId);
    await Promise.all([call.waitUntilHears(mobile.toneHz, SOON_MS), there.waitUntilHears(600, SOON_MS)]);
    if (shown !== undefined) await expect.poll(() => call.record.connectedLines.at(-1)).toMatchObject(shown);
    expect(call.record.connectedLines.filter(({ number }) => number === '0612345678')).toEqual([]);
    for (const { name, number } of there.record.connectedLines) {
      expect({ name, number }).toEqual({ name: 'Carol', number: '0612345678' });
    }
    await there.hangUp();
    await leg.waitFor('ended');
    await caller.hangUp();
    await call.waitFor('ended', SOON_MS);
    await lab.pbx.bridges.close(lab.bridgeId);
  });

  it.each(['from the start', 'at the answer'] as const)(
    'offers the leg no video of the caller, who joins %s',
    async (joins) => {
      const mobile = await lab.phone('mobile');
      const { caller, call } = await lab.arrive('early', { video: true });
      const { variables } = await caller.read({
        variables: ['CHANNEL(videonativeformat)'],
        globals: [],
        contactsOf: [],
      });
      expect(variables.get('CHANNEL(videonativeformat)')).toMatch(/h264|vp8/);
      await lab.pbx.bridges.open(lab.bridgeId, joins === 'from the start' ? caller : undefined, true);
      await caller.startHold({ message: undefined, afterwards: { kind: 'music', musicClass: undefined } });
      const leg = await lab.dial(caller, mobile);
      const there = await mobile.nextCall(SOON_MS);
      there.answer();
      await leg.waitFor('answered');
      await lab.pbx.bridges.connect(lab.bridgeId, caller, leg.legId);
      await Promise.all([call.waitUntilHears(mobile.toneHz, SOON_MS), there.waitUntilHears(600, SOON_MS)]);
      await Promise.all([call.sendDtmf('5'), there.sendDtmf('7')]);
      await Promise.all([call.waitForDtmf('7', SOON_MS), there.waitForDtmf('5', SOON_MS)]);
      expect(mobile.trace.fullText().includes('m=video')).toBe(false);
      await call.hangUp();
      await lab.pbx.legs.hangUp(leg.legId, 'normal');
      await lab.pbx.bridges.close(lab.bridgeId);
      await there.waitFor('ended', SOON_MS);
    },
  );

  it('fails clearly when caller, leg or bridge are gone', async () => {
    const { caller, call } = await lab.arrive('early');
    await lab.pbx.bridges.open(lab.bridgeId, caller);
    await expect(lab.pbx.bridges.connect(lab.bridgeId, caller, 'xm-0123456789abcdef-leg-9')).rejects.toBeInstanceOf(
      PbxError,
    );
    await lab.pbx.bridges.close(lab.bridgeId);
    await lab.pbx.bridges.close(lab.bridgeId);
    await expect(lab.pbx.bridges.connect(lab.bridgeId, caller, 'xm-0123456789abcdef-leg-9')).rejects.toBeInstanceOf(
      PbxError,
    );
    await call.hangUp();
    await expect.poll(() => caller.left.aborted).toBe(true);
    await expect(lab.pbx.bridges.connect(lab.bridgeId, caller, 'xm-0123456789abcdef-leg-9')).rejects.toBeInstanceOf(
      CallerGone,
    );
  });
});
