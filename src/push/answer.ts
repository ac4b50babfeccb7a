/**
 * What one attempt at a push comes to, and what delivery.ts needs of a push service. The services tell what the answer was;
 * whether and when to try again is delivery's alone. Reasons are made of words for which no token can pass, never of
 * free text from outside, so that none slips into a log.
 */
import type { Device, EndedNotice, PushResult, WakeNotice } from '../call/ports.ts';

/** Not delivered, but it may be in a while: after `afterMs`, if the service has said so. */
export interface Again {
  readonly kind: 'again';
  readonly reason: string;
  readonly afterMs: number | undefined;
}

export type Answer = PushResult | Again;

/** One attempt: which push it belongs to, and how long it is worth anything. */
export interface Attempt {
  /** The same for all attempts at one push: a UUID. */
  readonly pushId: string;
  /** Aborts when the push is called back or expires; what has not left by then must not leave. */
  readonly signal: AbortSignal;
  /** Time that is left, in ms, never below 0. */
  leftMs(): number;
}

export interface PushService {
  wake(device: Device, notice: WakeNotice, attempt: Attempt): Promise<Answer>;
  tellEnded(device: Device, notice: EndedNotice, attempt: Attempt): Promise<Answer>;
  /** Opens the connection and fetches what is needed, so that the first call does not wait for it. Rejects where that fails. */
  warmUp(): Promise<void>;
  /** Ends all that is open. Resolves when no socket is left. */
  close(): Promise<void>;
}

const systemCode = /^[A-Z][A-Z0-9_]{1,60}$/;
/** A connection that was refused for its certificate: trying again changes nothing. */
const certificateFaults = /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_SSL_)/;

/** What a connection that failed with this error code comes to. */
export function connectionFailed(service: string, code: string | undefined): Answer {
  const word = code !== undefined && systemCode.test(code) ? code : 'connection lost';
  if (certificateFaults.test(word)) {
    return {
      kind: 'our-fault',
      reason: `${service}: the server's certificate is not trusted, or it is no such server (${word})`,
    };
  }
  return { kind: 'again', reason: `${service}: ${word}`, afterMs: undefined };
}

/**
 * A Retry-After header in ms; undefined where there is none or it makes no sense.
 * @param wallMs ms since 1970, for a header that names a date
 */
export function retryAfterMs(header: string | undefined, wallMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - wallMs);
}

/** The code of a system, TLS or HTTP error, through whatever a library has wrapped around it. */
export function errorCode(error: unknown): string | undefined {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error; depth += 1) {
    if ('code' in inner && typeof inner.code === 'string' && systemCode.test(inner.code)) return inner.code;
    inner = inner.cause;
  }
  return undefined;
}
