/**
 * Our Stasis application as Asterisk has it. Asterisk counts subscriptions: what is asked for twice must be ended twice, and what outlived a lost connection must not
 * be asked for again. So whoever renews subscriptions looks here first.
 */
import { z } from 'zod';
import { PbxError } from '../call/errors.ts';
import type { AriRequests } from './requests.ts';

const Application = z.object({
  channel_ids: z.array(z.string()).default([]),
  endpoint_ids: z.array(z.string()).default([]),
});

export interface ApplicationState {
  /** Channels of which events come. */
  readonly channelIds: ReadonlySet<string>;
  /** Endpoints of which events come, as `PJSIP/name`. */
  readonly endpoints: ReadonlySet<string>;
}

export function applicationPath(app: string, below = ''): string {
  return `/applications/${encodeURIComponent(app)}${below}`;
}

/** The application as it stands in an answer of Asterisk's; undefined where the answer is none. */
export function readState(answer: unknown): ApplicationState | undefined {
  const { data } = Application.safeParse(answer);
  return data && { channelIds: new Set(data.channel_ids), endpoints: new Set(data.endpoint_ids) };
}

/** Rejects with AriRefusal 404 when Asterisk has no such application. */
export async function readApplication(requests: AriRequests, app: string): Promise<ApplicationState> {
  const state = readState(await requests.send({ method: 'GET', path: applicationPath(app) }));
  if (state === undefined) throw new PbxError('Asterisk described the application in a form that is not that of ARI');
  return state;
}
