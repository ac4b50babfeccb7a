/**
 * What whoever answers for a channel is told of it, and what it is asked. Owners never hear of channels that are not theirs.
 */

import type { Party } from '../../call/ports.ts';
import type { Channel, PlaybackEvent } from '../ari/events.ts';

/** What Asterisk says of a phone that has sent its call on. */
export interface SentOn {
  /** The user part of the address that the phone has named; or `PJSIP/<endpoint>/<address>`. */
  readonly target: string;
  readonly endpoint: string;
  /** The endpoint's own context. */
  readonly context: string;
  readonly from: Party;
  /** The channel with which Asterisk has followed by itself. */
  readonly followed: Followed | undefined;
}

export interface Followed {
  readonly id: string;
  readonly name: string;
}

/** Whoever answers for a channel. */
export interface ChannelOwner {
  /** True once Asterisk is known to have the channel, so that not finding it means that it is gone. */
  readonly settled: boolean;
  /**
   * Whether the owner answers for the channel where it is with these arguments of Stasis(). Where it does not, the channel has been away and is a
   * newcomer. Yes, unless said.
   */
  isFor?(args: readonly string[]): boolean;
  /** Whether it has told the channel to go on in the dialplan: if the channel comes then, it comes again. */
  readonly givenBack?: boolean;
  /** Asterisk's word for its state, e.g. `Ringing`. May be said twice. */
  onState(state: string): void;
  /** The channel has left our application; it may live on in the dialplan. */
  onEnd(): void;
  /** Another channel has taken the place of this one in our application: from now on that is the owner's. */
  onReplaced?(channel: Channel): void;
  /** The channel has left our application, and comes to it again as another visit, which is not this owner's. */
  onComesAgain?(): void;
  /** The channel is no more. `sipStatus`: the phone's own refusal, where this Asterisk tells it (22 does, 16 does not). */
  onDestroyed(cause: number, words: string, sipStatus?: number): void;
  /** Its phone has refused it, or somebody has hung it up: its end follows. Not said where Asterisk has given it up by itself. */
  onRefused?(): void;
  /** Its phone has sent the call on: its end follows. */
  onForwarded?(sent: SentOn): void;
  /** The dialplan says that it connects a leg, and with whom: as in CONNECTED_TO. */
  onConnectedTo?(value: string): void;
  /** The dialplan connects this caller with a leg. `on`: on what it was answered, as the dialplan says it. */
  onConnected?(legId: string, on: string): void;
  /** Something that plays to the channel has begun, goes on with the next, or has ended. */
  onPlayback?(event: PlaybackEvent): void;
}
