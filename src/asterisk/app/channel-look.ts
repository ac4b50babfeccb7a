/**
 * A look at one channel. Asterisk answers "not found" for many reasons, for a variable, a playback, a channel that it keeps from ARI; and of a
 * channel with bytes in it that are no UTF-8 it can say nothing at all, though it obeys orders to it. So only this look, an event or a refused
 * `continue` says that a channel is gone; whatever cannot be described is there.
 */

import { AriRefusal, type AriRequests, isGone } from '../ari/client.ts';
import { Channel } from '../ari/events.ts';
import { argsIn } from './application.ts';
import { channelPath } from './ids.ts';

export type ChannelLook =
  | { readonly kind: 'gone' }
  /** It is there, and Asterisk cannot describe it. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'described'; readonly channel: Channel };

/** Rejects with PbxError when Asterisk does not answer, or says that it is not to be asked. */
export async function lookAtChannel(requests: AriRequests, channelId: string): Promise<ChannelLook> {
  try {
    const answer = await requests.send({ method: 'GET', path: channelPath(channelId) });
    const { data: channel } = Channel.safeParse(answer);
    return channel === undefined ? { kind: 'unreadable' } : { kind: 'described', channel };
  } catch (error) {
    if (isGone(error)) return { kind: 'gone' };
    if (error instanceof AriRefusal && error.status >= 500) return { kind: 'unreadable' };
    throw error;
  }
}

/** Whether a channel that was in our application, and of which something was not found, has left it. False where nobody knows. Never rejects. */
export async function hasLeftUs(requests: AriRequests, app: string, channelId: string): Promise<boolean> {
  const look = await lookAtChannel(requests, channelId).catch(() => undefined);
  if (look?.kind === 'described') return argsIn(look.channel, app) === undefined;
  return look?.kind === 'gone';
}
