/**
 * What every PBX promises a call: the caller's channel, legs, bridges and registrations, the fake and the real Asterisk alike. A story told on the
 * fake is worth as much as this suite.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CallerGone, PbxError } from '../../src/call/errors.ts';
import type { Bridges, Caller, Contact, LegEvent, Legs, Registrations } from '../../src/call/ports.ts';

/** How a phone takes its calls from now on. */
export type PhoneMood = 'rings' | 'answers' | 'declines' | 'is busy';

export interface PbxUnderTest {
  readonly legs: Legs;
  readonly bridges: Bridges;
  readonly registrations: Registrations;
  /** An endpoint that exists and has no contact yet, another one for each test. */
  newEndpoint(): string;
  /** A caller's channel that has just come to us. */
  newCaller(): Promise<{ readonly caller: Caller; hangsUp(): void }>;
  /** A phone of the endpoint registers, or registers again at the same address, each time for longer than before. */
  register(endpoint: string, mood: PhoneMood): Promise<void>;
  /** Takes that registration off again. */
  unregister(endpoint: string): Promise<void>;
  setVariable(caller: Caller, name: string, value: string): Promise<void>;
  /** What the dialplan sees after the call was given back. */
  givenBack(caller: Caller): Promise<{ readonly status: string; readonly reason: string }>;
  /** Waits until it is so, in whatever time this PBX lives. */
  until(what: string, isSo: () => boolean): Promise<void>;
  nothingIsLeft(): Promise<void>;
  close(): Promise<void>;
}

export function pbxContract(name: string, makeSubject: () => Promise<PbxUnderTest>): void {
  describe(`${name} keeps the promises of a PBX`, { timeout: 300_000 }, () => {
    let pbx: PbxUnderTest;
    let legCount = 0;
    beforeAll(async () => {
      pbx = await makeSubject();
    });
    afterEach(() => pbx.nothingIsLeft());
    afterAll(() => pbx.close());

    const contactOf = async (caller: Caller, endpoint: string): Promise<Contact> => {
      const { contacts } = await caller.read({ variables: [], globals: [], contactsOf: [endpoint] });
      const [contact] = contacts;
      if (contact === undefined) throw new Error(`${endpoint} has no contact`);
      return contact;
    };
    const dial = async (caller: Caller, contact: Contact) => {
      legCount += 1;
      const legId = `xm-c0117ac7c0117ac7-leg-${legCount}`;
      const events: LegEvent[] = [];
      const request = {
        legId,
        contact,
        caller: caller.party,
        callee: { name: '', number: '' },
        ringMs: 20_000,
        forChannelId: caller.channelId,
        memory: '',
      };
      const order = pbx.legs.dial(request, (event) => events.push(event));
      const has = (kind: LegEvent['kind']) =>
        pbx.until(`leg ${kind}`, () => events.some((event) => event.kind === kind));
      return { legId, events, order, has };
    };

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
        const { caller } = await pbx.newCaller();
        await caller.startHold({ message: undefined, afterwards: { kind: 'music', musicClass: undefined } });
        await caller.giveBack('NOANSWER', 'wait-over');
        expect(await pbx.givenBack(caller)).toEqual({ status: 'NOANSWER', reason: 'wait-over' });
        await expect(caller.answer()).rejects.toBeInstanceOf(CallerGone);
        await expect(caller.giveBack('NOANSWER', 'wait-over')).rejects.toBeInstanceOf(CallerGone);
        await caller.stopHold();
        await caller.hangUp();
      });

      it('has left when it hangs up, and says so to whatever is asked of it', async () => {
        const { caller, hangsUp } = await pbx.newCaller();
        hangsUp();
        await pbx.until('the caller has left', () => caller.left.aborted);
        expect(caller.left.reason).toBeInstanceOf(CallerGone);
        await expect(caller.answer()).rejects.toBeInstanceOf(CallerGone);
        await expect(caller.write({ XIVO_MAPP_STATUS: 'ANSWERED' })).rejects.toBeInstanceOf(CallerGone);
        await expect(caller.giveBack('NOANSWER', 'wait-over')).rejects.toBeInstanceOf(CallerGone);
        await caller.hangUp();
        await caller.stopHold();
      });
    });

    describe('a leg', () => {
      const ready = async (mood: PhoneMood) => {
        const endpoint = pbx.newEndpoint();
        await pbx.register(endpoint, mood);
        const { caller, hangsUp } = await pbx.newCaller();
        return { caller, hangsUp, contact: await contactOf(caller, endpoint) };
      };

      it('rings, is hung up, and ends exactly once', async () => {
        const { caller, contact } = await ready('rings');
        const leg = await dial(caller, contact);
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
        const leg = await dial(caller, contact);
        await Promise.all([leg.order, pbx.legs.hangUp(leg.legId, 'not-needed')]);
        await leg.has('ended');
        await caller.hangUp();
      });

      it('says that a person declined, and that one is busy', async () => {
        for (const [mood, end] of [
          ['declines', 'declined'],
          ['is busy', 'busy'],
        ] as const) {
          const { caller, contact } = await ready(mood);
          const leg = await dial(caller, contact);
          await leg.has('ended');
          expect(leg.events.at(-1)).toMatchObject({ kind: 'ended', end });
          await caller.hangUp();
        }
      });

      it('to nowhere is refused or ends unreachable, and never answers', async () => {
        const { caller, contact } = await ready('rings');
        const leg = await dial(caller, { ...contact, endpoint: 'PJSIP/no-such-endpoint' });
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
        await pbx.legs.hangUp('xm-c0117ac7c0117ac7-leg-never', 'not-needed');
      });

      it('answers and is connected; when it is hung up it ends', async () => {
        const { caller, contact } = await ready('answers');
        await pbx.bridges.open('xm-c0117ac7c0117ac7-bridge');
        const leg = await dial(caller, contact);
        await leg.has('answered');
        await pbx.bridges.connect('xm-c0117ac7c0117ac7-bridge', caller, leg.legId);
        await pbx.legs.hangUp(leg.legId, 'normal');
        await leg.has('ended');
        expect(leg.events.filter(({ kind }) => kind === 'answered')).toHaveLength(1);
        await caller.hangUp();
        await pbx.bridges.close('xm-c0117ac7c0117ac7-bridge');
        await pbx.bridges.close('xm-c0117ac7c0117ac7-bridge');
      });

      it('cannot be connected with a caller that has left', async () => {
        const { caller, contact, hangsUp } = await ready('answers');
        await pbx.bridges.open('xm-c0117ac7c0117ac7-bridge');
        const leg = await dial(caller, contact);
        await leg.has('answered');
        hangsUp();
        await pbx.until('the caller has left', () => caller.left.aborted);
        await expect(pbx.bridges.connect('xm-c0117ac7c0117ac7-bridge', caller, leg.legId)).rejects.toBeInstanceOf(
          CallerGone,
        );
        await pbx.legs.hangUp(leg.legId, 'not-needed');
        await pbx.bridges.close('xm-c0117ac7c0117ac7-bridge');
      });
    });

    describe('a watch', () => {
      const watching = async (register: 'before' | 'between' | 'not yet') => {
        const endpoint = pbx.newEndpoint();
        if (register === 'before') await pbx.register(endpoint, 'rings');
        const { caller } = await pbx.newCaller();
        const { contacts } = await caller.read({ variables: [], globals: [], contactsOf: [endpoint] });
        if (register === 'between') await pbx.register(endpoint, 'rings');
        const seen: Contact[] = [];
        const gone: string[] = [];
        const watch = await pbx.registrations.watch(
          [endpoint],
          contacts,
          caller.channelId,
          (contact) => seen.push(contact),
          ({ uri }) => gone.push(uri),
        );
        return { endpoint, caller, seen, gone, watch };
      };

      it('says nothing of what was known', async () => {
        const { caller, seen, watch } = await watching('before');
        await watch.lookAgain();
        expect(seen).toEqual([]);
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
