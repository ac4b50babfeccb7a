/**
 * What requests may say: ids, the bodies of users and devices, the limit of a list. Everything from outside passes here, once; unknown fields
 * are refused by name. It must never repeat a value in its messages: a token could be among them.
 */
import { z } from 'zod';
import { MOST_ENDPOINTS } from '../call/endpoint-names.ts';
import type { DeviceRegistration, User } from '../call/ports.ts';
import { type InputFault, invalidInput, Problem } from './problem.ts';

/** `.` and `..` are left out: a client's URL library would resolve them away. */
const id = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$/, 'must be 1 to 128 letters, digits, dots, underscores or hyphens');

const isName = (text: string): boolean => /^PJSIP\/[A-Za-z0-9._-]{1,80}$/.test(text);
const isChanSip = (text: string): boolean => /(^|&)SIP\//i.test(text);

const endpoints = z
  .string()
  .refine((text) => !isChanSip(text), 'SIP/ is chan_sip, which this router does not ring: only PJSIP/<name>')
  .refine(
    (text) => isChanSip(text) || text.split('&').every(isName),
    'must be PJSIP/<name>, the name with 1 to 80 letters, digits, dots, underscores or hyphens; several are joined by &, without blanks',
  )
  .refine((text) => text.split('&').length <= MOST_ENDPOINTS, `must be at most ${MOST_ENDPOINTS} endpoints`)
  .refine((text) => new Set(text.split('&')).size === text.split('&').length, 'must name each endpoint once');

/** Absent and null alike mean none: PUT replaces the whole. */
const orNone = <T>(schema: z.ZodType<T>) => schema.nullish().transform((value) => value ?? undefined);

const userBody = z.strictObject({
  ringingDevice: z.enum(['WebApp', 'MobileApp', 'WebAppAndMobileApp']),
  mobileEndpoint: orNone(endpoints),
  webAppEndpoint: orNone(endpoints),
});

const token = z.string().regex(/^[\x21-\x7e]{1,4096}$/, 'must be 1 to 4096 visible ASCII characters, without spaces');
const text = (most: number) =>
  orNone(
    z
      .string()
      // Half a surrogate pair could not be stored as it is.
      .regex(
        new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${most}}$`, 'u'),
        `must be 1 to ${most} characters, none of them a control`,
      ),
  );

const deviceBody = z
  .strictObject({
    platform: z.enum(['android', 'ios']),
    token,
    alertToken: orNone(token),
    appId: orNone(
      z.string().regex(/^[A-Za-z0-9._-]{1,155}$/, 'must be 1 to 155 letters, digits, dots, underscores or hyphens'),
    ),
    osVersion: text(64),
    model: text(128),
    language: orNone(z.string().regex(/^[A-Za-z0-9_-]{1,35}$/, 'must be a language tag such as fr-FR')),
  })
  .superRefine(({ platform, token: main, alertToken }, context) => {
    const wrong = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (platform === 'android') {
      if (alertToken !== undefined) wrong('alertToken', 'is for ios only: an Android app has one token');
      return;
    }
    const hex = /^(?:[0-9a-fA-F]{2}){32,100}$/;
    if (!hex.test(main)) wrong('token', 'must be 64 to 200 hexadecimal digits for ios: the VoIP token');
    if (alertToken !== undefined && !hex.test(alertToken)) wrong('alertToken', 'must be 64 to 200 hexadecimal digits');
    if (alertToken === main) wrong('alertToken', 'is the same as token: the VoIP token and the ordinary one differ');
  });

const callsQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'must be a number from 1 to 1000')
    .default('50')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 1_000, 'must be a number from 1 to 1000'),
});

/** @throws Problem 422 */
export function checkedId(name: string, value: string): string {
  return checked('path', z.object({ [name]: id }), { [name]: value })[name] ?? '';
}

/** @throws Problem 422 */
export function checkedUser(userId: string, body: unknown): User {
  return { userId, ...checked('body', userBody, object(body)) };
}

/** @throws Problem 422 */
export function checkedDevice(userId: string, deviceId: string, body: unknown): DeviceRegistration {
  return { userId, deviceId, ...checked('body', deviceBody, object(body)) };
}

/** @throws Problem 422 */
export function checkedLimit(query: URLSearchParams): number {
  const given = [...query.keys()].map((name) => [name, query.getAll(name).join(' ')]);
  return checked('query', callsQuery, Object.fromEntries(given)).limit;
}

function object(body: unknown): unknown {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  throw new Problem('invalid-input', 'The body must be a JSON object.');
}

const mostFaults = 20;
const shortened = (name: string): string => (name.length > 64 ? `${name.slice(0, 64)}…` : name);

function checked<T>(where: InputFault['in'], schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const faults = result.error.issues.flatMap((issue): InputFault[] => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => fault(where, [key], 'is not known here'));
    const missing = issue.code !== 'custom' && issue.input === undefined;
    return [fault(where, issue.path, missing ? 'is missing' : issue.message)];
  });
  throw invalidInput(faults.slice(0, mostFaults));
}

function fault(where: InputFault['in'], path: readonly PropertyKey[], detail: string): InputFault {
  const steps = path.map((step) => shortened(String(step)));
  const pointer = steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return { in: where, name: steps.join('.'), ...(where === 'body' ? { pointer: `#${pointer}` } : {}), detail };
}
