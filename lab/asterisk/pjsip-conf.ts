/**
 * pjsip.conf and rtp.conf of the lab: phones that are known by user name and digest, and a trunk that is known by the
 * loopback address it calls from. Never names a
 * host and never leaves an address to be found out (transport bound, media_address set, ICE off): Asterisk then asks its resolver for its own host's name
 * once, as it loads, and for nothing while REGISTERs and calls go on. A resolver that is dead delays the boot by two seconds, and no call.
 */
import { networkInterfaces } from 'node:os';

export interface LabEndpoint {
  /** The endpoint, its AOR and its digest user, all three. */
  readonly name: string;
  /** Digest password; the name when left out. */
  readonly password?: string;
  /** Audio codecs in order of preference; `ulaw`, `alaw` when left out. */
  readonly codecs?: readonly string[];
  /** Allows h264 and vp8 as well. */
  readonly video?: boolean;
  /** Registrations that the AOR holds at once; 5 when left out. */
  readonly maxContacts?: number;
  /** A registration takes the place of an older one, as XiVO has it with one contact. */
  readonly removesExisting?: boolean;
  /** Seconds between OPTIONS to each contact; 0 (never) when left out. */
  readonly qualifySeconds?: number;
  /** The AOR keeps the Path of its registrations. */
  readonly supportPath?: boolean;
  /** `"Name" <number>` as shown to those it calls, and to its callers as connected line. */
  readonly callerId?: string;
  /** Music on hold class of its channels. */
  readonly mohClass?: string;
  /** Language of its prompts; `en` when left out. */
  readonly language?: string;
  /** Dialplan context of its calls; `from-intern` when left out. */
  readonly context?: string;
  /** Its section of pjsip.conf; `transport-udp` when left out, '' for any. */
  readonly transport?: string;
  /** Further lines of the endpoint section. */
  readonly extra?: readonly string[];
}

export interface LabTrunk {
  /** Loopback address from which its calls come; 127.0.0.2 when left out. */
  readonly address?: string;
  readonly codecs?: readonly string[];
  readonly video?: boolean;
  readonly mohClass?: string;
  readonly language?: string;
  readonly extra?: readonly string[];
}

export interface PjsipSettings {
  readonly sipPort: number;
  readonly endpoints: readonly LabEndpoint[];
  readonly trunk: LabTrunk;
  /** `send_contact_status_on_update_registration`: no by default, as in Asterisk. */
  readonly contactStatusOnRefresh: boolean;
  /** Text put behind everything else. */
  readonly extra: string;
}

function media(of: Pick<LabEndpoint, 'codecs' | 'video' | 'mohClass' | 'language' | 'transport' | 'extra'>): string {
  const codecs = [...(of.codecs ?? ['ulaw', 'alaw']), ...(of.video === true ? ['h264', 'vp8'] : [])];
  return [
    ...(of.transport === '' ? [] : [`transport=${of.transport ?? 'transport-udp'}`]),
    'disallow=all',
    `allow=${codecs.join(',')}`,
    'direct_media=no',
    'ice_support=no',
    'rtp_symmetric=yes',
    'force_rport=yes',
    'rewrite_contact=no',
    'media_address=127.0.0.1',
    'bind_rtp_to_media_address=yes',
    'dtmf_mode=rfc4733',
    'trust_id_inbound=yes',
    'trust_id_outbound=yes',
    'send_pai=yes',
    'send_connected_line=yes',
    'trust_connected_line=yes',
    `language=${of.language ?? 'en'}`,
    ...(of.mohClass === undefined ? [] : [`moh_suggest=${of.mohClass}`]),
    ...(of.extra ?? []),
  ].join('\n');
}

function renderEndpoint(endpoint: LabEndpoint): string {
  const { name } = endpoint;
  return `
[${name}]
type=aor
max_contacts=${endpoint.maxContacts ?? 5}
remove_existing=${endpoint.removesExisting === true ? 'yes' : 'no'}
support_path=${endpoint.supportPath === true ? 'yes' : 'no'}
minimum_expiration=1
default_expiration=3600
qualify_frequency=${endpoint.qualifySeconds ?? 0}

[${name}]
type=auth
auth_type=userpass
username=${name}
password=${endpoint.password ?? name}

[${name}]
type=endpoint
context=${endpoint.context ?? 'from-intern'}
aors=${name}
auth=${name}
identify_by=username
${endpoint.callerId === undefined ? '' : `callerid=${endpoint.callerId}\n`}${media(endpoint)}
`;
}

function renderTrunk(trunk: LabTrunk): string {
  return `
[trunk]
type=endpoint
context=from-extern
identify_by=ip
${media(trunk)}

[trunk]
type=identify
endpoint=trunk
match=${trunk.address ?? '127.0.0.2'}/32
`;
}

export function renderPjsip(settings: PjsipSettings): string {
  return `[global]
type=global
user_agent=xivo-mapp lab
default_realm=lab
endpoint_identifier_order=ip,username
send_contact_status_on_update_registration=${settings.contactStatusOnRefresh ? 'yes' : 'no'}

[system]
type=system
disable_tcp_switch=yes

[transport-udp]
type=transport
protocol=udp
bind=127.0.0.1:${settings.sipPort}
${renderTrunk(settings.trunk)}${settings.endpoints.map(renderEndpoint).join('')}
${settings.extra}
`;
}

/** With ICE, no address is offered but that of loopback, on which RTP is. */
export function renderRtp(firstPort: number, lastPort: number, hasIce: boolean): string {
  const general = `[general]\nrtpstart=${firstPort}\nrtpend=${lastPort}\nicesupport=${hasIce ? 'yes' : 'no'}\nstrictrtp=yes\n`;
  if (!hasIce) return general;
  const others = Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal);
  return `${general}[ice_host_candidates]\n${others.map(({ address }) => `${address} => 127.0.0.1\n`).join('')}`;
}
