/** Caller and leg connected by the dialplan, on a real Asterisk: whatever the caller heard stops, both hear each other, each sees the other's name, and both are one call in every log. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { channelVariable } from '../../../lab/asterisk/channel-variable.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import type { Hold } from '../../../src/call/ports.ts';
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

  it.each(Object.entries(HOLDS))('ends %s, and both hear each other', async (_, [extension, hold]) => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive(extension);
    await caller.startHold(hold);
    if (hold.afterwards.kind !== 'ringing') await call.waitUntilHears('anything', SOON_MS);
    const leg = await lab.dial(caller, mobile);
    const there = await mobile.nextCall(SOON_MS);
    there.ring();
    await leg.waitFor('ringing');
    there.answer();
    expect(await leg.waitFor('connected')).toMatchObject({ pickedUp: false });
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
    await there.waitFor('ended', SOON_MS);
  });

  it.each([
    ['mobile', { name: 'Zoé', number: '42' }, { name: 'Zoé', number: '42' }],
    ['mobile', { name: '', number: '' }, { name: 'Lucie', number: '1001' }],
    ['nameless', { name: 'Zoé', number: '42' }, { name: 'Zoé', number: '42' }],
    ['nameless', { name: '', number: '' }, undefined],
  ] as const)('to %s, called %j, shows the caller %j, never its own number (EDGES 28)', async (user, callee, shown) => {
    const mobile = await lab.phone(user);
    const { caller, call } = await lab.arrive('early');
    const leg = await lab.dial(caller, mobile, { callee });
    const there = await mobile.nextCall(SOON_MS);
    there.answer();
    await leg.waitFor('connected');
    await Promise.all([call.waitUntilHears(mobile.toneHz, SOON_MS), there.waitUntilHears(600, SOON_MS)]);
    if (shown !== undefined) await expect.poll(() => call.record.connectedLines.at(-1)).toMatchObject(shown);
    expect(call.record.connectedLines.filter(({ number }) => number === '0612345678')).toEqual([]);
    for (const { name, number } of there.record.connectedLines) {
      expect({ name, number }).toEqual({ name: 'Carol', number: '0612345678' });
    }
    await there.hangUp();
    await leg.waitFor('ended');
    await call.waitFor('ended', SOON_MS);
  });

  it('offers the leg no video of the caller', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early', { video: true });
    const { variables } = await caller.read({
      variables: ['CHANNEL(videonativeformat)'],
      globals: [],
      contactsOf: [],
    });
    expect(variables.get('CHANNEL(videonativeformat)')).toMatch(/h264|vp8/);
    const leg = await lab.dial(caller, mobile);
    const there = await mobile.nextCall(SOON_MS);
    there.answer();
    await leg.waitFor('connected');
    await Promise.all([call.waitUntilHears(mobile.toneHz, SOON_MS), there.waitUntilHears(600, SOON_MS)]);
    // A stream with port 0 is none.
    expect(mobile.trace.fullText()).not.toMatch(/m=video [1-9]/);
    await call.hangUp();
    await there.waitFor('ended', SOON_MS);
  });

  it('has one linked id from the order on, since the leg has the caller as its originator', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    const leg = await lab.dial(caller, mobile);
    const there = await mobile.nextCall(SOON_MS);
    there.ring();
    await leg.waitFor('ringing');
    const linkedIds = () =>
      Promise.all([caller.channelId, leg.legId].map((id) => channelVariable(lab.asterisk, id, 'CHANNEL(linkedid)')));
    const one = caller.channelId;
    expect(await linkedIds()).toEqual([one, one]);
    there.answer();
    await leg.waitFor('connected');
    expect(await linkedIds()).toEqual([one, one]);
    await there.hangUp();
    await call.waitFor('ended', SOON_MS);
  });

  it('is no affair of the router: it may be gone before the answer, and nobody is told by it to talk', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    await caller.startHold({ message: 'demo-congrats', afterwards: { kind: 'music', musicClass: undefined } });
    await call.waitUntilHears('sound', SOON_MS);
    await lab.dial(caller, mobile);
    const there = await mobile.nextCall(SOON_MS);
    there.ring();
    await lab.disconnect();
    there.answer();
    await Promise.all([call.waitUntilHears(mobile.toneHz, SOON_MS), there.waitUntilHears(600, SOON_MS)]);
    await there.hangUp();
    await call.waitFor('ended', SOON_MS);
    await lab.connect();
  });
});
