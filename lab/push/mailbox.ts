/**
 * The pushes that a service of the lab has received, for tests to wait for and for scripted phones to wake by. It must never miss one that
 * came before somebody began to wait.
 */
import { SOON_MS } from '../handset.ts';

export interface ReceivedPush {
  readonly service: 'fcm' | 'apns';
  readonly token: string;
  /** The app's part: what is beside `aps`, or in `data`. Empty where it could not be read. */
  readonly payload: Readonly<Record<string, string>>;
  /** The whole body as it came. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** When it was there wholly: performance.now(). */
  readonly atMs: number;
  /** Which connection it came over, counted from 1. */
  readonly connection: number;
  /** `accepted`, `410 Unregistered`, `hang`, … Only what is accepted reaches a phone. */
  readonly outcome: string;
}

type Predicate = (push: ReceivedPush) => boolean;

export class Mailbox {
  /** Everything that was asked of the service, in order. */
  readonly requests: ReceivedPush[] = [];
  private readonly listeners = new Set<(push: ReceivedPush) => void>();

  /** What was accepted, in order. */
  get pushes(): readonly ReceivedPush[] {
    return this.requests.filter((push) => push.outcome === 'accepted');
  }

  add(push: ReceivedPush): void {
    this.requests.push(push);
    for (const listener of [...this.listeners]) listener(push);
  }

  /** Calls for each push that is accepted from now on. Returns the way to stop. */
  onPush(wake: (push: ReceivedPush) => void): () => void {
    return this.listen((push) => push.outcome === 'accepted' && wake(push));
  }

  /** The first accepted push that fits, also one that has come already. Rejects after `deadlineMs`, with what has come instead. */
  waitForPush(fits: Predicate = () => true, deadlineMs = SOON_MS): Promise<ReceivedPush> {
    return this.waitFor((push) => push.outcome === 'accepted' && fits(push), deadlineMs);
  }

  /** The same for any request, accepted or not. */
  async waitFor(fits: Predicate, deadlineMs = SOON_MS): Promise<ReceivedPush> {
    const there = this.requests.find(fits);
    if (there !== undefined) return there;
    const arrival = Promise.withResolvers<ReceivedPush>();
    const stop = this.listen((push) => fits(push) && arrival.resolve(push));
    const timer = setTimeout(() => {
      const came = this.requests.map((push) => `${push.service} ${push.payload.type ?? '?'}: ${push.outcome}`);
      arrival.reject(new Error(`no such push within ${deadlineMs} ms; came: ${came.join(', ') || 'nothing'}`));
    }, deadlineMs);
    try {
      return await arrival.promise;
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  private listen(listener: (push: ReceivedPush) => unknown): () => void {
    const call = (push: ReceivedPush): void => {
      listener(push);
    };
    this.listeners.add(call);
    return () => this.listeners.delete(call);
  }
}
