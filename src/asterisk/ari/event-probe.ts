/**
 * Asks Asterisk to send our application an event, and sees it or any other come: the one proof that events reach us. Asterisk 16 can lose or mute an
 * application that comes back just as it goes, and still list it, answer its requests and keep its connection. It must never take an Asterisk that is
 * merely late for one that has lost us: the longer it takes to answer the request, the longer the event may take.
 */
import { PbxError, PbxLate } from '../../call/errors.ts';
import type { Clock } from '../../call/ports.ts';
import type { AriRequests } from './client.ts';

const PROBE = 'xivo-mapp-probe';
/** How long an event may take to come, in ms, and how many times as long as the answer took. */
const PATIENCE_MS = 1_500;
const TIMES_THE_ANSWER = 10;
/** What is later than this is taken for lost, in ms. */
const LONGEST_MS = 60_000;

export class EventProbe {
  private readonly requests: AriRequests;
  private readonly app: string;
  private readonly clock: Pick<Clock, 'nowMs' | 'sleep'>;
  private readonly waiting = new Set<PromiseWithResolvers<void>>();

  constructor(requests: AriRequests, app: string, clock: Pick<Clock, 'nowMs' | 'sleep'>) {
    this.requests = requests;
    this.app = app;
    this.clock = clock;
  }

  /** An event has come, whatever it says. */
  felt(): void {
    for (const waiting of this.waiting) waiting.resolve();
  }

  /** Resolves once an event has come; rejects with PbxError when none does, with AriRefusal 404 when Asterisk has no such application. */
  async check(): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.waiting.add(waiting);
    const giveUp = new AbortController();
    const askedMs = this.clock.nowMs();
    try {
      const path = `/events/user/${PROBE}`;
      // Behind the orders of many calls it would come too late, and pass for a connection that is lost.
      await this.requests.send({ method: 'POST', path, query: { application: this.app }, lane: 'kept' });
      const tookMs = this.clock.nowMs() - askedMs;
      const patienceMs = Math.min(LONGEST_MS, Math.max(PATIENCE_MS, TIMES_THE_ANSWER * tookMs));
      const tooLate = this.clock.sleep(patienceMs, giveUp.signal).then(() => {
        throw new PbxError(`Asterisk has the application ${this.app} but sends it no events`);
      });
      await Promise.race([waiting.promise, tooLate]);
    } catch (error) {
      // It says nothing of the events. Whether the connection is dead the pings find out.
      if (!(error instanceof PbxLate)) throw error;
    } finally {
      this.waiting.delete(waiting);
      giveUp.abort();
    }
  }
}
