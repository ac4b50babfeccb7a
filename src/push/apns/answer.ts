/**
 * Reads what node-apn tells of one push and says what it means. A token is dead only where Apple says that it is no more; a token that Apple does
 * not know at all points to our own environment or topic, and stays.
 */
import { z } from 'zod';
import { type Answer, connectionFailed, lateReason, wireFault } from '../push-service.ts';

const responses = z.object({ sent: z.array(z.unknown()), failed: z.array(z.unknown()) });
/** No token can pass for one of these: tokens have digits. */
const reason = z.string().regex(/^[A-Z][A-Za-z]{2,59}$/);
/** In ms since 1970. */
const moment = z.int().min(0).max(8.64e15);
/** What Apple says of a token that is no more. Another 410 comes from somebody else, such as a proxy. */
const deaths: ReadonlySet<string> = new Set(['Unregistered', 'ExpiredToken']);
const failure = z.object({
  // A word in parentheses where there was no answer.
  status: z.union([z.number(), z.string()]).optional(),
  response: z.object({ reason, timestamp: moment.optional().catch(undefined) }).optional(),
  error: z.instanceof(Error).optional(),
});

const hints: Readonly<Record<string, string>> = {
  BadDeviceToken: 'the token is of the other environment than APNS_URL, or malformed',
  DeviceTokenNotForTopic: 'the token is of another app than APNS_TOPIC or the device names',
  TopicDisallowed: 'the key of APNS_KEY_FILE may not push to this topic: check APNS_TOPIC and APNS_TEAM_ID',
  MissingTopic: 'check APNS_TOPIC',
  BadTopic: 'check APNS_TOPIC',
  InvalidProviderToken: 'check APNS_KEY_FILE, APNS_KEY_ID and APNS_TEAM_ID, and the clock of this machine',
  ExpiredProviderToken: 'check the clock of this machine',
  MissingProviderToken: 'something on the way takes it out: check any proxy',
  TooManyProviderTokenUpdates: 'too many routers, or restarts, with the key of APNS_KEY_FILE',
  BadEnvironmentKeyInToken: 'the key of APNS_KEY_FILE is not for the environment of APNS_URL',
  BadEnvironmentKeyIdInToken: 'the key of APNS_KEY_FILE is not for the environment of APNS_URL',
  UnrelatedKeyIdInToken: 'APNs has seen another key on this connection: check APNS_KEY_ID and APNS_TEAM_ID',
  BadCertificate: 'check APNS_URL and any proxy',
  BadCertificateEnvironment: 'check APNS_URL',
  Forbidden: 'check APNS_KEY_FILE, APNS_KEY_ID and APNS_TEAM_ID',
};
/** What concerns every push to the topic of APNS_TOPIC. */
const ofTopic: ReadonlySet<string> = new Set(['TopicDisallowed', 'MissingTopic', 'BadTopic']);
/** What concerns every push, whatever the token and the topic. Of anything else, the others' pushes tell. */
const ofAll: ReadonlySet<string> = new Set([
  'InvalidProviderToken',
  'ExpiredProviderToken',
  'MissingProviderToken',
  'TooManyProviderTokenUpdates',
  'BadEnvironmentKeyInToken',
  'BadEnvironmentKeyIdInToken',
  'UnrelatedKeyIdInToken',
  'BadCertificate',
  'BadCertificateEnvironment',
  'Forbidden',
]);

export interface ApnsReading {
  readonly answer: Answer;
  /** `connection`: another connection may do better at once; `signature`: another one may, where there is one. */
  readonly cure: 'connection' | 'signature' | undefined;
}

interface ApnsCircumstances {
  /** From Retry-After. */
  readonly afterMs: number | undefined;
  /** No answer came, though the connection lives. */
  readonly isLate: boolean;
  /** Why there is no connection. */
  readonly fault: Error | undefined;
  /** The topic is that of the settings, not one that the device has named. */
  readonly isUsualTopic: boolean;
}

/** @param told what the library resolved with */
export function readApnsResponses(
  told: unknown,
  { afterMs, isLate, fault, isUsualTopic }: ApnsCircumstances,
): ApnsReading {
  const parsed = responses.safeParse(told).data;
  if (parsed?.sent.length === 1 && parsed.failed.length === 0)
    return { answer: { kind: 'delivered' }, cure: undefined };
  const { status, response, error } = failure.safeParse(parsed?.failed[0]).data ?? {};
  // Two answers the library turns into errors of its own.
  const word = response?.reason ?? reason.safeParse(error?.message).data;
  if (isLate) {
    // Apple has most likely taken it, and each that it takes is a call on the screen.
    return { answer: { kind: 'failed', reason: lateReason('APNs') }, cure: undefined };
  }
  if (typeof status !== 'number') {
    const answer = connectionFailed('APNs', wireFault(fault) ?? wireFault(error));
    return { answer, cure: answer.kind === 'again' ? 'connection' : undefined };
  }

  if (status === 410 && word !== undefined && deaths.has(word)) {
    const answer = { kind: 'dead-token', reason: word, sinceMs: response?.timestamp } as const;
    return { answer, cure: undefined };
  }
  const code = word ?? `HTTP ${status}`;
  const concernsAll = ofAll.has(code) || (isUsualTopic && ofTopic.has(code));
  const hint = hints[code] ?? 'not an answer to a push that is well formed: check APNS_URL and any proxy';
  if (status === 429 && concernsAll) {
    return { answer: { kind: 'again', reason: `APNs: ${code} (${hint})`, afterMs, refused: 'all' }, cure: undefined };
  }
  if (status === 429 || status === 408 || status >= 500) {
    const answer = { kind: 'again', reason: `APNs: ${code}`, afterMs } as const;
    return { answer: status === 429 ? { ...answer, ofToken: true } : answer, cure: undefined };
  }
  const cure = code === 'ExpiredProviderToken' || code === 'InvalidProviderToken' ? 'signature' : undefined;
  const concerns = concernsAll ? ({ concerns: 'all' } as const) : {};
  return { answer: { kind: 'our-fault', reason: `APNs: ${code} (${hint})`, ...concerns }, cure };
}
