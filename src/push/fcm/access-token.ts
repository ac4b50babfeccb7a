/**
 * The access token for FCM, of our own keeping: fetched once for all who wait, renewed ahead of its end beside the calls, thrown away when the
 * server refuses it. It must never reach a log.
 */
import { JWT } from 'google-auth-library';
import { z } from 'zod';
import type { Clock } from '../../call/ports.ts';
import type { ServiceAccount } from '../credentials.ts';
import { Deadline } from '../deadline.ts';
import { type Again, type Broken, connectionFailed, NoToken, type OurFault, wireFault } from '../push-service.ts';
import type { TokenAgent } from './token-agent.ts';

const scope = 'https://www.googleapis.com/auth/firebase.messaging';
/** How long one fetch may take, whatever the library does, in ms: as long as its stages may, together. */
const fetchMs = 25_000;
/** After this, in ms, a second fetch is begun beside the first, whose connection may be dead. */
const beginAnewMs = 2500;
/** A token with less than this left, in ms, is not sent any more. */
const spareMs = 10_000;
/** In the last part of its life a token is renewed, while it still serves. */
const renewInLast = 0.2;

/** The token goes into a header. */
const granted = z.object({ access_token: z.string().regex(/^[\x21-\x7e]+$/), expiry_date: z.number() });
/** How long a token may live, in ms: Google's live for an hour. */
const life = z.number().gt(1_000).max(86_400_000);
const refused = z.object({ response: z.object({ status: z.number(), data: z.unknown() }) });
const refusal = z.object({ error: z.string().regex(/^[a-z_]{1,40}$/) });

interface AccessToken {
  readonly text: string;
  readonly lifeMs: number;
  /** Monotonic. */
  readonly endsAtMs: number;
}

export class FcmTokens {
  private readonly account: ServiceAccount;
  private readonly agent: TokenAgent;
  private readonly clock: Clock;
  private token: AccessToken | undefined;
  private fetching: Promise<AccessToken> | undefined;

  constructor(account: ServiceAccount, agent: TokenAgent, clock: Clock) {
    this.account = account;
    this.agent = agent;
    this.clock = clock;
  }

  /** A token that serves now. @throws NoToken */
  async current(): Promise<string> {
    const { token } = this;
    if (token === undefined) return (await this.renew()).text;
    const leftMs = token.endsAtMs - this.clock.nowMs();
    if (leftMs <= Math.min(spareMs, token.lifeMs / 20)) return (await this.renew()).text;
    // This push goes with the token that is there; a renewal that fails is tried again by the next.
    if (leftMs <= token.lifeMs * renewInLast) this.renew().catch(() => undefined);
    return token.text;
  }

  /** The server has refused this token. */
  discard(text: string): void {
    if (this.token?.text === text) this.token = undefined;
  }

  private renew(): Promise<AccessToken> {
    this.fetching ??= this.fetchInTime().finally(() => {
      this.fetching = undefined;
    });
    return this.fetching;
  }

  /** All wait for the one fetch: one that never settled would end all pushes. */
  private async fetchInTime(): Promise<AccessToken> {
    const deadline = new Deadline(this.clock, fetchMs, new AbortController().signal);
    try {
      const token = await deadline.within(this.fetchFrom(deadline.signal));
      if (token !== undefined) return token;
      throw new NoToken({ kind: 'again', reason: 'FCM access token: the answer has no end', afterMs: undefined });
    } finally {
      deadline.end('closing');
    }
  }

  /** Where one fetch takes long, from whichever of two comes first. */
  private async fetchFrom(over: AbortSignal): Promise<AccessToken> {
    const first = this.fetch();
    const no = () => false;
    const isLong = this.clock.sleep(beginAnewMs, over).then(() => true, no);
    if (!(await Promise.race([first.then(no, no), isLong]))) return first;
    const second = this.fetch();
    return Promise.any([first, second]).catch(() => second);
  }

  private async fetch(): Promise<AccessToken> {
    // A new client each time, for one that holds a token gives back the same.
    const { clientEmail, privateKey } = this.account;
    const transporterOptions = { agent: this.agent, timeout: fetchMs, retryConfig: { retry: 0 } };
    const client = new JWT({ email: clientEmail, key: privateKey, scopes: [scope], transporterOptions });
    try {
      const { access_token: text, expiry_date: expiresAtMs } = granted.parse(await client.authorize());
      const lifeMs = expiresAtMs - this.clock.wallMs();
      // The library reckons with whatever it is given.
      life.parse(lifeMs);
      this.token = { text, lifeMs, endsAtMs: this.clock.nowMs() + lifeMs };
      return this.token;
    } catch (error) {
      throw new NoToken(whyNot(error, this.agent.hostInPlaceOf('oauth2.googleapis.com')));
    }
  }
}

function whyNot(error: unknown, host: string): Again | Broken | OurFault {
  const answered = refused.safeParse(error);
  if (!answered.success) {
    if (!(error instanceof z.ZodError)) return connectionFailed('FCM access token', wireFault(error, host));
    return { kind: 'again', reason: 'FCM access token: the answer makes no sense', afterMs: undefined };
  }
  const { status, data } = answered.data.response;
  if (status >= 500 || status === 429 || status === 408) {
    return { kind: 'again', reason: `FCM access token: HTTP ${status}`, afterMs: undefined };
  }
  const word = refusal.safeParse(data).data?.error ?? `HTTP ${status}`;
  const hint = 'check FCM_CREDENTIALS_FILE, whether its key was revoked, and the clock of this machine';
  return { kind: 'our-fault', reason: `FCM refuses an access token: ${word} (${hint})`, concerns: 'all' };
}
