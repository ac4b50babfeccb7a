/**
 * Asks Asterisk to send our application an event, and sees it come: the one proof that events reach us. Asterisk 16 can lose or mute an application
 * that comes back just as it goes, and still list it, answer its requests and keep its connection.
 */
import { PbxError } from '../call/errors.ts';
import type { Clock } from '../call/ports.ts';
import type { AriRequests } from './requests.ts';

const PULSE = 'xivo-mapp-pulse';
/** How long an event may take to come, in ms. */
const PATIENCE_MS = 1_500;

export class Pulse {
  readonly #requests: AriRequests;
  readonly #app: string;
  readonly #clock: Clock;
  readonly #waiting = new Set<PromiseWithResolvers<void>>();

  constructor(requests: AriRequests, app: string, clock: Clock) {
    this.#requests = requests;
    this.#app = app;
    this.#clock = clock;
  }

  /** An event of this name has come. */
  felt(name: string): void {
    if (name !== PULSE) return;
    for (const waiting of this.#waiting) waiting.resolve();
  }

  /** Resolves once an event has come; rejects with PbxError when none does, with AriRefusal 404 when Asterisk has no such application. */
  async check(): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.#waiting.add(waiting);
    const giveUp = new AbortController();
    try {
      const path = `/events/user/${PULSE}`;
      // Behind the orders of many calls it would come too late, and pass for a connection that is lost.
      await this.#requests.send({ method: 'POST', path, query: { application: this.#app }, lane: 'kept' });
      const tooLate = this.#clock.sleep(PATIENCE_MS, giveUp.signal).then(() => {
        throw new PbxError(`Asterisk has the application ${this.#app} but sends it no events`);
      });
      await Promise.race([waiting.promise, tooLate]);
    } finally {
      this.#waiting.delete(waiting);
      giveUp.abort();
    }
  }
}
