/**
 * Takes each event to whom it concerns: a channel's events to its owner, a contact's to those who watch its endpoint, a new caller to whoever takes callers.
 * A leg that nobody owns is hung up as soon as it shows itself, unless it is answered. There is one dispatcher for the life of the process, across all
 * reconnects; it must never keep an owner whose channel is gone.
 */

import type { AriEvent, Channel } from '../ari/events.ts';
import type { ChannelOwner } from './channel-owner.ts';
import { endpointOf, isLeg, isOurs } from './ids.ts';
import { CONNECTED } from './own-dialplan.ts';

/** What Asterisk says of a channel that the other side has refused, before it is destroyed. */
const REFUSALS = ['NOANSWER', 'BUSY', 'CONGESTION', 'CHANUNAVAIL'];

export interface ContactNews {
  readonly endpoint: string;
  readonly uri: string;
  /** Asterisk's word: `NonQualified`, `Reachable`, `Unreachable`, `Removed`, … */
  readonly status: string;
}

export interface DispatcherDeps {
  readonly onArrival: (channel: Channel, args: readonly string[]) => void;
  readonly hangUpStray: (channelId: string) => void;
  readonly onReplaced: () => void;
  /** Another channel has taken a caller's place: whoever speaks of the caller by its channel is to speak of that one. */
  readonly onCallerReplaced: (replacedId: string, channelId: string) => void;
}

export class Dispatcher {
  private readonly deps: DispatcherDeps;
  private readonly owners = new Map<string, ChannelOwner>();
  /** Callers who were given back and whose end was not heard yet, with the user for whom they had come. */
  private readonly leaving = new Map<string, string>();
  private readonly watchers = new Map<string, Set<(news: ContactNews) => void>>();

  constructor(deps: DispatcherDeps) {
    this.deps = deps;
  }

  own(channelId: string, owner: ChannelOwner): void {
    this.owners.set(channelId, owner);
  }

  disown(channelId: string, owner: ChannelOwner): void {
    if (this.owners.get(channelId) === owner) this.owners.delete(channelId);
  }

  /** Its owner has given the channel back to the dialplan. It may be seen in our application for a little while yet. */
  letGo(channelId: string, owner: ChannelOwner, userId: string): void {
    if (this.owners.get(channelId) !== owner) return;
    this.owners.delete(channelId);
    this.leaving.set(channelId, userId);
  }

  /** The user for whom a channel had come that has been given back, and of whose end nothing was heard. */
  leavingFrom(channelId: string): string | undefined {
    return this.leaving.get(channelId);
  }

  /** Of these channels it is known that they are no longer in our application. */
  haveLeft(isHere: (channelId: string) => boolean): void {
    for (const channelId of this.leaving.keys()) if (!isHere(channelId)) this.leaving.delete(channelId);
  }

  /** A leg is connected with its caller. */
  connected(callerId: string, legId: string, on: string): void {
    this.owners.get(callerId)?.onConnected?.(legId, on);
  }

  isOwned(channelId: string): boolean {
    return this.owners.has(channelId);
  }

  /** Channels that somebody answers for, as of now. */
  ownedIds(): ReadonlySet<string> {
    return new Set(this.owners.keys());
  }

  /** Owners whose channels Asterisk is known to have, as of now. */
  settledOwners(): ReadonlyMap<string, ChannelOwner> {
    return new Map([...this.owners].filter(([, owner]) => owner.settled));
  }

  /** Hears of an endpoint's contacts until the returned function is called. */
  watchContacts(endpoint: string, listener: (news: ContactNews) => void): () => void {
    const listeners = this.watchers.get(endpoint) ?? new Set();
    listeners.add(listener);
    this.watchers.set(endpoint, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.watchers.get(endpoint) === listeners) this.watchers.delete(endpoint);
    };
  }

  take(event: AriEvent): void {
    switch (event.type) {
      case 'StasisStart':
        if (!this.onReplaced(event.replace_channel?.id, event.channel)) this.onStart(event.channel, event.args);
        break;
      case 'ChannelStateChange':
        this.onState(event.channel);
        break;
      case 'Dial':
        // A phone that says 183 rings, and its channel's state never says so.
        if (event.dialstatus === 'PROGRESS') this.owners.get(event.peer.id)?.onState('Ringing');
        if (REFUSALS.includes(event.dialstatus)) this.owners.get(event.peer.id)?.onRefused?.();
        if (event.forward !== '') this.onForwarded(event);
        break;
      case 'StasisEnd':
        this.leaving.delete(event.channel.id);
        this.owners.get(event.channel.id)?.onEnd();
        break;
      case 'ChannelDestroyed':
        this.leaving.delete(event.channel.id);
        this.owners.get(event.channel.id)?.onDestroyed(event.cause, event.cause_txt, event.tech_cause);
        break;
      case 'ChannelUserevent':
        if (event.eventname === CONNECTED && event.channel !== undefined)
          this.owners.get(event.channel.id)?.onConnectedTo?.(event.userevent.to);
        break;
      case 'ContactStatusChange': {
        const endpoint = `${event.endpoint.technology}/${event.endpoint.resource}`;
        const news = { endpoint, uri: event.contact_info.uri, status: event.contact_info.contact_status };
        for (const listener of [...(this.watchers.get(endpoint) ?? [])]) listener(news);
        break;
      }
      case 'PlaybackStarted':
      case 'PlaybackContinuing':
      case 'PlaybackFinished':
        this.owners.get(event.playback.target_uri.replace(/^channel:/, ''))?.onPlayback?.(event);
        break;
      case 'ApplicationReplaced':
        this.deps.onReplaced();
    }
  }

  private onForwarded({ forward, forwarded, peer }: Extract<AriEvent, { type: 'Dial' }>): void {
    this.owners.get(peer.id)?.onForwarded?.({
      target: forward,
      endpoint: endpointOf(peer.name),
      context: peer.dialplan.context ?? '',
      from: peer.caller,
      followed: forwarded,
    });
  }

  /** False where nobody answers for the channel that was replaced. Of that one nothing more is of interest. */
  private onReplaced(replacedId: string | undefined, channel: Channel): boolean {
    const owner = replacedId === undefined ? undefined : this.owners.get(replacedId);
    if (replacedId === undefined || owner?.onReplaced === undefined) return false;
    this.disown(replacedId, owner);
    // The newcomer may have been the leg of an earlier call.
    const former = this.owners.get(channel.id);
    if (former !== undefined) this.away(channel.id, former);
    this.own(channel.id, owner);
    owner.onReplaced(channel);
    this.deps.onCallerReplaced(replacedId, channel.id);
    return true;
  }

  private onStart(channel: Channel, args: readonly string[]): void {
    const owner = this.owners.get(channel.id);
    if (owner?.givenBack === true) this.away(channel.id, owner);
    this.isHere(channel, args);
  }

  /** Its owner has not heard of its end. */
  private away(channelId: string, owner: ChannelOwner): void {
    if (owner.onComesAgain === undefined) owner.onEnd();
    else owner.onComesAgain();
    this.disown(channelId, owner);
  }

  /** A channel is in our application, where it came with these arguments. */
  isHere(channel: Channel, args: readonly string[]): void {
    const owner = this.owners.get(channel.id);
    if (owner?.isFor?.(args) === false) this.away(channel.id, owner);
    else if (owner !== undefined) return;
    this.leaving.delete(channel.id);
    if (isLeg(channel.id, args)) this.deps.hangUpStray(channel.id);
    else this.deps.onArrival(channel, args);
  }

  private onState(channel: Channel): void {
    const owner = this.owners.get(channel.id);
    if (owner !== undefined) owner.onState(channel.state);
    // One that somebody has answered is the dialplan's.
    else if (isOurs(channel.id) && channel.state !== 'Up') this.deps.hangUpStray(channel.id);
  }
}
