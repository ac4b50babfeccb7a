/**
 * Our Stasis application as Asterisk has it. Asterisk counts subscriptions: what is asked for twice must be ended twice, and what outlived a lost
 * connection must not be asked for again. So whoever renews subscriptions looks here first.
 */
import { z } from 'zod';
import { PbxError } from '../../call/errors.ts';
import type { AriRequests } from '../ari/client.ts';
import type { Channel } from '../ari/events.ts';
import { fewAtOnce } from '../ari/few-at-once.ts';
import type { Lane } from '../ari/lanes.ts';

/** Channels named in one subscription, so that its URL stays short. */
const TOGETHER = 50;

const Application = z.object({
  channel_ids: z.array(z.string()).default([]),
  bridge_ids: z.array(z.string()).default([]),
  endpoint_ids: z.array(z.string()).default([]),
});

export interface ApplicationState {
  /** Channels of which events come. */
  readonly channelIds: ReadonlySet<string>;
  /** Bridges of which events come: those in which a channel of our application stands are among them. */
  readonly bridgeIds: ReadonlySet<string>;
  /** Endpoints of which events come, as `PJSIP/name`. */
  readonly endpoints: ReadonlySet<string>;
}

export function applicationPath(app: string, below = ''): string {
  return `/applications/${encodeURIComponent(app)}${below}`;
}

/** The application as it stands in an answer of Asterisk's; undefined where the answer is none. */
export function readState(answer: unknown): ApplicationState | undefined {
  const { data } = Application.safeParse(answer);
  if (data === undefined) return undefined;
  return {
    channelIds: new Set(data.channel_ids),
    bridgeIds: new Set(data.bridge_ids),
    endpoints: new Set(data.endpoint_ids),
  };
}

/**
 * Has Asterisk send events of these types alone: of each step of each channel's dialplan, and of much else, it need not. To be said for each connection.
 * Rejects with PbxError.
 */
export async function receiveOnly(requests: AriRequests, app: string, types: readonly string[]): Promise<void> {
  const body = { allowed: types.map((type) => ({ type })) };
  await requests.send({ method: 'PUT', path: applicationPath(app, '/eventFilter'), body });
}

/** Rejects with AriRefusal 404 when Asterisk has no such application. */
export async function readApplication(requests: AriRequests, app: string, lane?: Lane): Promise<ApplicationState> {
  const order = { method: 'GET', path: applicationPath(app) } as const;
  const state = readState(await requests.send(lane === undefined ? order : { ...order, lane }));
  if (state === undefined) throw new PbxError('Asterisk described the application in a form that is not that of ARI');
  return state;
}

const Applications = z.array(z.object({ name: z.string(), channel_ids: z.array(z.string()).default([]) }));

/** Whether events of the channel go to another application, as they do where it is in one. */
export async function isInAnother(requests: AriRequests, app: string, channelId: string): Promise<boolean> {
  const { data } = Applications.safeParse(await requests.send({ method: 'GET', path: '/applications' }));
  if (data === undefined) throw new PbxError('Asterisk described its applications in a form that is not that of ARI');
  return data.some(({ name, channel_ids: channelIds }) => name !== app && channelIds.includes(channelId));
}

/** Arguments that the channel's Stasis() was given, or undefined where it is not in our application. */
export function argsIn(channel: Channel, app: string): string[] | undefined {
  if (channel.dialplan.app_name !== 'Stasis') return undefined;
  const [name, ...args] = channel.dialplan.app_data.split(',');
  return name === app ? args : undefined;
}

/** Subscribes to those of the channels of which no events come yet. One that is gone is no error. Rejects with PbxError when the application cannot be read. */
export async function subscribeToMissing(requests: AriRequests, app: string, channelIds: readonly string[]) {
  if (channelIds.length === 0) return;
  const had = (await readApplication(requests, app)).channelIds;
  const missing = channelIds.filter((channelId) => !had.has(channelId));
  await subscribeToChannels(requests, app, missing);
}

/**
 * Subscribes to channels, also to those of which events come because they are in the application: these would end as soon as the channel leaves it, and its own
 * end go unheard. One that is gone is no error. Resolves with those that Asterisk has taken; never rejects.
 */
export async function subscribeToChannels(
  requests: AriRequests,
  app: string,
  channelIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const order = (ids: readonly string[]) =>
    requests.send({
      method: 'POST',
      path: applicationPath(app, '/subscription'),
      query: { eventSource: ids.map((id) => `channel:${id}`).join(',') },
    });
  const heard = new Set<string>();
  const subscribe = async (ids: readonly string[]): Promise<boolean> => {
    try {
      await order(ids);
    } catch {
      return false;
    }
    for (const id of ids) heard.add(id);
    return true;
  };
  for (let from = 0; from < channelIds.length; from += TOGETHER) {
    const group = channelIds.slice(from, from + TOGETHER);
    if (await subscribe(group)) continue;
    // One that is gone spoils the order for all of them; then each is asked for by itself.
    if (group.length > 1) await fewAtOnce(group, (id) => subscribe([id]));
  }
  return heard;
}
