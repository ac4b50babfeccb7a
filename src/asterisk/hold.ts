/**
 * What a caller hears while waiting, as Asterisk's orders. Asterisk works off a channel's orders one after another, so orders sent in sequence leave no gap between
 * them; but whatever is ordered behind a playback waits for its end, which is why stopping comes first in everything else. An endless tone must be in one
 * playback with the message, so that one order stops both.
 */
import type { Hold } from '../call/ports.ts';
import { channelPath } from './channel-ids.ts';
import type { AriOrder } from './requests.ts';

const COUNTRY = /^[a-z]{2}$/i;

function toneOf(country: string): string {
  return COUNTRY.test(country) ? `tone:ring;tonezone=${country.toLowerCase()}` : 'tone:ring';
}

/** Something that plays, and how to stop it. */
export interface HoldOrders {
  /** To be sent one after another, each once the one before has been taken. */
  readonly start: readonly AriOrder[];
  /** To be sent together. Refused where nothing plays, which is no error. */
  readonly stop: readonly AriOrder[];
}

/** @param playbackId chosen beforehand, unique in Asterisk */
export function holdOrders(channelId: string, hold: Hold, playbackId: string): HoldOrders {
  const media = [
    ...(hold.message === undefined ? [] : [`sound:${hold.message}`]),
    ...(hold.afterwards.kind === 'tone' ? [toneOf(hold.afterwards.country)] : []),
  ];
  const start: AriOrder[] = [];
  const stop: AriOrder[] = [];
  if (media.length > 0) {
    start.push({
      method: 'POST',
      path: channelPath(channelId, `/play/${encodeURIComponent(playbackId)}`),
      body: { media },
      once: true,
    });
    stop.push({ method: 'DELETE', path: `/playbacks/${encodeURIComponent(playbackId)}` });
  }
  if (hold.afterwards.kind === 'music') {
    const { musicClass } = hold.afterwards;
    start.push({
      method: 'POST',
      path: channelPath(channelId, '/moh'),
      ...(musicClass === undefined ? {} : { query: { mohClass: musicClass } }),
    });
    stop.push({ method: 'DELETE', path: channelPath(channelId, '/moh') });
  }
  if (hold.afterwards.kind === 'ringing') {
    start.push({ method: 'POST', path: channelPath(channelId, '/ring') });
    stop.push({ method: 'DELETE', path: channelPath(channelId, '/ring') });
  }
  return { start, stop };
}

/** The channel's variable that says how many holds it has had, where they are more than one. */
export const HOLD_COUNT = 'XIVO_MAPP_HOLD';

/** Ids of what a channel hears, never twice the same, in whatever run of the router: a playback that has been stopped may still be ending. */
export function holdIdOf(channelId: string, count: number): string {
  return `${channelId}-hold-${count}`;
}

/** How many holds the channel has had, by that variable. */
export function heldIn(text: string): number {
  return /^\d{1,6}$/.test(text) ? Number(text) : 1;
}

/** Stops whatever an earlier run of the router may have left playing. */
export function stopWhatever(channelId: string, held: number): readonly AriOrder[] {
  return [
    { method: 'DELETE', path: `/playbacks/${encodeURIComponent(holdIdOf(channelId, held))}` },
    { method: 'DELETE', path: channelPath(channelId, '/moh') },
  ];
}
