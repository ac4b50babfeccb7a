/**
 * What each setting's value may be. A check that fails says in one message what is wrong and, after a bar, what to do about it.
 * It must never let through a value that some part of the router would have to check again.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { SettingName } from './settings.ts';

/** A schema's message is `what is wrong|what to do`. */
const fault = (wrong: string, cure: string): { error: string } => ({ error: `${wrong}|${cure}` });
const unset = (cure = 'Set it'): { error: string } => fault('is not set', cure);

const port = z
  .string()
  .regex(/^\d{1,5}$/, fault('is not a port', 'Give a number from 0 to 65535'))
  .transform(Number)
  .refine((value) => value <= 65_535, fault('is not a port', 'Give a number from 0 to 65535'));
/** An address, or a name made of labels. */
const host = z
  .string()
  .refine(
    (text) => isIP(text) > 0 || /^(?=.{1,253}$)\w[\w-]{0,62}(\.\w[\w-]{0,62})*\.?$/.test(text),
    fault('is not an address or host name', 'Give one without scheme and port'),
  );
const path = z
  .string()
  .max(4096, fault('is too long', 'Give a path of at most 4096 characters'))
  .refine((text) => !text.includes('\0'), fault('has a NUL in it', 'Give a path'));
const tenCharacters = z
  .string()
  .regex(/^[A-Za-z0-9]{10}$/, fault('is not 10 letters and digits', "Copy it from Apple's developer site"));

/** What a URL parser would quietly drop or move: a URL that is put together from the text must mean what the text says. */
const notInUrl = /[\s\p{Cc}?#@\\]/u;

/** A URL without credentials, query and fragment. */
const url = (protocols: readonly string[], example: string) =>
  z.string().refine(
    (text) => {
      const parsed = URL.parse(text);
      return parsed !== null && protocols.includes(parsed.protocol) && !notInUrl.test(text);
    },
    fault(
      `is not a URL with ${protocols.join(' or ')} and without user, password and query`,
      `Give one such as ${example}`,
    ),
  );
const origin = (example: string) =>
  url(['https:'], example)
    .refine((text) => (URL.parse(text)?.pathname ?? '/') === '/', fault('has a path', `Give ${example}`))
    .transform((text) => new URL(text).origin);

/** What each setting may be, and what it becomes. */
export const settingChecks = z.object({
  ARI_URL: url(['http:', 'https:'], 'http://127.0.0.1:5039/ari').transform((text) => {
    const { origin, pathname } = new URL(text);
    return `${origin}${pathname.replace(/\/+$/, '').replace(/\/ari$/, '')}/ari`;
  }),
  ARI_USERNAME: z
    .string(unset('Give the user that ari.conf has for the router'))
    .regex(/^[^\s:]{1,128}$/, fault('has a space or a colon', 'Give the name of the section in ari.conf')),
  ARI_PASSWORD: z
    .string(unset("Give the password of the router's user in ari.conf"))
    .regex(/^[^\p{Cc}\ufffd]*$/u, fault('has a control character or is no UTF-8', 'Give the password of ari.conf')),
  ARI_APP: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, fault('is no application name', 'Use 1 to 64 letters, digits, . _ -')),
  XIVO_GLOBALS_FILE: path,
  HTTP_HOST: host,
  HTTP_PORT: port,
  API_KEY: z
    .string(unset('Make one with `openssl rand -hex 32`'))
    .regex(
      /^[\x21-\x7e]{16,256}$/,
      fault('is not 16 to 256 visible ASCII characters', 'Make one with `openssl rand -hex 32`'),
    ),
  API_KEYS_FILE: path.optional(),
  AGI_HOST: host,
  AGI_PORT: port,
  DATABASE_URL: z
    .string()
    .refine(
      (text) => !/^postgres(ql)?:/.test(text),
      fault('names PostgreSQL, which is not supported yet', 'Give sqlite:<file>'),
    )
    .refine(
      (text) => /^postgres(ql)?:/.test(text) || /^sqlite:\P{Cc}+$/u.test(text),
      fault('is no database URL', 'Give sqlite:<file>, such as sqlite:/var/lib/xivo-mapp/xivo-mapp.sqlite'),
    ),
  FCM_CREDENTIALS_FILE: path.optional(),
  FCM_URL: origin('https://push.example.org').optional(),
  APNS_KEY_FILE: path.optional(),
  APNS_KEY_ID: tenCharacters.optional(),
  APNS_TEAM_ID: tenCharacters.optional(),
  APNS_TOPIC: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,155}$/, fault('is no bundle id', 'Give one such as org.example.app'))
    .refine((text) => !text.endsWith('.voip'), fault('ends in .voip', 'Give the bundle id alone; .voip is added'))
    .optional(),
  APNS_URL: origin('https://api.push.apple.com'),
  LOG_LEVEL: z.enum(['error', 'warn', 'info', 'debug'], fault('is no level', 'Give error, warn, info or debug')),
} satisfies Record<SettingName, z.ZodType>);
