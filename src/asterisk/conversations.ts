/**
 * Conversations that an earlier run of the router connected and that still go on. Nothing is done to them, except what that run would have done at the end: when
 * one side leaves, the other is hung up and the bridge removed. Must never touch a bridge that is not ours.
 */

import { bridgePath, channelPath, isOurs } from './channel-ids.ts';
import type { AriRequests } from './requests.ts';
import type { ChannelOwner, Switchboard } from './switchboard.ts';

export interface ConversationPorts {
  readonly requests: AriRequests;
  readonly board: Switchboard;
}

/** Takes over what is left of a connected call. */
export function adoptConversation(bridgeId: string, channelIds: readonly string[], ports: ConversationPorts): void {
  // The run before may have ended between bridging and answering; for a channel that is answered this does nothing.
  for (const channelId of channelIds.filter((id) => !isOurs(id))) {
    ports.requests.send({ method: 'POST', path: channelPath(channelId, '/answer') }).catch(() => undefined);
  }
  const { requests, board } = ports;
  let over = false;
  const owners = new Map<string, ChannelOwner>();
  const finish = () => {
    if (over) return;
    over = true;
    for (const [channelId, owner] of owners) board.disown(channelId, owner);
    const orders = [...channelIds.map((channelId) => channelPath(channelId)), bridgePath(bridgeId)];
    for (const path of orders) requests.send({ method: 'DELETE', path }).catch(() => undefined);
  };
  for (const channelId of channelIds) {
    const owner: ChannelOwner = {
      settled: true,
      onStart() {},
      onState() {},
      onEnd: finish,
      onDestroyed: finish,
    };
    owners.set(channelId, owner);
    board.own(channelId, owner);
  }
}
