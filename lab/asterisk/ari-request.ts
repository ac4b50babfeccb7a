/**
 * One raw ARI request, for what a test wants to look at or to do behind the router's back, and the question of what is left in an Asterisk. Not
 * the router's client: it retries nothing and knows no resource.
 */
import { request } from 'node:http';
import { z } from 'zod';

export interface AriAccess {
  readonly ariUrl: string;
  readonly ariUsername: string;
  readonly ariPassword: string;
}

export interface AriAnswer {
  readonly status: number;
  /** The JSON of the body; undefined when there is none. */
  readonly body: unknown;
}

export type AriMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';
export type AriQuery = Readonly<Record<string, string | number | boolean>>;

/** Sends one request; `path` starts with `/` and is put behind `<ariUrl>/ari`. Throws when nothing answers within `timeoutMs`. */
export function askAri(
  access: AriAccess,
  method: AriMethod,
  path: string,
  query: AriQuery = {},
  body?: unknown,
  timeoutMs = 10_000,
): Promise<AriAnswer> {
  const url = new URL(`${access.ariUrl}/ari${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  // Asterisk 16 does not read `+` as a space.
  url.search = url.search.replaceAll('+', '%20');
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        auth: `${access.ariUsername}:${access.ariPassword}`,
        timeout: timeoutMs,
        agent: false,
        headers:
          payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.once('error', reject);
        answer.once('end', () => {
          const json = text.startsWith('{') || text.startsWith('[');
          resolve({ status: answer.statusCode ?? 0, body: json ? JSON.parse(text) : text === '' ? undefined : text });
        });
      },
    );
    sent.once('timeout', () => sent.destroy(new Error(`ARI did not answer ${method} ${path} within ${timeoutMs} ms`)));
    sent.once('error', reject);
    sent.end(payload);
  });
}

const namedSchema = z.array(z.object({ id: z.string(), name: z.string() }));
const bridgesSchema = z.array(z.object({ id: z.string(), creator: z.string(), channels: z.array(z.string()) }));
const applicationsSchema = z.array(
  z.object({
    name: z.string(),
    channel_ids: z.array(z.string()),
    bridge_ids: z.array(z.string()),
    endpoint_ids: z.array(z.string()),
    device_names: z.array(z.string()),
  }),
);

/** What lives in an Asterisk. Nothing of it may be left when a test is over. */
export interface Leftovers {
  /** Names of channels. */
  readonly channels: readonly string[];
  /** Ids of bridges. */
  readonly bridges: readonly string[];
  /** `<application> <kind>:<what>` for each thing that a Stasis application is subscribed to. */
  readonly subscriptions: readonly string[];
}

/** The channel through which all SIP MESSAGEs go: it stays for as long as Asterisk lives. */
const MESSAGE_QUEUE = 'Message/ast_msg_queue';
/** Creator of the bridge of a parking lot, which stays from its first use on. */
const PARKING_LOT = 'Parking';

export async function listLeftovers(access: AriAccess): Promise<Leftovers> {
  const [channels, bridges, applications] = await Promise.all(
    ['/channels', '/bridges', '/applications'].map(async (path) => (await askAri(access, 'GET', path)).body),
  );
  return {
    // As long as there is a channel with bytes that are no UTF-8, none can be listed.
    channels: namedSchema
      .parse(Array.isArray(channels) ? channels : [{ name: 'one that cannot be described' }])
      .map(({ name }) => name)
      .filter((name) => name !== MESSAGE_QUEUE),
    bridges: bridgesSchema
      .parse(bridges)
      .filter(({ creator, channels }) => creator !== PARKING_LOT || channels.length > 0)
      .map(({ id }) => id),
    subscriptions: applicationsSchema
      .parse(applications)
      .flatMap((app) => [
        ...app.channel_ids.map((id) => `${app.name} channel:${id}`),
        ...app.bridge_ids.map((id) => `${app.name} bridge:${id}`),
        ...app.endpoint_ids.map((id) => `${app.name} endpoint:${id}`),
        ...app.device_names.map((id) => `${app.name} deviceState:${id}`),
      ]),
  };
}
