/**
 * Legs of ours that nobody owns: each is hung up as soon as it shows itself. Except while we catch up after a connect: a leg that an earlier run has
 * ordered may be answered in the very moment in which we look whose it is. Then it is judged when that is known.
 */
import type { Log } from '../../call/ports.ts';
import { channelPath } from '../app/ids.ts';
import { type AriRequests, isGone } from '../ari/client.ts';

export class Strays {
  private readonly requests: AriRequests;
  private readonly isOwned: (channelId: string) => boolean;
  private readonly log: Log;
  private held: Set<string> | undefined;

  constructor(requests: AriRequests, isOwned: (channelId: string) => boolean, log: Log) {
    this.requests = requests;
    this.isOwned = isOwned;
    this.log = log;
  }

  /**
   * Judges nobody until the function that it returns is called. A connection that came after this one has its own; and whom this one held and never
   * judged, the look at all channels finds.
   */
  hold(): () => void {
    const held = new Set<string>();
    this.held = held;
    return () => {
      if (this.held !== held) return;
      this.held = undefined;
      for (const channelId of held) if (!this.isOwned(channelId)) this.take(channelId);
    };
  }

  /** A leg has shown itself, and nobody owns it. */
  take(channelId: string): void {
    if (this.held !== undefined) {
      this.held.add(channelId);
      return;
    }
    this.log.debug('hung up a leg that nobody owns', { channel: channelId });
    this.requests.send({ method: 'DELETE', path: channelPath(channelId) }).catch((error: unknown) => {
      if (!isGone(error)) this.log.debug('could not hang up a leg that nobody owns', { error: String(error) });
    });
  }
}
