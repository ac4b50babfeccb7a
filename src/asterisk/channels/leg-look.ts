/**
 * Looks at a leg whose events may have been missed, and tells it what they would have said. It must never judge by what was read before it asked for
 * the leg's events.
 */
import { subscribeToChannels } from '../app/application.ts';
import { type ChannelLook, lookAtChannel } from '../app/channel-look.ts';
import { readVariables } from '../app/expressions.ts';
import { CONNECTED_TO } from '../app/own-dialplan.ts';
import type { AriRequests } from '../ari/client.ts';
import type { Leg } from './leg.ts';

/** What is said of a channel whose end nobody heard of. */
export const MISSING = 'gone while the connection was down';

/** The leg's events must have been asked for. Rejects with PbxError when Asterisk cannot be asked. */
export async function lookAtLeg(requests: AriRequests, legId: string, leg: Leg): Promise<ChannelLook> {
  const look = await lookAtChannel(requests, legId);
  if (look.kind === 'gone') leg.onDestroyed(0, MISSING);
  if (look.kind !== 'described') return look;
  leg.isForward ||= look.channel.name.startsWith('Local/');
  leg.onState(look.channel.state);
  if (look.channel.state === 'Up') leg.onConnectedTo((await readVariables(requests, legId, [CONNECTED_TO]))?.[0] ?? '');
  return look;
}

/** Asks for the leg's events, and then looks at it. Rejects with PbxError. */
export async function catchUpOnLeg(requests: AriRequests, app: string, legId: string, leg: Leg): Promise<void> {
  await subscribeToChannels(requests, app, [legId]);
  await lookAtLeg(requests, legId, leg);
}
