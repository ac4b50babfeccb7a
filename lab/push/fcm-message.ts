/**
 * The rules by which FCM judges a message, as its reference states them, narrowed to the fields that a data message to one Android device has.
 * A message that Google would refuse must never pass here.
 */
import { z } from 'zod';

const maxDataBytes = 4096;

const dataMessage = z.strictObject({
  message: z.strictObject({
    token: z.string().min(1),
    data: z
      .record(z.string().regex(/^(?!from$|message_type$|collapse_key$|google|gcm)/, 'reserved key'), z.string())
      .refine((data) => Buffer.byteLength(JSON.stringify(data)) <= maxDataBytes, 'Android message is too big'),
    android: z.strictObject({
      priority: z.enum(['high', 'normal', 'HIGH', 'NORMAL']),
      ttl: z.string().regex(/^\d{1,7}(\.\d{1,9})?s$/, 'Invalid TTL'),
    }),
  }),
});

export type FcmMessage = z.infer<typeof dataMessage>['message'];

/** The message, or what is wrong with it. */
export function judgeMessage(body: unknown): { readonly message: FcmMessage } | { readonly wrong: string } {
  const parsed = dataMessage.safeParse(body);
  if (parsed.success) return { message: parsed.data.message };
  return { wrong: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') };
}

/** An error as Google's APIs put it. */
export function googleError(status: number, code: string, message = code): object {
  const canonical: Readonly<Record<number, string>> = {
    400: 'INVALID_ARGUMENT',
    401: 'UNAUTHENTICATED',
    403: 'PERMISSION_DENIED',
    404: 'NOT_FOUND',
    429: 'RESOURCE_EXHAUSTED',
    500: 'INTERNAL',
    503: 'UNAVAILABLE',
  };
  const name = canonical[status] ?? 'UNKNOWN';
  const detail = { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code };
  return { error: { code: status, message, status: name, ...(code === name ? {} : { details: [detail] }) } };
}
