/**
 * Makes what we believe agree with what Asterisk has, after every connect: events were missed meanwhile, Asterisk may have restarted, or we have. Subscribes before it lists, so that
 * nothing falls between; judges only channels that were ours before the list was asked for.
 */
import { z } from 'zod';
import { PbxError } from '../call/errors.ts';
import type { Log } from '../call/ports.ts';
import { applicationPath, readApplication } from './application.ts';
import { bridgePath, channelPath, isOurs } from './channel-ids.ts';
import { adoptConversation } from './conversations.ts';
import { Channel } from './events.ts';
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
  readonly onFound: (channel: Channel, args: readonly string[]) => void;
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

/** Whether the caller's conversation has ended while we were away, so that nothing is left to do for it. Undefined when the caller is gone. */
async function hasTalked(channelId: string, { requests }: ReconcilePorts): Promise<boolean | undefined> {
  try {
    const [status] = await ask(requests, channelId, [variableQuestion('XIVO_MAPP_STATUS')]);
    return status === 'ANSWERED';
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
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
  await Promise.all([
    ...strays.map((channel) => remove(channelPath(channel.id))),
    ...left.filter((bridge) => !talking.includes(bridge)).map((bridge) => remove(bridgePath(bridge.id))),
  ]);
  const found = unowned.flatMap((channel) => {
    const args = isOurs(channel.id) ? undefined : argsIn(channel, app);
    return args === undefined || board.isOwned(channel.id) ? [] : [{ channel, args }];
  });
  await subscribe(
    found.map(({ channel }) => channel.id),
    ports,
  );
  for (const { channel, args } of found) {
    const talked = await hasTalked(channel.id, ports);
    if (talked === undefined || board.isOwned(channel.id)) continue;
    if (talked) await remove(channelPath(channel.id));
    else ports.onFound(channel, args);
  }
}
