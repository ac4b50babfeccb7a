/**
 * Makes what we believe agree with what Asterisk has, after every connect: events were missed meanwhile, Asterisk may have restarted, or we have. Subscribes before it lists, so that
 * nothing falls between; judges only channels that were ours before the list was asked for.
 */
import { z } from 'zod';
import { PbxError } from '../call/errors.ts';
import { CALL_MEMORY } from '../call/memory.ts';
import type { FoundLeg, Log } from '../call/ports.ts';
import { applicationPath, readApplication } from './application.ts';
import { bridgePath, channelPath, isOurs } from './channel-ids.ts';
import { adoptConversation } from './conversations.ts';
import { Channel } from './events.ts';
import { LEG_CALLER, LEG_MEMORY } from './leg-order.ts';
import type { AriLegs } from './legs.ts';
import { ask, variableQuestion } from './question.ts';
import { type AriRequests, isGone } from './requests.ts';
import type { ChannelOwner, Switchboard } from './switchboard.ts';

export interface ReconcilePorts {
  readonly requests: AriRequests;
  readonly board: Switchboard;
  readonly app: string;
  readonly log: Log;
  readonly isBridgeOpen: (bridgeId: string) => boolean;
  /** A caller in our application whom nobody owns: it came while we were away, or an earlier run of us had it. */
  readonly onFound: (channel: Channel, args: readonly string[], left: LeftBehind) => void;
  readonly legs: Pick<AriLegs, 'find' | 'hangUp'>;
}

/** What an earlier run has left of a caller's call, in its own words. */
export interface LeftBehind {
  readonly memory: string;
  readonly legs: readonly FoundLeg[];
}

const ChannelList = z.array(z.unknown());
const BridgeList = z.array(z.object({ id: z.string(), channels: z.array(z.string()).default([]) }));
/** Channels named in one subscription, so that its URL stays short. */
const TOGETHER = 50;
const MISSING = 'gone while the connection was down';

/** Arguments that the channel's Stasis() was given, or undefined where it is not in our application. */
function argsIn(channel: Channel, app: string): string[] | undefined {
  if (channel.dialplan.app_name !== 'Stasis') return undefined;
  const [name, ...args] = channel.dialplan.app_data.split(',');
  return name === app ? args : undefined;
}

async function subscribe(wanted: readonly string[], { requests, app }: ReconcilePorts): Promise<void> {
  if (wanted.length === 0) return;
  const had = (await readApplication(requests, app)).channelIds;
  const channelIds = wanted.filter((channelId) => !had.has(channelId));
  const order = (ids: readonly string[]) =>
    requests.send({
      method: 'POST',
      path: applicationPath(app, '/subscription'),
      query: { eventSource: ids.map((id) => `channel:${id}`).join(',') },
    });
  for (let from = 0; from < channelIds.length; from += TOGETHER) {
    const group = channelIds.slice(from, from + TOGETHER);
    // One that is gone spoils the order for all of them; then each is asked for by itself.
    await order(group).catch(() => Promise.allSettled(group.map((id) => order([id]))));
  }
}

function tell(owner: ChannelOwner, channelId: string, channel: Channel | undefined, app: string): void {
  if (channel === undefined) owner.onDestroyed(0, MISSING);
  else if (argsIn(channel, app) !== undefined) owner.onStart();
  else if (isOurs(channelId)) owner.onState(channel.state);
  else owner.onEnd();
}

/** Variables of a channel. Undefined when it is gone. */
async function readFrom(channelId: string, names: readonly string[], { requests }: ReconcilePorts) {
  try {
    return await ask(requests, channelId, names.map(variableQuestion));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Legs that an earlier run has left, by the channel id of the caller whom they were for. Each is owned from now on, so that nothing it does is missed. */
async function findLegs(legIds: readonly string[], ports: ReconcilePorts): Promise<Map<string, FoundLeg[]>> {
  const { requests, app, legs } = ports;
  const found = new Map<string, FoundLeg[]>();
  const owners = legIds.map((legId) => ({ legId, owner: legs.find(legId) }));
  await subscribe(legIds, ports);
  const findOne = async ({ legId, owner }: { legId: string; owner: ChannelOwner }) => {
    const values = await readFrom(legId, [LEG_CALLER, LEG_MEMORY], ports);
    const state = await requests.send({ method: 'GET', path: channelPath(legId) }).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
    const channel = Channel.safeParse(state);
    if (values === undefined || !channel.success) {
      owner.onDestroyed(0, MISSING);
      return;
    }
    owner.onState(channel.data.state);
    if (argsIn(channel.data, app) !== undefined) owner.onStart();
    const [callerId = '', memory = ''] = values;
    found.set(callerId, [...(found.get(callerId) ?? []), { legId, memory }]);
  };
  await Promise.all(owners.map(findOne));
  return found;
}

/** Rejects with PbxError when Asterisk cannot be asked; then the connection is of no use. */
export async function reconcile(ports: ReconcilePorts): Promise<void> {
  const { requests, board, app, log } = ports;
  const owners = board.settledOwners();
  await subscribe([...owners.keys()], ports);
  const [channelAnswer, bridgeAnswer] = await Promise.all([
    requests.send({ method: 'GET', path: '/channels' }),
    requests.send({ method: 'GET', path: '/bridges' }),
  ]);
  const listed = ChannelList.safeParse(channelAnswer);
  const bridges = BridgeList.safeParse(bridgeAnswer);
  if (!listed.success || !bridges.success)
    throw new PbxError('Asterisk listed channels or bridges in a form that is not ARI’s');
  const channels = new Map<string, Channel>();
  for (const entry of listed.data) {
    const channel = Channel.safeParse(entry);
    if (channel.success) channels.set(channel.data.id, channel.data);
  }
  for (const [channelId, owner] of owners) tell(owner, channelId, channels.get(channelId), app);
  const left = bridges.data.filter((bridge) => isOurs(bridge.id) && !ports.isBridgeOpen(bridge.id));
  const talking = left.filter((bridge) => bridge.channels.length > 1);
  for (const bridge of talking) {
    const unowned = bridge.channels.filter((channelId) => !board.isOwned(channelId));
    adoptConversation(bridge.id, unowned, ports);
    await subscribe(unowned, ports);
  }
  const remove = (path: string) =>
    requests
      .send({ method: 'DELETE', path })
      .catch((error: unknown) => log.debug('could not clear up', { path, error: String(error) }));
  const unowned = [...channels.values()].filter((channel) => !board.isOwned(channel.id));
  const strays = unowned.filter((channel) => isOurs(channel.id));
  const legsOf = await findLegs(
    strays.map((channel) => channel.id),
    ports,
  );
  await Promise.all(left.filter((bridge) => !talking.includes(bridge)).map((bridge) => remove(bridgePath(bridge.id))));
  const found = unowned.flatMap((channel) => {
    const args = isOurs(channel.id) ? undefined : argsIn(channel, app);
    return args === undefined || board.isOwned(channel.id) ? [] : [{ channel, args }];
  });
  await subscribe(
    found.map(({ channel }) => channel.id),
    ports,
  );
  const bringBack = async ({ channel, args }: { channel: Channel; args: readonly string[] }) => {
    const values = await readFrom(channel.id, ['XIVO_MAPP_STATUS', CALL_MEMORY], ports);
    if (values === undefined || board.isOwned(channel.id)) return;
    const [status, memory = ''] = values;
    const ownLegs = legsOf.get(channel.id) ?? [];
    // Its conversation has ended while nobody was there: nothing is left to do for it.
    const isOver = status === 'ANSWERED' && ownLegs.length === 0;
    legsOf.delete(channel.id);
    if (isOver) await remove(channelPath(channel.id));
    else ports.onFound(channel, args, { memory, legs: ownLegs });
  };
  await Promise.all(found.map(bringBack));
  // Whose caller is gone.
  const ownerless = [...legsOf.values()].flat();
  await Promise.all(
    ownerless.map(({ legId }) =>
      ports.legs
        .hangUp(legId, 'not-needed')
        .catch((error: unknown) => log.debug('could not hang up', { legId, error: String(error) })),
    ),
  );
}
