/**
 * The application's subscriptions to endpoints, counted over all calls: two calls for one callee share one, and it ends with the last of
 * them. Orders for one endpoint go out one after another, so that a late "unsubscribe" never undoes a new "subscribe".
 */
import type { Log } from '../call/ports.ts';
import { applicationPath, readApplication } from './application.ts';
import { AriRefusal, type AriRequests, isGone } from './requests.ts';

interface Entry {
  users: number;
  /** The last order for this endpoint. Never rejects. */
  last: Promise<void>;
  /** Asterisk has our subscription, as far as we know. */
  stands: boolean;
}

export class Subscriptions {
  readonly #requests: AriRequests;
  readonly #app: string;
  readonly #log: Log;
  readonly #entries = new Map<string, Entry>();

  constructor(requests: AriRequests, app: string, log: Log) {
    this.#requests = requests;
    this.#app = app;
    this.#log = log;
  }

  /** Resolves when events of the endpoint come, also when Asterisk does not know the endpoint, so that none ever will. */
  async add(endpoint: string): Promise<void> {
    const entry = this.#entries.get(endpoint) ?? { users: 0, last: Promise.resolve(), stands: false };
    this.#entries.set(endpoint, entry);
    entry.users += 1;
    await this.#next(entry, async () => {
      if (entry.stands || entry.users === 0) return;
      await this.#order('POST', endpoint);
      entry.stands = true;
    });
  }

  /** Never rejects: a subscription that stays behind does no harm, and the next connection starts without it. */
  async remove(endpoint: string): Promise<void> {
    const entry = this.#entries.get(endpoint);
    if (entry === undefined || entry.users === 0) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    await this.#next(entry, async () => {
      if (entry.users === 0 && entry.stands) {
        entry.stands = false;
        await this.#order('DELETE', endpoint);
      }
      if (entry.users === 0) this.#entries.delete(endpoint);
    }).catch((error: unknown) => this.#log.debug('could not end a subscription', { endpoint, error: String(error) }));
  }

  /** Asks again for those that Asterisk no longer has, after a reconnect. */
  async renew(): Promise<void> {
    if (this.#entries.size === 0) return;
    const { endpoints } = await readApplication(this.#requests, this.#app);
    const renewals = [...this.#entries].map(([endpoint, entry]) =>
      this.#next(entry, async () => {
        if (!entry.stands || endpoints.has(endpoint)) return;
        entry.stands = false;
        if (entry.users === 0) return;
        await this.#order('POST', endpoint);
        entry.stands = true;
      }),
    );
    await Promise.all(renewals);
  }

  #next(entry: Entry, act: () => Promise<void>): Promise<void> {
    const turn = entry.last.then(act);
    entry.last = turn.catch(() => undefined);
    return turn;
  }

  async #order(method: 'POST' | 'DELETE', endpoint: string): Promise<void> {
    try {
      await this.#requests.send({
        method,
        path: applicationPath(this.#app, '/subscription'),
        query: { eventSource: `endpoint:${endpoint}` },
      });
    } catch (error) {
      const unknown = error instanceof AriRefusal && (error.status === 422 || error.status === 400);
      if (!unknown && !(method === 'DELETE' && isGone(error))) throw error;
      if (method === 'POST') this.#log.warn('Asterisk does not know an endpoint', { endpoint });
    }
  }
}
