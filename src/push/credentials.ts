/**
 * The keys with which we speak to the push services, read from their files and checked before the first call needs them. What is wrong is told by
 * setting, with its cure. This file must never put a key, or a piece of one, into an error.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** One wrong setting, in the shape in which the configuration tells its own. */
export interface PushFault {
  readonly variable: string;
  readonly wrong: string;
  readonly cure: string;
}

/** What is wrong with the settings of the push services. */
export class PushSettingsError extends Error {
  override readonly name = 'PushSettingsError';
  readonly faults: readonly PushFault[];
  constructor(faults: readonly PushFault[]) {
    super(faults.map(({ variable, wrong, cure }) => `${variable}: ${wrong}. ${cure}.`).join('\n'));
    this.faults = faults;
  }
}

export interface ServiceAccount {
  readonly projectId: string;
  readonly clientEmail: string;
  /** PEM. */
  readonly privateKey: string;
}

const serviceAccountFile = z.object({
  type: z.literal('service_account'),
  project_id: z.string().regex(/^[a-z0-9][a-z0-9.:-]*$/),
  client_email: z.email(),
  private_key: z.string().includes('-----BEGIN'),
});

/** @throws PushSettingsError */
export function readServiceAccount(file: string): ServiceAccount {
  const variable = 'FCM_CREDENTIALS_FILE';
  const cure = 'Give the JSON key of a service account, from the Firebase console: Project settings, Service accounts';
  const text = readText(file, variable, cure);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new PushSettingsError([{ variable, wrong: `names a file that is no JSON (${file})`, cure }]);
  }
  const parsed = serviceAccountFile.safeParse(json);
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole'))].join(', ');
    throw new PushSettingsError([{ variable, wrong: `names no service account (${file}: wrong: ${fields})`, cure }]);
  }
  const { project_id: projectId, client_email: clientEmail, private_key: privateKey } = parsed.data;
  if (keyOf(privateKey)?.asymmetricKeyType !== 'rsa') {
    throw new PushSettingsError([{ variable, wrong: `holds a private_key that is no RSA key (${file})`, cure }]);
  }
  return { projectId, clientEmail, privateKey };
}

/** Apple's .p8 file, as PEM. @throws PushSettingsError */
export function readSigningKey(file: string): string {
  const variable = 'APNS_KEY_FILE';
  const cure = "Give the .p8 file of a key for Apple Push Notifications, from Apple's developer site: Keys";
  const pem = readText(file, variable, cure);
  if (keyOf(pem)?.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new PushSettingsError([{ variable, wrong: `holds no key on the curve P-256 (${file})`, cure }]);
  }
  return pem;
}

/** What is wrong with a file of credentials, for whoever tells all faults of all settings at once. */
export function credentialFaults(
  variable: 'FCM_CREDENTIALS_FILE' | 'APNS_KEY_FILE',
  file: string,
): readonly PushFault[] {
  try {
    if (variable === 'APNS_KEY_FILE') readSigningKey(file);
    else readServiceAccount(file);
    return [];
  } catch (error) {
    if (error instanceof PushSettingsError) return error.faults;
    throw error;
  }
}

/** The server behind a URL setting. @throws PushSettingsError */
export function readServer(url: string, variable: string): URL {
  const server = URL.parse(url);
  if (server?.protocol === 'https:' && server.pathname === '/' && server.username === '') return server;
  const cure = 'Give https://host or https://host:port';
  throw new PushSettingsError([{ variable, wrong: 'is no https URL without a path', cure }]);
}

function readText(file: string, variable: string, cure: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new PushSettingsError([{ variable, wrong: `names a file that cannot be read (${file}: ${why})`, cure }]);
  }
}

function keyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
