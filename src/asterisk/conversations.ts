/**
 * Conversations that an earlier run of the router connected and that still go on. Nothing is done to them, except what that run would have done: what it did not come to when it
 * connected them, and, when one side leaves, the other is hung up and the bridge removed. Must never touch a bridge that is not ours.
 */

import { z } from 'zod';
import type { Log } from '../call/ports.ts';
import { bridgePath, callIdOf, channelPath, isOurs } from './channel-ids.ts';
import { HOLD_COUNT, heldIn, stopWhatever } from './hold.ts';
import { ask, variableQuestion } from './question.ts';
import { type AriOrder, type AriRequests, isGone } from './requests.ts';
import type { ChannelOwner, Switchboard } from './switchboard.ts';

export interface ConversationPorts {
  readonly requests: AriRequests;
  readonly board: Switchboard;
  readonly log: Log;
}

const Members = z.object({ channels: z.array(z.string()) });

/**
 * Takes over what is left of a connected call. Rejects with PbxError when Asterisk cannot be asked.
 * @param listen asks for the events of channels; one that is gone is no error
 */
export async function adoptConversation(
  bridgeId: string,
  channelIds: readonly string[],
  listen: (channelIds: readonly string[]) => Promise<void>,
  ports: ConversationPorts,
): Promise<void> {
  const { requests, board, log } = ports;
  const order = (one: AriOrder) => requests.send(one).catch(() => undefined);
  const finish = () => {
    if (owners.size === 0) return;
    for (const [channelId, owner] of owners) board.disown(channelId, owner);
    owners.clear();
    for (const path of [...channelIds.map((channelId) => channelPath(channelId)), bridgePath(bridgeId)]) {
      void order({ method: 'DELETE', path });
    }
    tellConversationEnded(bridgeId, log);
  };
  const owners = new Map<string, ChannelOwner>(
    channelIds.map((channelId) => [
      channelId,
      { settled: true, onStart() {}, onState() {}, onEnd: finish, onDestroyed: finish },
    ]),
  );
  for (const [channelId, owner] of owners) board.own(channelId, owner);
  // The run before may have ended between bridging, answering and stopping what the caller heard; where it had done so, this does nothing.
  const finishConnecting = async (channelId: string) => {
    void order({ method: 'POST', path: channelPath(channelId, '/answer') });
    const [held = ''] = await ask(requests, channelId, [variableQuestion(HOLD_COUNT)]).catch(() => []);
    await Promise.all(stopWhatever(channelId, heldIn(held)).map(order));
  };
  await Promise.all(channelIds.filter((id) => !isOurs(id)).map(finishConnecting));
  await listen(channelIds);
  // Whoever has left before we could hear of it.
  const state = await requests.send({ method: 'GET', path: bridgePath(bridgeId) }).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
  if ((Members.safeParse(state).data?.channels ?? []).length < 2) finish();
}

/** The one line of a call whose conversation another run had connected. */
export function tellConversationEnded(bridgeId: string, log: Log): void {
  const callId = callIdOf(bridgeId);
  log.info(`call ${callId} has ended: a conversation that an earlier run of the router had connected`, { callId });
}
