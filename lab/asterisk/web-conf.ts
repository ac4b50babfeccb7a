/**
 * What Asterisk needs for browsers, where a test asks for it: SIP over wss with a certificate of the lab's own, and endpoints that speak ICE and DTLS-SRTP.
 * It must never change how an Asterisk behaves that was not asked to have it.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificates } from '../push/certificate.ts';

export interface WebSettings {
  /** Where the certificate's file lies. */
  readonly folder: string;
  /** The port of wss, on loopback. */
  readonly port: number;
}

export const WEB_MODULES = 'res_pjsip_transport_websocket res_pjsip_refer';

export const WEB_TRANSPORT = `
[transport-wss]
type=transport
protocol=wss
bind=127.0.0.1
`;

const CERTIFICATE = 'web.pem';

/** Writes the certificate that browsers are shown. */
export async function writeWebCertificate({ folder }: WebSettings): Promise<void> {
  const { cert, key } = makeCertificates();
  await writeFile(join(folder, CERTIFICATE), `${cert}${key}`, { mode: 0o600 });
}

/** Lines of http.conf. */
export function renderWeb({ folder, port }: WebSettings): string {
  const file = join(folder, CERTIFICATE);
  return `tlsenable=yes\ntlsbindaddr=127.0.0.1:${port}\ntlscertfile=${file}\ntlsprivatekey=${file}\n`;
}

/** Text behind pjsip.conf that makes an endpoint a browser's, as XiVO's are: what a browser writes as its contact is no address. */
export function browserEndpoint(name: string): string {
  return `[${name}](+type=endpoint)
webrtc=yes
transport=transport-wss
rewrite_contact=yes
`;
}
