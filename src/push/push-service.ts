/**
 * What one attempt at a push comes to, and what delivery.ts needs of a push service. The services tell what the answer was;
 * whether and when to try again is delivery's alone. Reasons are made of words for which no token can pass, never of
 * free text from outside, so that none slips into a log.
 */
import type { Device, EndedNotice, PushResult, WakeNotice } from '../call/ports.ts';

/** How long an answer may take on a connection that lives, in ms. */
export const answerMs = 15_000;
/** No answer of theirs is longer, in bytes. */
export const longestAnswer = 65_536;

/** Not delivered, but it may be in a while: after `afterMs`, if the service has said so. */
export interface Again {
  readonly kind: 'again';
  readonly reason: string;
  readonly afterMs: number | undefined;
  /** Said of this token alone: the service is well. */
  readonly ofToken?: true;
  /** We are refused for our own set-up, for now: every push, or this token or every push. */
  readonly refused?: 'all' | 'some';
}

/** The service cannot be talked to safely, and trying again changes nothing until somebody has mended something. */
export interface Broken {
  readonly kind: 'broken';
  readonly reason: string;
}

/** Refused for our own set-up: trying again changes nothing until somebody has mended that. */
export interface OurFault {
  readonly kind: 'our-fault';
  readonly reason: string;
  /** Whom it concerns: every push; this token alone; left out: this token or every push, which the others' pushes tell. */
  readonly concerns?: 'all' | 'token';
}

export type Answer = PushResult | Again | Broken | OurFault;

/** There is no access token for the service, and what that means for the push. */
export class NoToken extends Error {
  override readonly name = 'NoToken';
  readonly answer: Again | Broken | OurFault;
  constructor(answer: Again | Broken | OurFault) {
    super(answer.reason);
    this.answer = answer;
  }
}

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
  /**
   * Opens the connection and fetches what is needed, so that the next call does not wait for it; where it stands, proves that it lives. Rejects where
   * that fails.
   */
  warmUp(): Promise<void>;
  /** Ends all that is open. Resolves when no socket is left. */
  close(): Promise<void>;
}

const systemCode = /^[A-Z][A-Z0-9_]{1,60}$/;
/** A connection that was refused for its certificate: trying again changes nothing. */
const certificateFaults = /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_SSL_)/;

const nameFaults = /^(ENOTFOUND$|EAI_)/;
const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'no way leads there',
  ENETUNREACH: 'no way leads there',
  ESILENT: 'nothing comes from there',
};

/** A failure of the system, of TLS or of HTTP, by its code. */
export interface WireFault {
  readonly code: string;
  /** The name that was looked up, where that failed and is known. */
  readonly host: string | undefined;
}

/** No answer has come, though the connection lives. */
export function lateReason(service: string): string {
  return `${service}: no answer in ${answerMs / 1000} s, on a connection that lives`;
}

/** What a connection that failed so comes to. @param service as the operator knows it, with FCM or APNs at its beginning */
export function connectionFailed(service: string, fault: WireFault | undefined): Again | Broken {
  const { code, host } = fault ?? {};
  if (code === undefined) return { kind: 'again', reason: `${service}: connection lost`, afterMs: undefined };
  if (code === 'ENOANSWER') {
    return { kind: 'again', reason: lateReason(service), afterMs: undefined };
  }
  if (certificateFaults.test(code)) {
    return {
      kind: 'broken',
      reason: `${service}: the server's certificate is not trusted, or it is no such server (${code})`,
    };
  }
  const setting = service.startsWith('APNs') ? 'APNS_URL' : 'FCM_URL';
  const said = nameFaults.test(code)
    ? `the name ${host ?? 'of the server'} does not resolve (${code}): look at the name server of this machine, or at ${setting}`
    : code in hints
      ? `${hints[code]} (${code}): look at the network, or at ${setting}`
      : code;
  return { kind: 'again', reason: `${service}: ${said}`, afterMs: undefined };
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

/** What went wrong, beneath whatever a library has wrapped around it. @param host that was to be reached, where the error may not name it */
export function wireFault(error: unknown, host?: string): WireFault | undefined {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error; depth += 1) {
    if ('code' in inner && typeof inner.code === 'string' && systemCode.test(inner.code)) {
      return { code: inner.code, host: 'hostname' in inner ? String(inner.hostname) : host };
    }
    inner = inner.cause;
  }
  return undefined;
}
