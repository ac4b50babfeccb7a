/**
 * Makes what we believe agree with what Asterisk has, after every connect: events were missed meanwhile, Asterisk may have restarted, or we have. Subscribes before it lists, so that
 * nothing falls between; judges only channels that were ours before the list was asked for.
 */
import { CALL_MEMORY, readCallMemory } from '../call/memory.ts';
import type { Clock, FoundLeg, LegHangUpReason, Log } from '../call/ports.ts';
import { argsIn, subscribeToMissing } from './application.ts';
import { takeCensus } from './census.ts';
import { bridgePath, callIdOf, channelPath, isOurs } from './channel-ids.ts';
import { adoptConversation, tellConversationEnded } from './conversations.ts';
import type { Channel } from './events.ts';
import { HOLD_COUNT, heldIn } from './hold.ts';
import { findLegs } from './left-legs.ts';
import { MISSING } from './leg-look.ts';
import type { AriLegs } from './legs.ts';
import { readVariables } from './question.ts';
import type { AriRequests } from './requests.ts';
import { isNoCall } from './strangers.ts';
import type { ChannelOwner, Switchboard } from './switchboard.ts';

export interface ReconcilePorts {
  readonly requests: AriRequests;
  readonly board: Switchboard;
  readonly app: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Bridges of our calls, as of now. */
  readonly openBridges: () => ReadonlySet<string>;
  /** A caller in our application whom nobody owns: it came while we were away, or an earlier run of us had it. */
  readonly onFound: (channel: Channel, args: readonly string[], left: LeftBehind) => void;
  /** The bridge of a caller who is found, and that caller's channel where it is in the bridge. It is left to the caller's call. */
  readonly keepBridge?: (bridgeId: string, callerId: string | undefined) => void;
  readonly onLost?: LostHandler;
  readonly legs: Pick<AriLegs, 'find' | 'hangUp'>;
}

/** Told what an earlier run has kept of a call whose caller is gone. */
type LostHandler = (memory: string) => void;

/** What an earlier run has left of a caller's call, in its own words. */
export interface LeftBehind {
  readonly memory: string;
  readonly legs: readonly FoundLeg[];
  /** How many holds the channel has had. */
  readonly held: number;
}

function subscribe(channelIds: readonly string[], { requests, app }: ReconcilePorts): Promise<void> {
  return subscribeToMissing(requests, app, channelIds);
}

function tell(owner: ChannelOwner, channelId: string, channel: Channel | undefined, ports: ReconcilePorts): void {
  const args = channel && argsIn(channel, ports.app);
  if (channel === undefined) owner.onDestroyed(0, MISSING);
  else if (args !== undefined) {
    // It may have been away meanwhile, and then it is a newcomer; unless it has just been given back.
    if (ports.board.isOwned(channelId)) ports.board.isHere(channel, args);
  } else if (isOurs(channelId)) owner.onState(channel.state);
  else owner.onEnd();
}

/** Rejects with PbxError when Asterisk cannot be asked; then the connection is of no use. */
export async function reconcile(ports: ReconcilePorts): Promise<void> {
  const { requests, board, app, log } = ports;
  const owners = board.settledOwners();
  await subscribe([...owners.keys()], ports);
  // Whom we have given back, and what we have closed, since the list was asked for may stand in it still. It is not another run's.
  const ownedBefore = board.ownedIds();
  const openBefore = ports.openBridges();
  const { channels, unreadable, bridges } = await takeCensus(
    { channelIds: owners.keys(), bridgeIds: openBefore },
    { requests, app, log },
  );
  for (const [channelId, owner] of owners) {
    if (!unreadable.has(channelId)) tell(owner, channelId, channels.get(channelId), ports);
  }
  board.haveLeft((channelId) => channels.has(channelId) || unreadable.has(channelId));
  const openNow = ports.openBridges();
  const left = bridges.filter(({ id }) => isOurs(id) && !openBefore.has(id) && !openNow.has(id));
  const talking = left.filter((bridge) => bridge.channels.length > 1);
  const conversing = new Set<string>();
  for (const bridge of talking) {
    const unowned = bridge.channels.filter((channelId) => !board.isOwned(channelId));
    await adoptConversation(bridge.id, unowned, (channelIds) => subscribe(channelIds, ports), ports);
    for (const channelId of unowned) conversing.add(channelId);
  }
  const remove = async (path: string): Promise<boolean> => {
    try {
      await requests.send({ method: 'DELETE', path });
      return true;
    } catch (error) {
      log.debug('could not clear up', { path, error: String(error) });
      return false;
    }
  };
  const unowned = [...channels.values()].filter((channel) => !board.isOwned(channel.id));
  const strays = unowned.filter((channel) => isOurs(channel.id));
  const legsOf = await findLegs(
    strays.map((channel) => channel.id),
    ports,
  );
  const idle = left.filter((bridge) => !talking.includes(bridge));
  const found = unowned.flatMap((channel) => {
    const args = isOurs(channel.id) ? undefined : argsIn(channel, app);
    return args === undefined || isNoCall(channel) || ownedBefore.has(channel.id) || board.isOwned(channel.id)
      ? []
      : [{ channel, args }];
  });
  await subscribe(
    found.map(({ channel }) => channel.id),
    ports,
  );
  const ended = new Set<string>();
  const goingOn = new Set<string>();
  const bringBack = async ({ channel, args }: { channel: Channel; args: readonly string[] }) => {
    // Else a call whose time is over would end although somebody has answered it.
    await Promise.all((legsOf.get(channel.id) ?? []).map(({ landed }) => landed));
    const values = await readVariables(requests, channel.id, ['XIVO_MAPP_STATUS', HOLD_COUNT, CALL_MEMORY]);
    if (values === undefined || board.isOwned(channel.id)) return;
    const [status, held = '', memory = ''] = values;
    const leavingFrom = board.leavingFrom(channel.id);
    if (leavingFrom !== undefined) {
      // Given back by ourselves: either it has not gone yet, or it has come again, and then the dialplan has emptied what we said.
      if (leavingFrom !== args[0] || status === '') board.isHere(channel, args);
      return;
    }
    const ownLegs = (legsOf.get(channel.id) ?? []).map(({ legId, memory }) => ({ legId, memory }));
    // Its conversation has ended while nobody was there: nothing is left to do for it.
    const isOver = status === 'ANSWERED' && ownLegs.length === 0;
    legsOf.delete(channel.id);
    if (isOver) {
      ended.add(channel.id);
      await remove(channelPath(channel.id));
      return;
    }
    const callId = readCallMemory(memory)?.callId;
    const own = idle.find((bridge) => callIdOf(bridge.id) === callId);
    if (own !== undefined) {
      goingOn.add(own.id);
      ports.keepBridge?.(own.id, own.channels.includes(channel.id) ? channel.id : undefined);
    }
    ports.onFound(channel, args, { memory, legs: ownLegs, held: heldIn(held) });
  };
  await Promise.all(found.map(bringBack));
  // Whose caller is gone, or talks to somebody else.
  const hangUp = (legId: string, reason: LegHangUpReason) =>
    ports.legs
      .hangUp(legId, reason)
      .catch((error: unknown) => log.debug('could not hang up', { legId, error: String(error) }));
  const ownerless = [...legsOf].flatMap(([callerId, legs]) =>
    legs.map(({ legId }) => hangUp(legId, conversing.has(callerId) ? 'answered-elsewhere' : 'not-needed')),
  );
  await Promise.all(ownerless);
  const over = idle.filter((bridge) => !goingOn.has(bridge.id));
  const removed = await Promise.all(over.map((bridge) => remove(bridgePath(bridge.id))));
  for (const [index, bridge] of over.entries()) {
    // Asterisk 16 may list an empty bridge that it no longer lets anybody touch, for ever; of that call all has been said.
    if (removed[index] !== true) continue;
    // Only of a conversation is there a leg in the bridge.
    if (bridge.channels.some((channelId) => isOurs(channelId) || ended.has(channelId))) {
      tellConversationEnded(bridge.id, log);
    } else if (bridge.name !== '') {
      ports.onLost?.(bridge.name);
    }
  }
}
