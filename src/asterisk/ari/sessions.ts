/**
 * Whether Asterisk has HTTP sessions left. Where it has none it accepts a new connection and closes it at once; an Asterisk that is merely late does
 * not do that. A single connection that breaks proves nothing, nor does a second in the moment in which Asterisk ends: so two others are tried, a
 * little apart, with a request that changes nothing. It must never hold up a request for long, and says once when it begins and when it ends.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../call/ports.ts';
import type { Trouble } from './diagnosis.ts';

/** Between two trials, in ms: by then an Asterisk that was ending is gone, and refuses connections. */
const APART_MS = 100;

export class Sessions {
  /** Whether a new connection is closed at once. Rejects when that cannot be told. */
  private readonly isTurnedAway: () => Promise<boolean>;
  private readonly shortage: Trouble;
  private readonly log: Log;
  private usedUp = false;
  private told = false;
  private trial: Promise<boolean> | undefined;

  constructor(isTurnedAway: () => Promise<boolean>, trouble: Trouble, log: Log) {
    this.isTurnedAway = isTurnedAway;
    this.shortage = trouble;
    this.log = log;
  }

  /** Whether none was left when it was last tried. */
  get areUsedUp(): boolean {
    return this.usedUp;
  }

  /** Until it is over, and not only until one has come free. */
  get trouble(): Trouble | undefined {
    return this.told ? this.shortage : undefined;
  }

  /** All connections that we keep stand. */
  over(): void {
    if (!this.told) return;
    this.told = false;
    this.log.info('Asterisk has HTTP sessions again');
  }

  /** Tries a new connection; one trial for all who ask at the same time. Resolves with whether none is left. Never rejects. */
  tryOut(): Promise<boolean> {
    this.trial ??= this.askAgain().finally(() => {
      this.trial = undefined;
    });
    return this.trial;
  }

  private async areTurnedAway(): Promise<boolean> {
    if (!(await this.isTurnedAway())) return false;
    await pause(APART_MS, undefined, { ref: false });
    return await this.isTurnedAway();
  }

  private async askAgain(): Promise<boolean> {
    const was = this.usedUp;
    // A trial that fails for another reason says nothing.
    this.usedUp = await this.areTurnedAway().catch(() => was);
    if (this.usedUp && !this.told) {
      this.told = true;
      this.log.error(this.shortage.words, { kind: this.shortage.kind });
    }
    return this.usedUp;
  }
}
