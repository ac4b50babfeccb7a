/**
 * Where a caller's channel has gone that has left our application otherwise than by our order: to a leg that has answered, to another place in the
 * dialplan, or out of the world. It must never take a channel for gone of which Asterisk says nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../call/ports.ts';
import { subscribeToMissing } from '../app/application.ts';
import { lookAtChannel } from '../app/channel-look.ts';
import { readVariables } from '../app/expressions.ts';
import type { AriRequests } from '../ari/client.ts';

export type Whereabouts =
  /** `isOver`: it has hung up by now. */
  | { readonly kind: 'connected'; readonly legId: string; readonly on: string; readonly isOver: boolean }
  | { readonly kind: 'moved' }
  | { readonly kind: 'gone' }
  /** Nobody can be asked any more. */
  | { readonly kind: 'unknown' };

export interface Search {
  readonly requests: AriRequests;
  readonly app: string;
  readonly channelId: string;
  readonly log: Log;
  /**
   * Whether a leg has said that it is connected with the caller: then the dialplan's word on the caller's own channel, which comes later, is not
   * waited for.
   */
  readonly isConnected: () => boolean;
  /** Whether its end is known by other means. */
  readonly isOver: () => boolean;
  /** Whether its events come wherever it is. */
  readonly isHeard: boolean;
}

/** What the dialplan says on a caller whom it connects. */
const CALLER_LEG = 'XIVO_MAPP_LEG';
/** When it is asked, in ms: the dialplan says it in its first step after the application, which may be the next moment. */
const ASKED_AFTER_MS = [0, 20, 60, 150, 400];
/** Where Asterisk does not answer it is asked again, so often and after so many ms; then it has most likely ended, and all its channels with it. */
const TRIES = 4;
const AGAIN_MS = 1_000;

/** Asks for the channel's further events, where it lives. Never rejects. */
export async function whereIs(search: Search): Promise<Whereabouts> {
  const { requests, channelId, log, isOver } = search;
  for (let tries = 1; ; tries += 1) {
    try {
      return await look(search);
    } catch (error) {
      log.debug('could not find out where a caller has gone', { channel: channelId, error: String(error) });
      if (requests.isClosed) return { kind: 'unknown' };
      if (isOver() || tries === TRIES) return { kind: 'gone' };
    }
    await pause(AGAIN_MS, undefined, { ref: false });
  }
}

async function look({ requests, app, channelId, isConnected, isHeard }: Search): Promise<Whereabouts> {
  for (const afterMs of ASKED_AFTER_MS) {
    if (afterMs > 0) await pause(afterMs, undefined, { ref: false });
    // All is known, and what follows will be told.
    if (isHeard && isConnected()) return { kind: 'connected', legId: '', on: '', isOver: false };
    const names = ['XIVO_MAPP_STATUS', 'XIVO_MAPP_REASON', CALLER_LEG];
    const [status, on = '', legId = ''] = (await readVariables(requests, channelId, names)) ?? [];
    if (status === undefined && (await lookAtChannel(requests, channelId)).kind === 'gone') return { kind: 'gone' };
    if (status === 'ANSWERED' || isConnected()) {
      if (isHeard) return { kind: 'connected', legId, on, isOver: false };
      await subscribeToMissing(requests, app, [channelId]);
      const isOver = (await lookAtChannel(requests, channelId)).kind === 'gone';
      return { kind: 'connected', legId, on, isOver };
    }
  }
  return { kind: 'moved' };
}
