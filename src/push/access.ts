/**
 * How the push services are reached: the settings, read and checked at the start, so that what is wrong with them is told before any call. It must
 * load none of the libraries that speak to the services: these come later, by lazy-service.ts.
 */
import { readServer, readServiceAccount, readSigningKey, type ServiceAccount } from './credentials.ts';

export interface FcmSettings {
  /** JSON key file of a service account. */
  readonly credentialsFile: string;
  /** `https://host:port` of a server in place of Google's, for access token and push alike. */
  readonly url?: string | undefined;
  /** PEM: the authority trusted in place of the well-known ones. */
  readonly ca?: string | undefined;
}

export interface FcmAccess {
  readonly account: ServiceAccount;
  /** In place of Google's. */
  readonly server: URL | undefined;
  readonly ca: string | undefined;
}

export interface ApnsSettings {
  /** Apple's .p8 file. */
  readonly keyFile: string;
  readonly keyId: string;
  readonly teamId: string;
  /** The app's bundle id, where a device names no other. */
  readonly topic: string;
  /** `https://host:port`; Apple's production host where left out. */
  readonly url?: string | undefined;
  /** PEM: the authority trusted in place of the well-known ones. */
  readonly ca?: string | undefined;
}

export interface ApnsAccess extends Pick<ApnsSettings, 'keyId' | 'teamId' | 'topic'> {
  /** PEM. */
  readonly key: string;
  readonly server: URL;
  readonly ca: string | undefined;
}

/** @throws PushSettingsError */
export function fcmAccess({ credentialsFile, url, ca }: FcmSettings): FcmAccess {
  const account = readServiceAccount(credentialsFile);
  return { account, server: url === undefined ? undefined : readServer(url, 'FCM_URL'), ca };
}

/** @throws PushSettingsError */
export function apnsAccess({ keyFile, keyId, teamId, topic, url, ca }: ApnsSettings): ApnsAccess {
  const key = readSigningKey(keyFile);
  return { key, keyId, teamId, topic, server: readServer(url ?? 'https://api.push.apple.com', 'APNS_URL'), ca };
}
