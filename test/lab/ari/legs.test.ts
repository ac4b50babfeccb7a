/** Legs on a real Asterisk: what the phone is shown and told, what its answers are called, and that none outlives its call. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answersDespiteCancel, refuses, rings } from '../../../lab/phone/invite-policies.ts';
import { PbxError } from '../../../src/call/errors.ts';
import { type AriLab, SOON_MS, startAriLab } from './ari-lab.ts';

describe.each([16, 22] as const)('a leg on Asterisk %i', (version) => {
  let lab: AriLab;

  beforeAll(async () => {
    lab = await startAriLab(version);
  });
  afterEach(() => lab.clear());
  afterAll(() => lab.stop());

  const channels = async () => (await lab.asterisk.leftovers()).channels.filter((name) => !name.includes('trunk'));

  it('shows the caller, offers no video, and reports ringing, answer and hang-up once each', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early', { video: true });
    const leg = await lab.dial(caller, mobile, { caller: { name: 'Zoé "Z" Müller', number: '+33612345678' } });
    const there = await mobile.nextCall(SOON_MS);
    expect(there.record.shown.from).toEqual({ name: 'Zoé "Z" Müller', number: '+33612345678' });
    expect(there.record.shown.asserted).toEqual({ name: 'Zoé "Z" Müller', number: '+33612345678' });
    expect(there.record.offered?.video).toBe(false);
    there.ring();
    await leg.waitFor('ringing');
    there.answer();
    await leg.waitFor('connected');
    await there.hangUp();
    await leg.waitFor('ended');
    expect(leg.events).toEqual([
      { kind: 'ringing' },
      { kind: 'answered' },
      { kind: 'connected', pickedUp: false },
      { kind: 'ended', end: 'hung-up', detail: expect.any(String) },
    ]);
    await lab.pbx.legs.hangUp(leg.legId, 'normal');
    await call.waitFor('ended', SOON_MS);
  });

  it.each([
    [603, 'declined', '21'],
    [486, 'busy', '17'],
    [600, 'busy', '17'],
    [480, 'unreachable', '19'],
    [408, 'unreachable', '18'],
    [503, 'unreachable', '34'],
    [404, 'unreachable', '1'],
    [488, 'unreachable', '58'],
  ] as const)('that the phone refuses with %i is %s', async (status, end, cause) => {
    const mobile = await lab.phone('mobile');
    mobile.onInvite(refuses(status));
    const { caller, call } = await lab.arrive('early');
    const leg = await lab.dial(caller, mobile);
    const ended = await leg.waitFor('ended');
    expect(ended).toMatchObject({ end, detail: expect.stringMatching(`^${cause} `) });
    expect(leg.events).toHaveLength(1);
    await call.hangUp();
  });

  it('to a contact where nobody listens ends by Asterisk’s own bound, as unreachable', async () => {
    const mobile = await lab.phone('mobile');
    mobile.die();
    const { caller, call } = await lab.arrive('early');
    const leg = await lab.dial(caller, mobile, { ringMs: 1_000 });
    expect(await leg.waitFor('ended')).toMatchObject({ end: 'unreachable' });
    await call.hangUp();
  });

  it('that Asterisk does not take is refused, and no event follows', async () => {
    const { caller, call } = await lab.arrive('early');
    const contact = { endpoint: 'PJSIP/nobody', uri: 'sip:nobody@127.0.0.1:9', expiresAtSec: undefined };
    const mobile = await lab.phone('mobile');
    await expect(lab.dial(caller, mobile, { contact })).rejects.toBeInstanceOf(PbxError);
    await expect(lab.dial(caller, mobile, { contact: { ...contact, uri: 'nonsense' } })).rejects.toBeInstanceOf(
      PbxError,
    );
    await call.hangUp();
  });

  it.each(['before it rings', 'while it rings'] as const)('says "answered elsewhere" %s', async (when) => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    const leg = await lab.dial(caller, mobile);
    const there = await mobile.nextCall(SOON_MS);
    if (when !== 'before it rings') {
      there.ring();
      await leg.waitFor('ringing');
    } else {
      there.trying();
      // A CANCEL that is ordered before Asterisk has the 100 leaves later, and without its reason. Asterisk says nothing of a 100; but what
      // comes behind it from the same phone, and is answered, tells that it has arrived.
      await mobile.refresh();
    }
    await lab.pbx.legs.hangUp(leg.legId, 'answered-elsewhere');
    await there.waitFor('ended', SOON_MS);
    expect(there.record.reasons).toContainEqual(expect.stringMatching(/^SIP ?; ?cause=200/));
    expect(there.answeredElsewhere).toBe(true);
    expect(await leg.waitFor('ended')).toMatchObject({ end: 'answered-elsewhere' });
    await call.hangUp();
  });

  it('that is not needed does not claim to be answered elsewhere', async () => {
    const mobile = await lab.phone('mobile');
    mobile.onInvite(rings());
    const { caller, call } = await lab.arrive('early');
    const leg = await lab.dial(caller, mobile);
    const there = await mobile.nextCall(SOON_MS);
    await leg.waitFor('ringing');
    await lab.pbx.legs.hangUp(leg.legId, 'not-needed');
    await there.waitFor('ended', SOON_MS);
    expect(there.answeredElsewhere).toBe(false);
    expect(await leg.waitFor('ended')).toMatchObject({ end: 'hung-up' });
    await call.hangUp();
  });

  it('is hung up though its order is still under way (EDGES 13)', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    const legId = `${lab.callId}-leg-0007`;
    const dialled = lab.dial(caller, mobile, { legId }).catch((error: unknown) => error);
    await lab.pbx.legs.hangUp(legId, 'normal');
    // Unless it had been sent already.
    const fault = await dialled;
    if (fault instanceof Error) expect(fault.message).toMatch(/called off before it was sent/);
    await call.hangUp();
    await expect.poll(channels).toEqual([]);
  });

  it('is refused where its caller, to whom it would belong, has left', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    await call.hangUp();
    await expect.poll(channels).toEqual([]);
    await expect.poll(() => caller.left.aborted).toBe(true);
    await expect(lab.dial(caller, mobile)).rejects.toBeInstanceOf(PbxError);
  });

  it('that answers while another talks is told that it was answered elsewhere', async () => {
    const [mobile, tablet] = [await lab.phone('mobile'), await lab.phone('tablet', 1500)];
    const { caller, call } = await lab.arrive('early');
    const [first, second] = [await lab.dial(caller, mobile), await lab.dial(caller, tablet)];
    const [there, other] = [await mobile.nextCall(SOON_MS), await tablet.nextCall(SOON_MS)];
    for (const one of [there, other]) one.ring();
    there.answer();
    await first.waitFor('connected');
    other.answer();
    expect(await second.waitFor('ended')).toMatchObject({ end: 'answered-elsewhere' });
    await other.waitFor('ended', SOON_MS);
    expect(other.answeredElsewhere).toBe(true);
    expect(second.events.map(({ kind }) => kind)).not.toContain('connected');
    await call.hangUp();
    await first.waitFor('ended');
  });

  it('that nobody owns is hung up when it shows itself, unless somebody has answered (EDGES 14)', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    // Its endpoint is listened to for the sake of another.
    await lab.watch(caller, [], ['PJSIP/mobile']);
    const endpoint = `PJSIP/mobile/${lab.contactOf(mobile).uri}`;
    const way = { context: 'xivo-mapp-leg', extension: 's', priority: 1, timeout: 20 };
    await lab.asterisk.ari('POST', '/channels/xm-0123456789abcdef-leg-0001', { endpoint, ...way });
    const there = await mobile.nextCall(SOON_MS);
    there.ring();
    await there.waitFor('ended', SOON_MS);
    expect(there.record.endedBy).toBe('there');
    expect(lab.arrivals).toEqual([]);
    await call.hangUp();
  });

  it('that answers after its cancel is hung up (EDGES 29)', async () => {
    const mobile = await lab.phone('mobile');
    mobile.onInvite(answersDespiteCancel());
    const { caller, call } = await lab.arrive('early');
    const leg = await lab.dial(caller, mobile);
    const there = await mobile.nextCall(SOON_MS);
    await leg.waitFor('ringing');
    await lab.pbx.legs.hangUp(leg.legId, 'normal');
    await there.waitFor('ended', SOON_MS);
    await expect.poll(channels).toEqual([]);
    await expect.poll(() => leg.events.at(-1)?.kind).toBe('ended');
    await call.hangUp();
  });

  it('that answers just when Asterisk gives up ringing ends all the same (EDGES 29)', async () => {
    const mobile = await lab.phone('mobile');
    mobile.onInvite(answersDespiteCancel(50));
    const { caller, call } = await lab.arrive('early');
    const leg = await lab.dial(caller, mobile, { ringMs: 1_000 });
    expect(await leg.waitFor('ended')).toMatchObject({ end: 'unreachable' });
    await expect.poll(channels, { timeout: SOON_MS }).toEqual([]);
    await call.hangUp();
  });
});
