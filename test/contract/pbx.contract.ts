/**
 * What every PBX promises a call: the caller's channel, legs, notes and registrations, the fake and the real Asterisk alike; the answer has a file of its own. A story told on the
 * fake is worth as much as this suite.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CallerGone, PbxError } from '../../src/call/errors.ts';
import type { Contact } from '../../src/call/ports.ts';
import { answerContract } from './answer.contract.ts';
import { CALL_ID, deskOf, type PbxUnderTest } from './pbx-under-test.ts';

export function pbxContract(name: string, makeSubject: () => Promise<PbxUnderTest>): void {
  describe(`${name} keeps the promises of a PBX`, { timeout: 300_000 }, () => {
    let pbx: PbxUnderTest;
    beforeAll(async () => {
      pbx = await makeSubject();
    });
    afterEach(() => pbx.nothingIsLeft());
    afterAll(() => pbx.close());

    const { dial, ready } = deskOf(() => pbx);

    describe('the caller', () => {
      it('reads variables, globals and contacts in one look, and unset ones as nothing', async () => {
        const endpoint = pbx.newEndpoint();
        await pbx.register(endpoint, 'rings');
        const { caller } = await pbx.newCaller();
        await pbx.setVariable(caller, 'XIVO_MAPP_DEVICE', '"MobileApp"');
        const reading = await caller.read({
          variables: ['XIVO_MAPP_DEVICE', 'XIVO_MAPP_UNSET'],
          globals: ['XIVO_MAPP_ALSO_UNSET'],
          contactsOf: [endpoint, 'PJSIP/no-such-endpoint'],
        });
        expect(reading.variables.get('XIVO_MAPP_DEVICE')).toBe('"MobileApp"');
        expect(reading.variables.get('XIVO_MAPP_UNSET')).toBe('');
        expect(reading.globals.get('XIVO_MAPP_ALSO_UNSET')).toBe('');
        expect(reading.contacts).toHaveLength(1);
        expect(reading.contacts[0]).toMatchObject({ endpoint, expiresAtSec: expect.any(Number) });
        await caller.hangUp();
      });

      it('goes back to the dialplan with status and reason, and is no longer ours', async () => {
        const { caller, leaves } = await pbx.newCaller();
        await caller.startHold({ message: undefined, afterwards: { kind: 'music', musicClass: undefined } });
        await caller.giveBack('NOANSWER', 'wait-over');
        expect(await pbx.givenBack(caller)).toEqual({ status: 'NOANSWER', reason: 'wait-over' });
        await expect(caller.answer()).rejects.toBeInstanceOf(CallerGone);
        await expect(caller.giveBack('NOANSWER', 'wait-over')).rejects.toBeInstanceOf(CallerGone);
        await caller.stopHold();
        await caller.hangUp();
        await leaves();
      });

      it.each(['hung-up', 'answered-elsewhere', 'moved'] as const)(
        'has left (%s), and says so to whatever is asked of it',
        async (how) => {
          const { caller, leaves } = await pbx.newCaller();
          // As in every call: from its first look on a caller is heard of to its very end.
          await caller.read({ variables: [], globals: [], contactsOf: [] });
          await leaves(how);
          await pbx.until('the caller has left', () => caller.left.aborted);
          expect(caller.left.reason).toBeInstanceOf(CallerGone);
          expect(caller.left.reason).toMatchObject({ how });
          await expect(caller.answer()).rejects.toBeInstanceOf(CallerGone);
          await expect(caller.write({ XIVO_MAPP_STATUS: 'ANSWERED' })).rejects.toBeInstanceOf(CallerGone);
          await expect(caller.giveBack('NOANSWER', 'wait-over')).rejects.toBeInstanceOf(CallerGone);
          await caller.hangUp();
          await caller.stopHold();
          await leaves();
        },
      );
    });

    /** Asterisk lists a bridge for a moment after it has taken it away. */
    const areNoted = (...callIds: readonly string[]) =>
      pbx.until(
        `what is noted is ${callIds.join(', ')}`,
        async () => (await pbx.notedCalls()).join() === callIds.join(),
      );

    describe('a note', () => {
      it('is kept until it is removed, also when the caller is gone; one that is gone is no error', async () => {
        const { caller, leaves } = await pbx.newCaller();
        await pbx.notes.keep(CALL_ID, caller.channelId, 'v2 what it was');
        await leaves();
        await pbx.until('the caller has left', () => caller.left.aborted);
        await areNoted(CALL_ID);
        await pbx.notes.remove(CALL_ID);
        await areNoted();
        await pbx.notes.remove(CALL_ID);
      });
    });

    describe('a note of a call that is answered', () => {
      it.each([
        ['mobile', 1],
        ['webapp', 2],
        ['picked-up', 3],
      ] as const)('takes the place of the first, and says on what: %s', async (on, n) => {
        const { caller, leaves } = await pbx.newCaller();
        // Asterisk does not make the same bridge twice in a short time, and no two calls have the same id.
        const callId = `${CALL_ID.slice(0, -1)}${n}`;
        await pbx.notes.keep(callId, caller.channelId, 'v2 what it was');
        await pbx.notes.answered(callId, caller.channelId, 'v2 what it was', on);
        await areNoted(`${callId}-${on}`);
        await pbx.notes.remove(callId);
        await areNoted();
        await leaves();
      });
    });

    describe('a leg', () => {
      it('rings, is hung up, and ends exactly once', async () => {
        const { caller, contact } = await ready('rings');
        const leg = dial(caller, contact);
        await leg.order;
        await leg.has('ringing');
        await pbx.legs.hangUp(leg.legId, 'answered-elsewhere');
        await leg.has('ended');
        await pbx.legs.hangUp(leg.legId, 'not-needed');
        expect(leg.events.map(({ kind }) => kind)).toEqual(['ringing', 'ended']);
        await caller.hangUp();
      });

      it('is hung up while its order is still under way', async () => {
        const { caller, contact } = await ready('rings');
        const leg = dial(caller, contact);
        // Where it has not been sent yet, it is not sent any more.
        const ordered = leg.order.then(
          () => 'taken',
          (fault: unknown) => (fault instanceof PbxError ? 'called off' : fault),
        );
        await pbx.legs.hangUp(leg.legId, 'not-needed');
        if ((await ordered) === 'taken') await leg.has('ended');
        else expect([await ordered, leg.events]).toEqual(['called off', []]);
        await caller.hangUp();
      });

      it('says that a person declined, and that one is busy', async () => {
        for (const [mood, end] of [
          ['declines', 'declined'],
          ['is busy', 'busy'],
        ] as const) {
          const { caller, contact } = await ready(mood);
          const leg = dial(caller, contact);
          await leg.has('ended');
          expect(leg.events.at(-1)).toMatchObject({ kind: 'ended', end });
          await caller.hangUp();
        }
      });

      it('to nowhere is refused or ends unreachable, and never answers', async () => {
        const { caller, contact } = await ready('rings');
        const leg = dial(caller, { ...contact, endpoint: 'PJSIP/no-such-endpoint' });
        const refused = await leg.order.then(
          () => false,
          (fault: unknown) => fault instanceof PbxError,
        );
        if (refused) expect(leg.events).toEqual([]);
        else await leg.has('ended');
        expect(leg.events.map(({ kind }) => kind)).not.toContain('answered');
        await caller.hangUp();
      });

      it('that never was, can be hung up', async () => {
        await pbx.legs.hangUp(`${CALL_ID}-leg-9999`, 'not-needed');
      });
    });

    answerContract(() => pbx);

    describe('a watch', () => {
      const watching = async (register: 'before' | 'between' | 'not yet') => {
        const endpoint = pbx.newEndpoint();
        if (register === 'before') await pbx.register(endpoint, 'rings');
        const { caller } = await pbx.newCaller();
        const { contacts } = await caller.read({ variables: [], globals: [], contactsOf: [endpoint] });
        if (register === 'between') await pbx.register(endpoint, 'rings');
        const seen: Contact[] = [];
        const gone: string[] = [];
        const phones: Contact[] = [];
        const watch = await pbx.registrations.watch([endpoint], contacts, caller.channelId, {
          onContact: (contact) => seen.push(contact),
          onPhone: (contact) => phones.push(contact),
          onGone: ({ uri }) => gone.push(uri),
        });
        return { endpoint, caller, seen, phones, gone, watch };
      };

      it('says nothing of what was known', async () => {
        const { caller, seen, watch } = await watching('before');
        await watch.lookAgain();
        // Once a later registration has been told of, whatever was to come of the earlier one has come.
        const later = await watching('not yet');
        await pbx.register(later.endpoint, 'rings');
        await pbx.until('the later contact was told of', () => later.seen.length > 0);
        await watch.lookNow();
        expect(seen).toEqual([]);
        for (const one of [watch, later.watch]) await one.close();
        for (const one of [caller, later.caller]) await one.hangUp();
      });

      it('tells which phone a new contact is of, as soon as it is asked', async () => {
        const { endpoint, caller, seen, phones, watch } = await watching('not yet');
        await pbx.register(endpoint, 'rings');
        await expect.poll(() => seen.length).toBe(1);
        await watch.lookNow();
        // A look has found it: by then its expiry is known, and its phone as far as can be told.
        expect([...seen, ...phones].filter(({ expiresAtSec }) => expiresAtSec !== undefined)).not.toEqual([]);
        await watch.close();
        await caller.hangUp();
      });

      it('tells of a new contact', async () => {
        const { endpoint, caller, seen, watch } = await watching('not yet');
        await pbx.register(endpoint, 'rings');
        await pbx.until('the contact was told of', () => seen.length > 0);
        expect(seen[0]).toMatchObject({ endpoint });
        await watch.close();
        await caller.hangUp();
      });

      it('tells of a contact that came between the look and the watch', async () => {
        const { caller, seen, watch } = await watching('between');
        await pbx.until('the contact was told of', () => seen.length > 0);
        await watch.close();
        await caller.hangUp();
      });

      it('tells of a contact that was refreshed without a word', async () => {
        const { endpoint, caller, seen, watch } = await watching('before');
        await pbx.register(endpoint, 'rings');
        await pbx.until('the refresh was told of', () => seen.length > 0);
        await watch.close();
        await caller.hangUp();
      });

      it('tells of a contact that was removed, and of its return', async () => {
        const { endpoint, caller, seen, gone, watch } = await watching('not yet');
        await pbx.register(endpoint, 'rings');
        await pbx.until('the contact was told of', () => seen.length > 0);
        await pbx.unregister(endpoint);
        await pbx.until('its end was told of', () => gone.length > 0);
        expect(gone).toEqual([seen[0]?.uri]);
        const before = seen.length;
        await pbx.register(endpoint, 'rings');
        await pbx.until('its return was told of', () => seen.length > before);
        expect(seen.at(-1)?.uri).toBe(gone[0]);
        await watch.close();
        await caller.hangUp();
      });

      it('says nothing after it was closed', async () => {
        const { endpoint, caller, seen, watch } = await watching('not yet');
        await watch.close();
        await watch.close();
        await pbx.register(endpoint, 'rings');
        expect(seen).toEqual([]);
        await caller.hangUp();
      });
    });
  });
}
