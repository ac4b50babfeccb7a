/**
 * All channels and bridges that may concern us, as Asterisk has them now. One call of anybody's with bytes in it that are no UTF-8 keeps Asterisk
 * from listing any: then each that we have to know of is asked for by itself, and what cannot be described is known by its id alone. It must never
 * take what cannot be described for gone.
 */
import { z } from 'zod';
import { PbxError } from '../../call/errors.ts';
import type { Log } from '../../call/ports.ts';
import { readApplication } from '../app/application.ts';
import { lookAtChannel } from '../app/channel-look.ts';
import { bridgePath, isOurs } from '../app/ids.ts';
import { AriRefusal, type AriRequests, isGone } from '../ari/client.ts';
import { Channel } from '../ari/events.ts';
import { fewAtOnce } from '../ari/few-at-once.ts';

const Bridge = z.object({
  id: z.string(),
  name: z.string().default(''),
  channels: z.array(z.string()).default([]),
});
type Bridge = z.infer<typeof Bridge>;

const List = z.array(z.unknown());
const Named = z.object({ id: z.string() });
const Endpoints = z.array(z.object({ channel_ids: z.array(z.string()).default([]) }).catch({ channel_ids: [] }));

export interface Census {
  readonly channels: ReadonlyMap<string, Channel>;
  /** Channels that are there, and cannot be described. */
  readonly unreadable: ReadonlySet<string>;
  readonly bridges: readonly Bridge[];
}

export interface CensusDeps {
  readonly requests: AriRequests;
  readonly app: string;
  readonly log: Log;
}

/**
 * Rejects with PbxError when Asterisk cannot be asked.
 * @param known channels and bridges that must be looked for, listed or not
 */
export async function takeCensus(
  known: { readonly channelIds: Iterable<string>; readonly bridgeIds: Iterable<string> },
  deps: CensusDeps,
): Promise<Census> {
  const [channelList, bridgeList] = await Promise.all([list('/channels', deps), list('/bridges', deps)]);
  const [channels, bridges] = await Promise.all([
    channelList === undefined ? askForEach(known.channelIds, deps) : readChannels(channelList),
    bridgeList === undefined ? askForBridges(known.bridgeIds, deps) : readBridges(bridgeList),
  ]);
  if (channelList === undefined) tellUnlisted('channels', deps);
  if (bridgeList === undefined) tellUnlisted('bridges', deps);
  return { ...channels, bridges };
}

/** Undefined where Asterisk answers that it cannot make the list. */
async function list(path: string, { requests }: CensusDeps): Promise<readonly unknown[] | undefined> {
  try {
    const { data } = List.safeParse(await requests.send({ method: 'GET', path }));
    if (data !== undefined) return data;
    throw new PbxError('Asterisk listed channels or bridges in a form that is not ARI’s');
  } catch (error) {
    if (!(error instanceof AriRefusal) || error.status < 500) throw error;
    return undefined;
  }
}

function tellUnlisted(what: 'channels' | 'bridges', { log }: CensusDeps): void {
  log.warn(
    `Asterisk cannot list its ${what}, since one of anybody's has bytes that are no UTF-8; each of ours was asked for by itself`,
  );
}

type ChannelsRead = Pick<Census, 'channels' | 'unreadable'>;

function readChannels(entries: readonly unknown[]): ChannelsRead {
  const channels = new Map<string, Channel>();
  const unreadable = new Set<string>();
  for (const entry of entries) {
    const { data: channel } = Channel.safeParse(entry);
    if (channel !== undefined) channels.set(channel.id, channel);
    else {
      const { data: named } = Named.safeParse(entry);
      if (named !== undefined) unreadable.add(named.id);
    }
  }
  return { channels, unreadable };
}

/** Those in our application, those that are known, and legs, which their endpoints name. */
async function askForEach(known: Iterable<string>, { requests, app }: CensusDeps): Promise<ChannelsRead> {
  const [{ channelIds }, endpoints] = await Promise.all([
    readApplication(requests, app),
    requests.send({ method: 'GET', path: '/endpoints' }),
  ]);
  const legIds = (Endpoints.safeParse(endpoints).data ?? []).flatMap((one) => one.channel_ids.filter(isOurs));
  const channels = new Map<string, Channel>();
  const unreadable = new Set<string>();
  const askFor = async (channelId: string): Promise<void> => {
    const look = await lookAtChannel(requests, channelId);
    if (look.kind === 'described') channels.set(channelId, look.channel);
    else if (look.kind === 'unreadable') unreadable.add(channelId);
  };
  await fewAtOnce(new Set([...known, ...channelIds, ...legIds]), askFor);
  return { channels, unreadable };
}

function readBridges(entries: readonly unknown[]): Bridge[] {
  return entries.flatMap((entry) => Bridge.safeParse(entry).data ?? []);
}

async function askForBridges(known: Iterable<string>, { requests, app }: CensusDeps): Promise<Bridge[]> {
  const { bridgeIds } = await readApplication(requests, app);
  const bridges: Bridge[] = [];
  const askFor = async (bridgeId: string): Promise<void> => {
    const answer = await requests.send({ method: 'GET', path: bridgePath(bridgeId) }).catch((error: unknown) => {
      if (!isGone(error) && !(error instanceof AriRefusal && error.status >= 500)) throw error;
    });
    bridges.push(...readBridges([answer]));
  };
  await fewAtOnce(new Set([...known, ...bridgeIds].filter(isOurs)), askFor);
  return bridges;
}
