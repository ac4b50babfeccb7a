/**
 * From the environment to a frozen Config, checked once at the start. Whatever is wrong is told all at once, each fault with its variable and
 * its cure. It must never read `process` by itself, guess at a value that it does not understand, or print a secret.
 */
import { readFileSync } from 'node:fs';
import { type NamedKey, readKeys } from './api-keys.ts';
import { settingChecks } from './setting-checks.ts';
import { type SettingName, settings } from './settings.ts';

/** What main exits with on a ConfigError: EX_CONFIG of sysexits.h. */
export const configExitStatus = 78;

export interface ConfigFault {
  readonly variable: string;
  readonly wrong: string;
  readonly cure: string;
}

/** All that is wrong with the environment. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];
  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map(({ variable, wrong, cure }) => `  ${variable}: ${wrong}. ${cure}.`);
    super([`${faults.length} setting${faults.length === 1 ? ' is' : 's are'} wrong:`, ...lines].join('\n'));
    this.faults = faults;
  }
}

export interface Config {
  /** `url` ends in /ari, without a slash after it. */
  readonly ari: { readonly url: string; readonly username: string; readonly password: string; readonly app: string };
  readonly globalsFile: string;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly apiKey: string;
    readonly keys: readonly NamedKey[];
  };
  readonly agi: { readonly host: string; readonly port: number };
  readonly databaseUrl: string;
  /** Undefined: Android devices cannot be woken. `url` undefined: Google's own servers. */
  readonly fcm: { readonly credentialsFile: string; readonly url: string | undefined } | undefined;
  /** Undefined: iPhones cannot be woken. */
  readonly apns:
    | {
        readonly keyFile: string;
        readonly keyId: string;
        readonly teamId: string;
        readonly topic: string;
        readonly url: string;
      }
    | undefined;
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
}

/** The environment as main has it: a plain record. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with what a file of credentials holds, by whoever speaks with it. The file can be read, and is not empty. */
type CredentialsCheck = (variable: 'FCM_CREDENTIALS_FILE' | 'APNS_KEY_FILE', file: string) => readonly ConfigFault[];

/**
 * Checks the environment, and the credentials that it names. An empty value counts as unset.
 * @throws ConfigError with all faults
 */
export function readConfig(environment: Environment, faultsOfCredentials: CredentialsCheck): Config {
  const faults: ConfigFault[] = [];
  const given = gather(environment, faults);
  const withFallbacks = Object.fromEntries(settings.map(({ name, fallback }) => [name, given.get(name) ?? fallback]));
  const parsed = settingChecks.safeParse(withFallbacks);
  for (const issue of parsed.error?.issues ?? []) {
    const variable = String(issue.path[0]);
    const [wrong = 'is wrong', cure = 'Correct it'] = issue.message.split('|');
    const told = faults.some((known) => known.variable === variable || known.variable === `${variable}_FILE`);
    if (!told) faults.push({ variable, wrong, cure });
  }
  checkGroup(given, ['FCM_CREDENTIALS_FILE'], ['FCM_URL'], faults);
  checkGroup(given, ['APNS_KEY_FILE', 'APNS_KEY_ID', 'APNS_TEAM_ID', 'APNS_TOPIC'], ['APNS_URL'], faults);
  for (const name of ['FCM_CREDENTIALS_FILE', 'APNS_KEY_FILE'] as const) {
    const file = given.get(name);
    if (file !== undefined && readable(file, name, faults) !== undefined)
      faults.push(...faultsOfCredentials(name, file));
  }
  const keys = keysOf(given, faults);
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);

  const v = parsed.data;
  const config: Config = {
    ari: { url: v.ARI_URL, username: v.ARI_USERNAME, password: v.ARI_PASSWORD, app: v.ARI_APP },
    globalsFile: v.XIVO_GLOBALS_FILE,
    http: { host: v.HTTP_HOST, port: v.HTTP_PORT, apiKey: v.API_KEY, keys },
    agi: { host: v.AGI_HOST, port: v.AGI_PORT },
    databaseUrl: v.DATABASE_URL,
    fcm: v.FCM_CREDENTIALS_FILE === undefined ? undefined : { credentialsFile: v.FCM_CREDENTIALS_FILE, url: v.FCM_URL },
    apns:
      v.APNS_KEY_FILE && v.APNS_KEY_ID && v.APNS_TEAM_ID && v.APNS_TOPIC
        ? {
            keyFile: v.APNS_KEY_FILE,
            keyId: v.APNS_KEY_ID,
            teamId: v.APNS_TEAM_ID,
            topic: v.APNS_TOPIC,
            url: v.APNS_URL,
          }
        : undefined,
    logLevel: v.LOG_LEVEL,
  };
  for (const part of Object.values(config)) Object.freeze(part);
  return Object.freeze(config);
}

/** The same, fit for the log: without passwords and keys. */
export function redacted(config: Config): Readonly<Record<string, unknown>> {
  return {
    ...config,
    ari: { ...config.ari, password: '(set)' },
    http: { ...config.http, apiKey: '(set)', keys: config.http.keys.map(({ name, scope }) => `${name} (${scope})`) },
  };
}

/** What is set, with secrets fetched from their files. */
function gather(environment: Environment, faults: ConfigFault[]): Map<SettingName, string> {
  const given = new Map<SettingName, string>();
  for (const { name, fallback, secret } of settings) {
    const value = environment[name] || undefined;
    const file = secret ? environment[`${name}_FILE`] || undefined : undefined;
    if (value !== undefined && file !== undefined)
      faults.push({ variable: name, wrong: `and ${name}_FILE are both set`, cure: 'Keep one of them' });
    const held = value ?? (file === undefined ? undefined : readable(file, `${name}_FILE`, faults)?.trimEnd());
    if (held && held !== fallback) given.set(name, held);
  }
  return given;
}

/** The keys beside API_KEY. */
function keysOf(given: ReadonlyMap<SettingName, string>, faults: ConfigFault[]): readonly NamedKey[] {
  const file = given.get('API_KEYS_FILE');
  const text = file === undefined ? undefined : readable(file, 'API_KEYS_FILE', faults);
  const { keys, faults: wrong } = readKeys(text ?? '', [given.get('API_KEY') ?? '']);
  for (const one of wrong)
    faults.push({ variable: 'API_KEYS_FILE', wrong: `line ${one.line} of ${file} ${one.wrong}`, cure: one.cure });
  return keys;
}

function readable(file: string, variable: string, faults: ConfigFault[]): string | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.trim() !== '') return text;
    faults.push({ variable, wrong: `names a file that is empty (${file})`, cure: 'Write the value into it' });
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    faults.push({
      variable,
      wrong: `names a file that cannot be read (${file}: ${why})`,
      cure: 'Give a path that exists and that the service may read',
    });
  }
  return undefined;
}

/** A platform is configured wholly or not at all. */
function checkGroup(
  given: ReadonlyMap<SettingName, string>,
  needed: readonly SettingName[],
  optional: readonly SettingName[],
  faults: ConfigFault[],
): void {
  const present = [...needed, ...optional].filter((name) => given.has(name));
  if (present.length === 0) return;
  for (const name of needed.filter((one) => !given.has(one)))
    faults.push({
      variable: name,
      wrong: `is not set, though ${present.join(', ')} ${present.length === 1 ? 'is' : 'are'}`,
      cure: `Set it, or unset ${present.join(', ')}`,
    });
}
