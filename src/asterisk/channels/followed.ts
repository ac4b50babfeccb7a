/**
 * Ends what Asterisk has followed by itself, where a phone has sent a leg on to `technology/resource`: a channel that belongs to nobody and knows no
 * caller. Asterisk follows that one as well, without end where a phone sends on to itself; so each is heard of until one is ended before it is
 * sent on. A phone that sends on within the millisecond may win that race until the ring time is over.
 */
import type { Log } from '../../call/ports.ts';
import type { ChannelOwner, Followed } from '../app/channel-owner.ts';
import type { Dispatcher } from '../app/dispatcher.ts';
import { channelPath, endpointOf } from '../app/ids.ts';
import type { Subscriptions } from '../app/subscriptions.ts';
import { type AriRequests, isGone } from '../ari/client.ts';

export interface FollowedDeps {
  readonly requests: AriRequests;
  readonly dispatcher: Dispatcher;
  readonly subscriptions: Subscriptions;
  readonly log: Log;
}

/** Beside whatever goes on. */
export function endFollowed({ id, name }: Followed, deps: FollowedDeps): void {
  const { requests, dispatcher, subscriptions, log } = deps;
  const tell = (error: unknown) => {
    if (!isGone(error))
      log.warn('could not hang up what a phone was sent on to', { channel: id, error: String(error) });
  };
  // A Local channel is nobody's endpoint, and is not sent on.
  if (name.startsWith('PJSIP/')) {
    const endpoint = endpointOf(name);
    const owner: ChannelOwner = {
      settled: true,
      onState: () => {},
      onEnd: () => {},
      onForwarded: ({ followed }) => followed && endFollowed(followed, deps),
      onDestroyed: () => {
        dispatcher.disown(id, owner);
        void subscriptions.remove(endpoint);
      },
    };
    dispatcher.own(id, owner);
    subscriptions.add(endpoint).catch(tell);
  }
  requests.send({ method: 'DELETE', path: channelPath(id), lane: 'urgent' }).catch(tell);
}
