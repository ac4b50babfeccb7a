/**
 * Bounds how many pushes are under way to one service at a time: a group call that wakes dozens of mobiles passes over the connections that are
 * there instead of opening dozens. It must never let through one whose call has given up waiting.
 */
export class Turnstile {
  private free: number;
  private readonly queue = new Set<() => void>();

  constructor(places: number) {
    this.free = places;
  }

  /**
   * Resolves with the way out, to be called once, when there is a place.
   * Rejects with the signal's reason when it aborts first.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.free > 0) {
      this.free -= 1;
      return this.leave;
    }
    const turn = Promise.withResolvers<void>();
    const giveUp = () => {
      this.queue.delete(turn.resolve);
      turn.reject(signal.reason);
    };
    this.queue.add(turn.resolve);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
    return this.leave;
  }

  private readonly leave = (): void => {
    const [next] = this.queue;
    if (next === undefined) {
      this.free += 1;
      return;
    }
    // The place goes from hand to hand.
    this.queue.delete(next);
    next();
  };
}
