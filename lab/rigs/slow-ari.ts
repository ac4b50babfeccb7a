/** An ARI that takes its time: each request waits before Asterisk hears of it, as behind a machine that is out of breath. Events pass at once. */
import type { Lab } from '../lab.ts';
import { AriFront } from './ari-front.ts';

interface Settings {
  delayMs: number;
  asked: number;
  waiting: number;
  mostWaiting: number;
}

export class SlowAri {
  readonly #front: AriFront;
  readonly #settings: Settings;

  private constructor(front: AriFront, settings: Settings) {
    this.#front = front;
    this.#settings = settings;
  }

  /** Quick until slow(). Starts the lab's router, which must not run yet. */
  static async before(lab: Lab): Promise<SlowAri> {
    const settings = { delayMs: 0, asked: 0, waiting: 0, mostWaiting: 0 };
    const front = await AriFront.before(lab, async () => {
      settings.asked += 1;
      settings.waiting += 1;
      settings.mostWaiting = Math.max(settings.mostWaiting, settings.waiting);
      if (settings.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, settings.delayMs));
      settings.waiting -= 1;
      return undefined;
    });
    await lab.router.start();
    return new SlowAri(front, settings);
  }

  /** Requests that the router has sent. */
  get asked(): number {
    return this.#settings.asked;
  }

  /** The most that have waited at once since it was slowed down. */
  get mostWaiting(): number {
    return this.#settings.mostWaiting;
  }

  slow(delayMs: number): void {
    this.#settings.mostWaiting = 0;
    this.#settings.delayMs = delayMs;
  }

  quick(): void {
    this.#settings.delayMs = 0;
  }

  stop(): Promise<void> {
    return this.#front.stop();
  }
}
