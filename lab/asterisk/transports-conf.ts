/**
 * Further transports of SIP, where a test asks for them: TCP and UDP of IPv6 and TCP on the port of the first one, TLS on
 * a port of its own, and WebSockets on the port of ARI. It must never change how an Asterisk behaves that was not asked.
 */
import { writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../push/certificate.ts';

export interface TransportSettings {
  /** Where the certificate's file lies. */
  readonly folder: string;
  readonly sipPort: number;
  readonly tlsPort: number;
}

export const TRANSPORT_MODULES = 'res_pjsip_transport_websocket';

const CERTIFICATE = 'sip.pem';

/** Whether this machine's loopback has IPv6. */
export const HAS_IPV6 = (networkInterfaces().lo ?? []).some(({ address }) => address === '::1');

/** Writes the certificate that phones are shown. */
export async function writeSipCertificate({ folder }: TransportSettings): Promise<void> {
  const { cert, key } = makeCertificates();
  await writeFile(join(folder, CERTIFICATE), `${cert}${key}`, { mode: 0o600 });
}

/** Text behind pjsip.conf. */
export function renderTransports({ folder, sipPort, tlsPort }: TransportSettings): string {
  const file = join(folder, CERTIFICATE);
  const binds = {
    tcp: ['tcp', `127.0.0.1:${sipPort}`],
    tls: ['tls', `127.0.0.1:${tlsPort}\ncert_file=${file}\npriv_key_file=${file}\nmethod=tlsv1_2`],
    ws: ['ws', '127.0.0.1'],
    ...(HAS_IPV6 ? { udp6: ['udp', `[::1]:${sipPort}`], tcp6: ['tcp', `[::1]:${sipPort}`] } : {}),
  };
  const sections = Object.entries(binds).map(
    ([name, [protocol, bind]]) => `\n[transport-${name}]\ntype=transport\nprotocol=${protocol}\nbind=${bind}\n`,
  );
  return sections.join('');
}
