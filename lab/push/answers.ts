/**
 * What a push service of the lab answers: to the next requests, to a token, or to all. A test writes it in one line:
 * `fcm.answers.next(2, refuse(503, 'UNAVAILABLE'))`. Nothing here knows FCM or APNs; the servers put it into their own words.
 */

export type ServiceAnswer =
  | { readonly kind: 'accept' }
  | {
      readonly kind: 'refuse';
      readonly status: number;
      /** FCM: the error code, `UNREGISTERED`. APNs: the reason, `Unregistered`. */
      readonly reason: string;
      /** As the Retry-After header has it: seconds or a date. */
      readonly retryAfter?: string;
      /** APNs, 410: since when, ms since 1970. */
      readonly sinceMs?: number;
    }
  /** An answer that the service would never give. */
  | {
      readonly kind: 'garbage';
      readonly status: number;
      readonly body: string | Buffer;
      readonly headers: Readonly<Record<string, string>>;
    }
  /** The answer never comes, or never ends, and all the while more of this does. */
  | { readonly kind: 'flood'; readonly of: Flood }
  /** No answer ever, the connection stays. */
  | { readonly kind: 'hang' }
  /** The answer begins and never ends. */
  | { readonly kind: 'stall' }
  /** The connection is broken off. */
  | { readonly kind: 'drop' }
  /** The answer begins, and then the connection is broken off. */
  | { readonly kind: 'tear' }
  /** HTTP/2: this request alone is given up (RST_STREAM with this code; REFUSED_STREAM). HTTP/1.1 has no such thing: as `drop`. */
  | { readonly kind: 'reset'; readonly code?: number }
  /** HTTP/2: the server takes its leave (GOAWAY) without an answer, and goes. HTTP/1.1: as `drop`. */
  | { readonly kind: 'goaway' }
  | { readonly kind: 'slow'; readonly ms: number; readonly then: ServiceAnswer };

/** `headers`: HTTP/1.1 alone. `settings`, `promises`: HTTP/2 alone. Where the protocol has no such thing, nothing comes. */
export type Flood = 'body' | 'headers' | 'interim answers' | 'settings' | 'promises';

export const accept: ServiceAnswer = { kind: 'accept' };
export const hang: ServiceAnswer = { kind: 'hang' };
export const stall: ServiceAnswer = { kind: 'stall' };
export const drop: ServiceAnswer = { kind: 'drop' };
export const tear: ServiceAnswer = { kind: 'tear' };
export const reset: ServiceAnswer = { kind: 'reset' };
export const goaway: ServiceAnswer = { kind: 'goaway' };

export function refuse(
  status: number,
  reason: string,
  more: { readonly retryAfter?: string; readonly sinceMs?: number } = {},
): ServiceAnswer {
  return { kind: 'refuse', status, reason, ...more };
}

export function garbage(
  status = 200,
  body: string | Buffer = '<html>Welcome to the hotel network</html>',
  headers: Readonly<Record<string, string>> = {},
): ServiceAnswer {
  return { kind: 'garbage', status, body, headers: { 'content-type': 'text/html', ...headers } };
}

export function flood(of: Flood): ServiceAnswer {
  return { kind: 'flood', of };
}

export function slow(ms: number, then: ServiceAnswer = accept): ServiceAnswer {
  return { kind: 'slow', ms, then };
}

export class AnswerBook {
  private queue: ServiceAnswer[] = [];
  private readonly byToken = new Map<string, { readonly answer: ServiceAnswer; timesLeft: number }>();
  private always: ServiceAnswer = accept;

  /** The next `count` requests, whatever they are for. */
  next(count: number, answer: ServiceAnswer): void {
    this.queue.push(...Array<ServiceAnswer>(count).fill(answer));
  }

  /** The next requests for this token: all of them, where no number is given. */
  forToken(token: string, answer: ServiceAnswer, times = Number.POSITIVE_INFINITY): void {
    this.byToken.set(token, { answer, timesLeft: times });
  }

  /** Every request from now on that nothing else is set for. */
  toAll(answer: ServiceAnswer): void {
    this.always = answer;
  }

  /** Back to accepting everything. */
  reset(): void {
    this.queue = [];
    this.byToken.clear();
    this.always = accept;
  }

  take(token: string): ServiceAnswer {
    const queued = this.queue.shift();
    if (queued !== undefined) return queued;
    const own = this.byToken.get(token);
    if (own === undefined || own.timesLeft === 0) return this.always;
    own.timesLeft -= 1;
    return own.answer;
  }
}
