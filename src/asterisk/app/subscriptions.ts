/**
 * The application's subscriptions to endpoints, counted over all calls: two calls for one callee share one, and it ends with the last of
 * them. Orders for one endpoint go out one after another, so that a late "unsubscribe" never undoes a new "subscribe"; where very many begin, they go together.
 */
import type { Clock, Log } from '../../call/ports.ts';
import { AriRefusal, type AriRequests, isGone } from '../ari/client.ts';
import { JointOrders } from '../ari/joint-orders.ts';
import { applicationPath, readApplication, readState } from './application.ts';

/** More orders for one endpoint than ever get lost. */
const MOST_COUNTED = 10;

interface Entry {
  users: number;
  /** The last order for this endpoint. Never rejects. */
  last: Promise<void>;
  /** Whether Asterisk has our subscription; `perhaps` where the answer to an order was lost. */
  stands: 'yes' | 'no' | 'perhaps';
}

export class Subscriptions {
  private readonly requests: AriRequests;
  private readonly app: string;
  private readonly log: Log;
  private readonly entries = new Map<string, Entry>();
  private readonly begins: JointOrders<ReadonlySet<string>>;

  constructor(requests: AriRequests, app: string, log: Log, clock: Pick<Clock, 'sleep'>) {
    this.requests = requests;
    this.app = app;
    this.log = log;
    this.begins = new JointOrders(clock, (endpoints) => this.send('POST', endpoints), isUnknown);
  }

  /** Resolves when events of the endpoint come, also when Asterisk does not know the endpoint, so that none ever will. */
  async add(endpoint: string): Promise<void> {
    const entry = this.entryOf(endpoint);
    entry.users += 1;
    await this.next(entry, async () => {
      if (entry.stands === 'yes' || entry.users === 0) return;
      await this.begin(endpoint, entry);
    });
  }

  /** Never rejects: a subscription that stays behind does no harm, and is ended by endUnused() or with the next connection. */
  async remove(endpoint: string): Promise<void> {
    const entry = this.entries.get(endpoint);
    if (entry === undefined || entry.users === 0) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    await this.next(entry, () => this.settle(endpoint, entry)).catch((error: unknown) =>
      this.log.debug('could not end a subscription', { endpoint, error: String(error) }),
    );
  }

  /** Ends what could not be ended before, and what an earlier run of the router has left. Never rejects. */
  async endUnused(): Promise<void> {
    const unused = [...this.entries].filter(([, entry]) => entry.users === 0 && entry.stands !== 'no');
    const ended = unused.map(([endpoint, entry]) => this.next(entry, () => this.settle(endpoint, entry)));
    await Promise.allSettled(ended);
  }

  /** After a connect: asks again for those that Asterisk no longer has. Those that nobody needs are left to endUnused(): a call that is just found may. */
  async renew(): Promise<void> {
    const { endpoints } = await readApplication(this.requests, this.app);
    for (const endpoint of endpoints) this.entryOf(endpoint).stands = 'yes';
    const renewals = [...this.entries].map(([endpoint, entry]) =>
      this.next(entry, async () => {
        if (entry.stands !== 'no' && !endpoints.has(endpoint)) entry.stands = 'no';
        if (entry.users > 0 && entry.stands === 'no') await this.begin(endpoint, entry);
      }),
    );
    await Promise.all(renewals);
  }

  /** Ends all that stand: legs that were hung up at the last may not have been heard to end. Never rejects. */
  async close(): Promise<void> {
    const ends = [...this.entries].map(([endpoint, entry]) => {
      entry.users = 0;
      return this.next(entry, () => this.settle(endpoint, entry)).catch(() => undefined);
    });
    await Promise.all(ends);
  }

  private entryOf(endpoint: string): Entry {
    const entry = this.entries.get(endpoint) ?? { users: 0, last: Promise.resolve(), stands: 'no' };
    this.entries.set(endpoint, entry);
    return entry;
  }

  private async begin(endpoint: string, entry: Entry): Promise<void> {
    entry.stands = 'perhaps';
    await this.order('POST', endpoint);
    entry.stands = 'yes';
  }

  /** Ends what nobody uses any more. Asterisk counts, and may have counted an order whose answer we never saw. */
  private async settle(endpoint: string, entry: Entry): Promise<void> {
    if (entry.users > 0) return;
    for (let turn = 0; entry.stands !== 'no' && turn < MOST_COUNTED; turn += 1) {
      entry.stands = 'perhaps';
      const left = await this.order('DELETE', endpoint);
      entry.stands = left.has(endpoint) ? 'yes' : 'no';
    }
    if (entry.users === 0) this.entries.delete(endpoint);
  }

  private next(entry: Entry, act: () => Promise<void>): Promise<void> {
    const turn = entry.last.then(act);
    entry.last = turn.catch(() => undefined);
    return turn;
  }

  /** Gives the endpoints that the application is subscribed to afterwards. */
  private async order(method: 'POST' | 'DELETE', endpoint: string): Promise<ReadonlySet<string>> {
    try {
      return await (method === 'POST' ? this.begins.order(endpoint) : this.send(method, [endpoint]));
    } catch (error) {
      if (!isUnknown(error) && !(method === 'DELETE' && isGone(error))) throw error;
      if (method === 'POST') this.log.warn('Asterisk does not know an endpoint', { endpoint });
      return new Set();
    }
  }

  private async send(method: 'POST' | 'DELETE', endpoints: readonly string[]): Promise<ReadonlySet<string>> {
    const answer = await this.requests.send({
      method,
      path: applicationPath(this.app, '/subscription'),
      query: { eventSource: endpoints.map((endpoint) => `endpoint:${endpoint}`).join(',') },
    });
    return readState(answer)?.endpoints ?? new Set();
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof AriRefusal && (error.status === 422 || error.status === 400);
}
