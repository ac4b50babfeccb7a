/**
 * Reads what node-apn tells of one push and says what it means. A token is dead only where Apple says that it is no more; a token that Apple does
 * not know at all points to our own environment or topic, and stays.
 */
import { z } from 'zod';
import { type Answer, connectionFailed, wireFault } from './answer.ts';

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
  BadEnvironmentKeyInToken: 'the key of APNS_KEY_FILE is not for the environment of APNS_URL',
};

export interface ApnsReading {
  readonly answer: Answer;
  /** `connection`: another connection may do better at once; `token`: the library has just signed another token for us. */
  readonly cure: 'connection' | 'token' | undefined;
}

/** @param told what the library resolved with. @param afterMs from Retry-After. @param fault why there is no connection */
export function readApnsResponses(told: unknown, afterMs: number | undefined, fault: Error | undefined): ApnsReading {
  const parsed = responses.safeParse(told).data;
  if (parsed?.sent.length === 1 && parsed.failed.length === 0)
    return { answer: { kind: 'delivered' }, cure: undefined };
  const { status, response, error } = failure.safeParse(parsed?.failed[0]).data ?? {};
  // Two answers the library turns into errors of its own.
  const word = response?.reason ?? reason.safeParse(error?.message).data;
  if (typeof status !== 'number') {
    const answer = connectionFailed('APNs', wireFault(fault) ?? wireFault(error));
    return { answer, cure: answer.kind === 'again' ? 'connection' : undefined };
  }

  if (status === 410 && word !== undefined && deaths.has(word)) {
    const answer = { kind: 'dead-token', reason: word, sinceMs: response?.timestamp } as const;
    return { answer, cure: undefined };
  }
  const code = word ?? `HTTP ${status}`;
  if (status === 429 || status === 408 || status >= 500) {
    const answer = { kind: 'again', reason: `APNs: ${code}`, afterMs } as const;
    return { answer: status === 429 ? { ...answer, ofToken: true } : answer, cure: undefined };
  }
  const hint = hints[code] ?? 'not an answer to a push that is well formed: check APNS_URL and any proxy';
  const cure = code === 'ExpiredProviderToken' ? 'token' : undefined;
  return { answer: { kind: 'our-fault', reason: `APNs: ${code} (${hint})` }, cure };
}
