/**
 * Reads what FCM answered and says what it means for the push. Only a plain word of FCM's own that the token is no more makes it dead: a strange
 * answer, from a proxy or a wrong URL, never does, nor does one about a project that is no more.
 */
import { z } from 'zod';
import { type Answer, connectionFailed, retryAfterMs, wireFault } from '../push-service.ts';
import type { LinkAnswer } from './connection.ts';

/** What FCM calls a message that it has taken. */
const taken = z.object({ name: z.string().regex(/^projects\/[^/\s]+\/messages\/\S+$/) });
const word = z
  .string()
  .regex(/^[A-Z_]{1,60}$/)
  .optional()
  .catch(undefined);
const googleError = z.object({
  error: z.object({
    status: word,
    details: z.array(z.object({ '@type': z.string().optional(), errorCode: word })).catch([]),
  }),
});

const hints: Readonly<Record<string, string>> = {
  INVALID_ARGUMENT: 'FCM knows no such token, or the message is wrong',
  NOT_FOUND: 'FCM knows no such Firebase project: check FCM_CREDENTIALS_FILE',
  SENDER_ID_MISMATCH: 'the token belongs to another Firebase project than FCM_CREDENTIALS_FILE',
  PERMISSION_DENIED: 'the service account of FCM_CREDENTIALS_FILE may not send',
  UNAUTHENTICATED: 'FCM refuses the access token of FCM_CREDENTIALS_FILE',
  THIRD_PARTY_AUTH_ERROR: "the Firebase project lacks Apple's or the web push key for this token",
  QUOTA_EXCEEDED: 'the Firebase project, or this phone, gets more messages than FCM allows',
};
/** What concerns every push, whatever the token. Of anything else, the others' pushes tell. */
const ofAll: ReadonlySet<string> = new Set(['NOT_FOUND', 'PERMISSION_DENIED', 'UNAUTHENTICATED']);

export interface FcmReading {
  readonly answer: Answer;
  /** `connection`: another connection may do better at once; `token`: another access token may. */
  readonly cure: 'connection' | 'token' | undefined;
}

/** The connection has failed, or the answer has none of HTTP/2's shape. */
export function readFcmFault(error: unknown): FcmReading {
  const fault = wireFault(error);
  const answer = connectionFailed('FCM', fault);
  // Where it lives, another one would not do better.
  const mayHelp = answer.kind === 'again' && fault?.code !== 'ENOANSWER';
  return { answer, cure: mayHelp ? 'connection' : undefined };
}

/** @param wallMs ms since 1970 */
export function readFcmAnswer({ status, retryAfter, body }: LinkAnswer, wallMs: number): FcmReading {
  const said = parsed(body);
  if (status === 200 && taken.safeParse(said).success) return { answer: { kind: 'delivered' }, cure: undefined };
  const fault = googleError.safeParse(said).data?.error;
  const code = fault?.details.find((detail) => detail['@type']?.endsWith('FcmError'))?.errorCode ?? fault?.status;
  const isRefusal = status >= 400 && status < 500;
  if (isRefusal && code === 'UNREGISTERED') {
    return { answer: { kind: 'dead-token', reason: 'UNREGISTERED', sinceMs: undefined }, cure: undefined };
  }
  const told = code ?? `HTTP ${status}`;
  if (status === 429 || status === 408 || status >= 500 || status < 400) {
    const afterMs = retryAfterMs(retryAfter, wallMs);
    if (status === 429) {
      const reason = `FCM: ${told} (${hints.QUOTA_EXCEEDED})`;
      return { answer: { kind: 'again', reason, afterMs, refused: 'some' }, cure: undefined };
    }
    const reason = status < 400 ? `FCM: the answer makes no sense (HTTP ${status})` : `FCM: ${told}`;
    return { answer: { kind: 'again', reason, afterMs }, cure: undefined };
  }
  const hint = hints[told] ?? 'not an answer that FCM is known to give: check FCM_URL and any proxy';
  const cure = status === 401 && code !== 'THIRD_PARTY_AUTH_ERROR' ? 'token' : undefined;
  const concerns = ofAll.has(told) ? ({ concerns: 'all' } as const) : {};
  return { answer: { kind: 'our-fault', reason: `FCM: ${told} (${hint})`, ...concerns }, cure };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
