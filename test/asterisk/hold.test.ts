/** What a playback's events say of what was heard, by the times that Asterisk gives, as both versions send them. */
import { describe, expect, it } from 'vitest';
import type { PlaybackEvent } from '../../src/asterisk/ari/events.ts';
import { newsOf } from '../../src/asterisk/channels/hold.ts';
import type { HoldNews } from '../../src/call/ports.ts';

function newsFrom(...events: readonly [string, PlaybackEvent['type'], string][]): HoldNews[] {
  const news: HoldNews[] = [];
  const take = newsOf('1-hold-1', (one) => news.push(one));
  for (const [ms, type, media_uri] of events) {
    const playback = { id: '1-hold-1', media_uri, target_uri: 'channel:1' };
    take({ type, timestamp: `2026-11-29T17:02:44.${ms}+0000`, playback });
  }
  return news;
}

describe('news of a hold', () => {
  it('a message that is over at once was not played, one that lasts was', () => {
    expect(newsFrom(['100', 'PlaybackStarted', 'sound:a'], ['101', 'PlaybackFinished', 'sound:a'])).toEqual([
      { what: 'message', played: false },
    ]);
    expect(newsFrom(['100', 'PlaybackStarted', 'sound:a'], ['900', 'PlaybackContinuing', 'sound:a'])).toEqual([
      { what: 'message', played: true },
    ]);
  });

  it('a tone that ends at once was not played; one that ends with the call is not told of', () => {
    expect(
      newsFrom(
        ['100', 'PlaybackStarted', 'sound:a'],
        ['101', 'PlaybackContinuing', 'sound:a'],
        ['101', 'PlaybackStarted', 'tone:ring'],
        ['102', 'PlaybackFinished', 'tone:ring'],
      ),
    ).toEqual([
      { what: 'message', played: false },
      { what: 'tone', played: false },
    ]);
    expect(newsFrom(['100', 'PlaybackStarted', 'tone:ring'], ['900', 'PlaybackFinished', 'tone:ring'])).toEqual([]);
  });

  it('of another playback, and without times, nothing bad is told', () => {
    const news: HoldNews[] = [];
    const take = newsOf('1-hold-2', (one) => news.push(one));
    const playback = { id: '1-hold-1', media_uri: 'sound:a', target_uri: '' };
    take({ type: 'PlaybackFinished', timestamp: '', playback });
    expect(news).toEqual([]);
    take({ type: 'PlaybackFinished', timestamp: '', playback: { ...playback, id: '1-hold-2' } });
    expect(news).toEqual([{ what: 'message', played: true }]);
  });
});
