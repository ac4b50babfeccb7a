/**
 * Looks at a leg whose events may have been missed, and tells it what they would have said. It must never judge by what was read before it asked for the leg's events.
 */
import { argsIn, subscribeToChannels } from './application.ts';
import { channelPath } from './channel-ids.ts';
import { Channel } from './events.ts';
import type { Leg } from './leg.ts';
import { type AriRequests, isGone } from './requests.ts';

/** What is said of a channel whose end nobody heard of. */
export const MISSING = 'gone while the connection was down';

/** Gives the channel, or undefined where it is no more. The leg's events must have been asked for. Rejects with PbxError when Asterisk cannot be asked. */
export async function lookAtLeg(
  requests: AriRequests,
  app: string,
  legId: string,
  leg: Leg,
): Promise<Channel | undefined> {
  const state = await requests.send({ method: 'GET', path: channelPath(legId) }).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
  const { data: channel } = Channel.safeParse(state);
  if (channel === undefined) {
    leg.onDestroyed(0, MISSING);
    return undefined;
  }
  leg.onState(channel.state);
  if (argsIn(channel, app) !== undefined) leg.onStart();
  return channel;
}

/** Asks for the leg's events, and then looks at it. Rejects with PbxError. */
export async function catchUpOnLeg(requests: AriRequests, app: string, legId: string, leg: Leg): Promise<void> {
  await subscribeToChannels(requests, app, [legId]);
  await lookAtLeg(requests, app, legId, leg);
}
