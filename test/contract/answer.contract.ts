/** What every PBX promises about the answer: whoever is first is connected by the PBX, whatever we do; whoever is second, or comes too late, is told so; and of who talks nothing is ours to end. */
import { describe, expect, it } from 'vitest';
import { CallerGone } from '../../src/call/errors.ts';
import { deskOf, type LegUnderTest, type PbxUnderTest } from './pbx-under-test.ts';

/** To be called within the suite of pbx.contract.ts. */
export function answerContract(pbx: () => PbxUnderTest): void {
  const { dial, ready } = deskOf(pbx);

  const left = ({ aborted }: AbortSignal) => aborted;
  const endOf = ({ events }: LegUnderTest) => events.find((event) => event.kind === 'ended');

  describe('whoever answers', () => {
    const talking = async () => {
      const place = await ready('rings');
      const leg = dial(place.caller, place.contact);
      await leg.has('ringing');
      await pbx().answers(place.endpoint);
      await leg.has('connected');
      await pbx().until('they talk', () => pbx().areTalking(place.caller, leg.legId));
      return { ...place, leg };
    };

    it('is connected with the caller, says so once, and has not been picked up; the callee’s hang-up ends both', async () => {
      const { caller, endpoint, leg } = await talking();
      expect(caller.left.aborted).toBe(false);
      await pbx().hangsUp(endpoint);
      await leg.has('ended');
      await pbx().until('the caller has left', () => left(caller.left));
      expect(leg.events).toEqual([
        { kind: 'ringing' },
        { kind: 'answered' },
        { kind: 'connected', pickedUp: false },
        { kind: 'ended', end: 'hung-up', detail: expect.any(String) },
      ]);
    });

    it('talks until the caller hangs up, who has left then', async () => {
      const { caller, leaves, leg } = await talking();
      await leaves();
      await pbx().until('the caller has left', () => left(caller.left));
      expect(caller.left.reason).toMatchObject({ name: 'CallerGone', how: 'hung-up' });
      await leg.has('ended');
      expect(leg.kinds()).toEqual(['ringing', 'answered', 'connected', 'ended']);
    });

    it('and talks is not ours any more: neither leg nor caller can be ended or given back', async () => {
      const { caller, endpoint, leg } = await talking();
      for (const reason of ['normal', 'not-needed', 'answered-elsewhere'] as const) {
        await pbx().legs.hangUp(leg.legId, reason);
      }
      await caller.stopHold();
      await expect(caller.giveBack('NOANSWER', 'wait-over')).rejects.toBeInstanceOf(CallerGone);
      const music = { message: undefined, afterwards: { kind: 'music', musicClass: undefined } } as const;
      await expect(caller.startHold(music)).rejects.toBeInstanceOf(CallerGone);
      expect(await pbx().areTalking(caller, leg.legId)).toBe(true);
      expect([caller.left.aborted, endOf(leg)]).toEqual([false, undefined]);
      await pbx().hangsUp(endpoint);
      await leg.has('ended');
      await pbx().until('the caller has left', () => left(caller.left));
    });

    it('is connected also where we give up the leg in the moment of the answer', async () => {
      const { caller, leaves, endpoint, contact } = await ready('rings');
      let given: Promise<void> | undefined;
      const leg = dial(caller, contact, ({ kind }) => {
        if (kind === 'answered') given = pbx().legs.hangUp(leg.legId, 'not-needed');
      });
      await leg.has('ringing');
      await pbx().answers(endpoint);
      await leg.has('connected');
      await given;
      await pbx().until('they talk', () => pbx().areTalking(caller, leg.legId));
      await leaves();
      await leg.has('ended');
      await pbx().until('the caller has left', () => left(caller.left));
    });

    it('at the same time as another: one is connected, the other ends as answered elsewhere', async () => {
      const { caller, leaves, contact } = await ready('answers');
      const endpoint = pbx().newEndpoint();
      await pbx().register(endpoint, 'answers');
      const { contacts } = await caller.read({ variables: [], globals: [], contactsOf: [endpoint] });
      const legs = [contact, ...contacts].map((one) => dial(caller, one));
      expect(legs).toHaveLength(2);
      await pbx().until('one has ended', () => legs.some((leg) => endOf(leg) !== undefined));
      await pbx().until('one is connected', () => legs.some((leg) => leg.kinds().includes('connected')));
      const [loser, ...others] = legs.filter((leg) => endOf(leg) !== undefined);
      expect([others, endOf(loser as LegUnderTest)]).toMatchObject([[], { end: 'answered-elsewhere' }]);
      expect(loser?.kinds()).not.toContain('connected');
      await leaves();
      for (const leg of legs) await leg.has('ended');
      await pbx().until('the caller has left', () => left(caller.left));
    });

    it('once the caller is given back comes too late, and is told that it was answered elsewhere', async () => {
      const { caller, leaves, endpoint, contact } = await ready('rings');
      const leg = dial(caller, contact);
      await leg.has('ringing');
      await caller.giveBack('NOANSWER', 'wait-over');
      await pbx().givenBack(caller);
      await pbx().answers(endpoint);
      await leg.has('ended');
      expect(leg.kinds()).toEqual(['ringing', 'answered', 'ended']);
      expect(endOf(leg)).toMatchObject({ end: 'answered-elsewhere' });
      await leaves();
    });

    it('in the moment in which the caller is given back either talks, or is told that it was answered elsewhere', async () => {
      const { caller, leaves, endpoint, contact } = await ready('rings');
      const leg = dial(caller, contact);
      await leg.has('ringing');
      try {
        const given = caller.giveBack('NOANSWER', 'wait-over').catch((fault: unknown) => fault);
        await pbx().answers(endpoint);
        const fault = await given;
        await pbx().until('it is settled', () => leg.kinds().includes('connected') || endOf(leg) !== undefined);
        if (leg.kinds().includes('connected'))
          await pbx().until('they talk', () => pbx().areTalking(caller, leg.legId));
        else {
          expect([fault, endOf(leg)]).toMatchObject([undefined, { end: 'answered-elsewhere' }]);
          expect(await pbx().givenBack(caller)).toEqual({ status: 'NOANSWER', reason: 'wait-over' });
        }
        if (fault !== undefined)
          expect([fault, leg.kinds()]).toEqual([expect.any(CallerGone), expect.arrayContaining(['connected'])]);
      } finally {
        await leaves();
      }
      await leg.has('ended');
    });

    it('once the caller has hung up talks to nobody, and ends by itself', async () => {
      const { caller, leaves, endpoint, contact } = await ready('rings');
      const leg = dial(caller, contact);
      await leg.has('ringing');
      await leaves();
      await pbx().until('the caller has left', () => left(caller.left));
      await pbx().answers(endpoint);
      await leg.has('ended');
      expect(leg.kinds()).toEqual(['ringing', 'answered', 'ended']);
    });
  });
}
