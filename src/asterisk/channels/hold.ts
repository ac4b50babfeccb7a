/**
 * What a caller hears while waiting, as Asterisk's orders. Asterisk works off a channel's orders one after another, so orders sent in sequence leave
 * no gap between them; but whatever is ordered behind a playback waits for its end, which is why stopping comes first in everything else. An endless
 * tone must be in one playback with the message, so that one order stops both. In one playback, what cannot be played is left out and the next comes
 * at once; but behind a tone nothing may stand: one order was seen not to stop both.
 */
import type { Hold, HoldNews } from '../../call/ports.ts';
import { channelPath } from '../app/ids.ts';
import type { AriOrder } from '../ari/client.ts';
import type { PlaybackEvent } from '../ari/events.ts';

/** Ringback that depends on no indications.conf: the cadence of France, ms. */
const ANY_RINGBACK = 'tone:440/1500,0/3500';
/** What is over sooner was not played, ms. */
const SHORTEST_MS = 100;

const COUNTRY = /^[a-z]{2}$/i;

function toneOf(country: string): string {
  if (country === '') return ANY_RINGBACK;
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

/** Makes out of one playback's events what the call wants to know of it. Times are Asterisk's own, so that it does not matter when they come. */
export function newsOf(playbackId: string, tell: (news: HoldNews) => void): (event: PlaybackEvent) => void {
  let startedAtMs: number | undefined;
  return ({ type, timestamp, playback }) => {
    if (playback.id !== playbackId) return;
    const atMs = Date.parse(timestamp);
    if (type === 'PlaybackStarted') {
      startedAtMs = atMs;
      return;
    }
    const lastedMs = startedAtMs === undefined ? Number.POSITIVE_INFINITY : atMs - startedAtMs;
    const played = !(lastedMs < SHORTEST_MS);
    if (!playback.media_uri.startsWith('tone:')) tell({ what: 'message', played });
    // A tone that was heard never ends by itself.
    else if (!played) tell({ what: 'tone', played });
  };
}
