/**
 * Both push services of the lab, with fresh keys and certificates, and the environment that leads a router to them. It must never leave its
 * temporary folder or a port behind.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApnsServer } from './apns-server.ts';
import { type LoopbackCertificates, makeCertificates } from './certificate.ts';
import { FcmServer } from './fcm-server.ts';

export interface PushServices {
  readonly fcm: FcmServer;
  readonly apns: ApnsServer;
  /** FCM_*, APNS_* and NODE_EXTRA_CA_CERTS for a router in a process of its own. */
  readonly environment: Readonly<Record<PushVariable, string>>;
  /** PEM: the authority, for a router in this process. */
  readonly ca: string;
  /** What both servers show. */
  readonly certificates: LoopbackCertificates;
  close(): Promise<void>;
}

type PushVariable =
  | 'FCM_CREDENTIALS_FILE'
  | 'FCM_URL'
  | 'APNS_KEY_FILE'
  | 'APNS_KEY_ID'
  | 'APNS_TEAM_ID'
  | 'APNS_TOPIC'
  | 'APNS_URL'
  | 'NODE_EXTRA_CA_CERTS';

export const bundleId = 'eu.example.softphone';
/** Another app that the same key may push to. */
export const otherBundleId = 'eu.example.softphone.beta';
const projectId = 'lab-softphone';
const clientEmail = `pusher@${projectId}.iam.gserviceaccount.com`;
const keyId = 'LABKEY1234';
const teamId = 'LABTEAM123';

export async function startPushServices(): Promise<PushServices> {
  const certificates = makeCertificates();
  const google = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const apple = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const fcm = new FcmServer(certificates, { projectId, clientEmail, publicKey: google.publicKey });
  const apns = new ApnsServer(certificates, {
    keyId,
    teamId,
    topics: [bundleId, otherBundleId],
    publicKey: apple.publicKey,
  });

  const folder = await mkdtemp(join(tmpdir(), 'xivo-mapp-push-'));
  const write = async (name: string, text: string) => {
    const file = join(folder, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  const [fcmUrl, apnsUrl] = await Promise.all([fcm.connections.listen(), apns.connections.listen()]);
  const account = {
    type: 'service_account',
    project_id: projectId,
    private_key_id: 'lab',
    private_key: google.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: clientEmail,
    client_id: '1',
    token_uri: 'https://oauth2.googleapis.com/token',
  };
  return {
    fcm,
    apns,
    ca: certificates.ca,
    certificates,
    environment: {
      FCM_CREDENTIALS_FILE: await write('service-account.json', JSON.stringify(account, null, 2)),
      FCM_URL: fcmUrl,
      APNS_KEY_FILE: await write('apns-key.p8', apple.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
      APNS_KEY_ID: keyId,
      APNS_TEAM_ID: teamId,
      APNS_TOPIC: bundleId,
      APNS_URL: apnsUrl,
      NODE_EXTRA_CA_CERTS: await write('authority.pem', certificates.ca),
    },
    async close() {
      await Promise.all([fcm.close(), apns.close()]);
      await rm(folder, { recursive: true });
    },
  };
}
