/**
 * Every final answer by which a phone can refuse, before it has rung and after: what a leg makes of it, and what of it stands in the record. Asterisk 22
 * tells the phone's own status; 16 tells a cause alone, the same for several.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { InvitePolicy } from '../../../lab/phone/invite-policies.ts';
import type { LegEndKind } from '../../../src/call/ports.ts';
import { type AriLab, SOON_MS, startAriLab } from './ari-lab.ts';

const STATUSES = Array.from({ length: 400 }, (_, index) => 300 + index);
const AT_ONCE = 20;

/** What a person has said stands alone; everything else only says that the phone cannot be had. */
function endOf(status: number, rang: boolean, version: 16 | 22): LegEndKind {
  if ([486, 600].includes(status)) return 'busy';
  if (status === 603 || (status === 480 && rang)) return 'declined';
  if (status === 607) return version === 22 ? 'declined' : 'unreachable';
  // They have the cause of 603, or of 480.
  if (version === 16 && ([401, 403, 407].includes(status) || (status === 483 && rang))) return 'declined';
  return 'unreachable';
}

describe.each([16, 22] as const)('a leg on Asterisk %i', (version) => {
  let lab: AriLab;
  beforeAll(async () => {
    lab = await startAriLab(version);
  });
  afterEach(() => lab.clear());
  afterAll(() => lab?.stop());

  it.each([false, true])('ends by the phone’s final answer, 300 to 699; has rung: %s', async (rang) => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    mobile.onInvite((there) => {
      if (rang) there.ring();
      there.refuse(Number(there.record.shown.from?.number));
    });
    const told: unknown[] = [];
    for (let first = 0; first < STATUSES.length; first += AT_ONCE) {
      const some = STATUSES.slice(first, first + AT_ONCE).map(async (status) => {
        const leg = await lab.dial(caller, mobile, { caller: { name: '', number: String(status) } });
        const ended = await leg.waitFor('ended');
        const detail = ended.kind === 'ended' ? ended.detail : '';
        const end = ended.kind === 'ended' ? ended.end : '';
        const kinds = leg.events.map(({ kind }) => kind).join();
        told.push({ status, end, kinds, isNamed: version === 16 || detail.endsWith(`, SIP ${status}`) });
      });
      await Promise.all(some);
    }
    const kinds = rang ? 'ringing,ended' : 'ended';
    expect(told.length).toBe(STATUSES.length);
    expect(told).toEqual(
      expect.arrayContaining(
        STATUSES.map((status) => ({ status, end: endOf(status, rang, version), kinds, isNamed: true })),
      ),
    );
    await call.hangUp();
  });

  const withoutAudio: readonly (readonly [string, InvitePolicy])[] = [
    ['at once', (there) => there.answerWithoutAudio()],
    [
      'after it has rung',
      (there) => {
        there.ring();
        there.after(100, () => there.answerWithoutAudio());
      },
    ],
  ];
  it.each(withoutAudio)('EDGES 72: that is answered %s with m=audio 0 ends as with 488', async (_, does) => {
    const mobile = await lab.phone('mobile');
    mobile.onInvite(does);
    const { caller, call } = await lab.arrive('early');
    const leg = await lab.dial(caller, mobile);
    const detail = expect.stringMatching(version === 22 ? /^58 .*, SIP 488$/ : /^58 /);
    expect(await leg.waitFor('ended')).toEqual({ kind: 'ended', end: 'unreachable', detail });
    expect(leg.events.some(({ kind }) => kind === 'answered')).toBe(false);
    await mobile.waitFor('ended', SOON_MS);
    await call.hangUp();
  });

  it('that Asterisk gives up after the ring time has not declined, and a 480 just before that has', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    mobile.onInvite((there) => there.ring());
    const leg = await lab.dial(caller, mobile, { ringMs: 1_000 });
    expect(await leg.waitFor('ended')).toMatchObject({ end: 'unreachable' });
    mobile.onInvite((there) => {
      there.ring();
      there.after(900, () => there.refuse(480));
    });
    const other = await lab.dial(caller, mobile, { ringMs: 20_000 });
    expect(await other.waitFor('ended')).toMatchObject({ end: 'declined' });
    await call.hangUp();
  });
});
