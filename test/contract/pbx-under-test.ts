/** A PBX to be held to its promises (pbx.contract.ts), the fake or the real one: what each of both must be able to show, and how the suite calls. */
import type { HowLeft } from '../../src/call/errors.ts';
import type { Caller, Contact, DialRequest, LegEvent, Legs, Notes, Registrations } from '../../src/call/ports.ts';

/** How a phone takes its calls from now on. */
export type PhoneMood = 'rings' | 'answers' | 'declines' | 'is busy';

export interface PbxUnderTest {
  readonly legs: Legs;
  readonly notes: Notes;
  readonly registrations: Registrations;
  /** An endpoint that exists and has no contact yet, another one for each test. */
  newEndpoint(): string;
  /** A caller's channel that has just come to us. */
  newCaller(): Promise<CallerUnderTest>;
  /** A phone of the endpoint registers, or registers again at the same address, each time for longer than before. */
  register(endpoint: string, mood: PhoneMood): Promise<void>;
  /** The person at the endpoint's phone, which rings or talks, answers or hangs up. */
  answers(endpoint: string): Promise<void>;
  hangsUp(endpoint: string): Promise<void>;
  /** Whether caller and leg are connected, as the PBX itself says. */
  areTalking(caller: Caller, legId: string): Promise<boolean>;
  /** The calls of which a note is kept. */
  notedCalls(): Promise<readonly string[]>;
  /** Takes that registration off again. */
  unregister(endpoint: string): Promise<void>;
  setVariable(caller: Caller, name: string, value: string): Promise<void>;
  /** What the dialplan sees after the call was given back. */
  givenBack(caller: Caller): Promise<{ readonly status: string; readonly reason: string }>;
  /** Waits until it is so, in whatever time this PBX lives. */
  until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void>;
  nothingIsLeft(): Promise<void>;
  close(): Promise<void>;
}

interface CallerUnderTest {
  readonly caller: Caller;
  /** Leaves: hangs up, is told that the call was answered elsewhere, or is moved by somebody to another place in the dialplan, where it stays until it hangs up. Harmless where it is gone. */
  leaves(how?: HowLeft): Promise<void>;
}

export const CALL_ID = 'xm-c0117ac7c0117ac7';

export interface LegUnderTest {
  readonly legId: string;
  readonly events: readonly LegEvent[];
  kinds(): LegEvent['kind'][];
  /** Settles as the order does. */
  readonly order: Promise<void>;
  has(kind: LegEvent['kind']): Promise<void>;
}

let legCount = 0;

/** How the suite calls: through `pbx()`, once it is there. */
export function deskOf(pbx: () => PbxUnderTest) {
  return {
    dial(caller: Caller, contact: Contact, onEvent: (event: LegEvent) => void = () => {}): LegUnderTest {
      legCount += 1;
      // Of one length: Asterisk refuses an id with which that of a living channel begins.
      const legId = `${CALL_ID}-leg-${String(legCount).padStart(4, '0')}`;
      const events: LegEvent[] = [];
      const request: DialRequest = {
        legId,
        contact,
        on: 'mobile',
        calleeUserId: '7',
        caller: caller.party,
        callee: { name: '', number: '' },
        ringMs: 20_000,
        forChannelId: caller.channelId,
        checkpoint: '',
      };
      const order = pbx().legs.dial(request, (event) => {
        events.push(event);
        onEvent(event);
      });
      const kinds = () => events.map(({ kind }) => kind);
      return { legId, events, kinds, order, has: (kind) => pbx().until(`leg ${kind}`, () => kinds().includes(kind)) };
    },
    /** A caller who waits, and a phone that can be rung. */
    async ready(mood: PhoneMood) {
      const endpoint = pbx().newEndpoint();
      await pbx().register(endpoint, mood);
      const { caller, leaves } = await pbx().newCaller();
      const { contacts } = await caller.read({ variables: [], globals: [], contactsOf: [endpoint] });
      const [contact] = contacts;
      if (contact === undefined) throw new Error(`${endpoint} has no contact`);
      return { caller, leaves, endpoint, contact };
    },
  };
}
