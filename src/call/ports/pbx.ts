/**
 * What the call needs from the PBX: the caller's channel, legs and notes. Imported by way of ports.ts.
 * This file must never name a protocol, a library or an Asterisk request.
 */

import type { AnsweredOn, DialplanStatus } from '../outcomes.ts';
import type { Party } from './party.ts';
import type { Contact } from './registrations.ts';

/** How the PBX bears what is asked of it. */
export interface Load {
  /** How long it takes to answer, on average over the last seconds, in ms. */
  averageAnswerMs(): number;
  /** Whether it has answered anything in that time: else nothing is known. */
  isAnswering(): boolean;
}

/** What one look at the caller's channel brings. Values are as Asterisk has them: untrimmed, quotes included, '' where unset. */
export interface Reading {
  readonly variables: ReadonlyMap<string, string>;
  readonly globals: ReadonlyMap<string, string>;
  /** Contacts of the endpoints asked about. An endpoint that Asterisk does not know has none. */
  readonly contacts: readonly Contact[];
}

/** What the caller hears while waiting: the message once, if any, then one thing until the end. */
export interface Hold {
  /** Asterisk sound name (without extension), or undefined for no message. */
  readonly message: string | undefined;
  readonly afterwards:
    | { readonly kind: 'music'; readonly musicClass: string | undefined }
    /**
     * Ringing as a tone in the media, for a channel whose media is up; country as in Asterisk's indications, '' for ringback that plays whatever
     * stands there.
     */
    | { readonly kind: 'tone'; readonly country: string }
    /** Ringing as a signal (180), for a channel without media. */
    | { readonly kind: 'ringing' };
}

/** What has become of what the caller shall hear. Nothing is told of a hold that was stopped, or whose caller has left. */
export type HoldNews =
  /** The message is over, and what follows begins. `played` is false where it could not be played. */
  | { readonly what: 'message'; readonly played: boolean }
  /** The country's ringback could not be played: nothing is heard. */
  | { readonly what: 'tone'; readonly played: false };

/** The caller's channel, owned by one call. Every method rejects with CallerGone once the channel is gone; with CallerAnswered where it talks to a leg. */
export interface Caller {
  /** Another one once the caller has been replaced. */
  readonly channelId: string;
  readonly party: Party;
  /** Says who is told that another channel has taken this one's place, by its id: a transfer while nobody has answered yet. Left out where that cannot be. */
  whenReplaced?(listener: (channelId: string) => void): void;
  /** True when the channel was answered before it came to us, so that its media is up. */
  readonly answered: boolean;
  /**
   * Aborts, with CallerGone as its reason, when the caller hangs up, or when the channel leaves us otherwise than to a leg that has answered. Of one
   * that talks to a leg, when the channel is gone.
   */
  readonly left: AbortSignal;
  /** One look at everything at once. Unknown names read as ''. */
  read(what: {
    readonly variables: readonly string[];
    readonly globals: readonly string[];
    readonly contactsOf: readonly string[];
    /** It can be done without: rejects with PbxError where the PBX is late. */
    readonly isPassing?: true;
  }): Promise<Reading>;
  /**
   * Writes channel variables: words of our own, never empty, in ASCII letters, digits and `.:=+%~!*@/ -`, of 1,000 characters at most. Rejects with
   * PbxError where a value is another, which only a caller whose dialplan waits for us takes as well.
   */
  write(variables: Readonly<Record<string, string>>): Promise<void>;
  answer(): Promise<void>;
  /**
   * Starts what the caller hears; resolves when the orders are given, not when they are heard. The message does not hold up what follows.
   * @param onNews told, as far as the PBX tells, what has become of it
   */
  startHold(hold: Hold, onNews?: (news: HoldNews) => void): Promise<void>;
  /** Stops what startHold started. Harmless when nothing plays or the channel is gone. */
  stopHold(): Promise<void>;
  /** Sets XIVO_MAPP_STATUS and XIVO_MAPP_REASON and lets the channel go on in the dialplan. The channel is no longer ours afterwards. */
  giveBack(status: DialplanStatus, reason: string): Promise<void>;
  /** Ends the caller's channel. A channel that is gone is no error. */
  hangUp(): Promise<void>;
}

/** A caller whose dialplan waits for us, to ring by itself afterwards. It can be written to until it is let go, also after the caller has left. */
export interface WaitingCaller extends Caller {
  /** Lets the dialplan go on, with nothing more said. Harmless where it has gone on. */
  letGo(): Promise<void>;
}

/** Why a leg ended, told apart by its cause. `forwarded`: its phone sends its calls on. */
export type LegEndKind = 'declined' | 'busy' | 'unreachable' | 'answered-elsewhere' | 'hung-up' | 'forwarded';

/** Where a phone has sent a call on to. The PBX says it, and is given it back with the order for the leg that goes there. */
export interface Forward {
  /** In the PBX's own words. */
  readonly to: string;
  /** The endpoints that have sent the call on, oldest first. */
  readonly by: readonly string[];
  /** The one whose phone has sent it on last, as whoever is called now may be shown. */
  readonly from: Party;
}

export type LegEvent =
  | { readonly kind: 'ringing' }
  /** Somebody has answered: the PBX is about to connect the caller with whoever was first, and hangs up the others. */
  | { readonly kind: 'answered' }
  /** The PBX has connected caller and leg; from now on the conversation is its own. `pickedUp`: by another phone than the one that was called. */
  | { readonly kind: 'connected'; readonly pickedUp: boolean }
  /** Last event of a leg. `detail` is Asterisk's own word for the cause, e.g. `21 Call Rejected`. `forward`: where to, of one that is `forwarded`. */
  | { readonly kind: 'ended'; readonly end: LegEndKind; readonly detail: string; readonly forward?: Forward };

export interface DialRequest {
  /** Chosen by the call beforehand, so that the leg can be hung up whatever became of the order. */
  readonly legId: string;
  readonly contact: Contact;
  /** Dialled in place of the contact, whose phone has sent the call on. */
  readonly forward?: Forward | undefined;
  /** What the call is answered on, where it is answered there. */
  readonly on: 'mobile' | 'webapp';
  readonly calleeUserId: string;
  /** Shown to the callee. */
  readonly caller: Party;
  /** Shown to the caller once connected. Empty: whatever Asterisk knows of the endpoint. */
  readonly callee: Party;
  /** Asterisk's own bound on the ringing, in ms, in case that we die. */
  readonly ringMs: number;
  /** The caller's channel, to which the leg belongs. */
  readonly forChannelId: string;
  /** Kept on the leg's channel, to be found again by another router. One line. */
  readonly checkpoint: string;
}

/** A leg that an earlier run of the router has left, with what it kept on it. */
export interface FoundLeg {
  readonly legId: string;
  readonly checkpoint: string;
}

export type LegHangUpReason = 'answered-elsewhere' | 'not-needed' | 'normal';

/** Legs: channels towards contacts. */
export interface Legs {
  /**
   * Orders a leg. Events come through `onEvent` from before the order leaves until `ended`, which comes exactly once for a leg that Asterisk took.
   * Resolves when Asterisk has taken the order; rejects with PbxError when it has not, as where it is hung up before it was sent, and then no event
   * follows. Never retried.
   */
  dial(request: DialRequest, onEvent: (event: LegEvent) => void): Promise<void>;
  /** Takes over a found leg: what it has come to meanwhile is reported, and everything from then on, as for one that was dialled. */
  adopt(legId: string, onEvent: (event: LegEvent) => void): void;
  /**
   * Ends a leg that nobody has answered, also one whose order is still under way; of those that are answered, only one that another was faster than.
   * Resolves when Asterisk has confirmed or the leg is gone. Never rejects for a leg that is gone.
   */
  hangUp(legId: string, reason: LegHangUpReason): Promise<void>;
}

/** Notes that the PBX keeps of calls that wait, one for each: another router learns by it of a call whose caller has left meanwhile. */
export interface Notes {
  /** @param checkpoint one line */
  keep(callId: string, channelId: string, checkpoint: string): Promise<void>;
  /** The call is answered: another note takes the place of the first, which says on what. */
  answered(callId: string, channelId: string, checkpoint: string, on: AnsweredOn): Promise<void>;
  /** One that is gone is no error. */
  remove(callId: string): Promise<void>;
}
