/**
 * Session descriptions of a telephone call (RFC 4566, 3264): one audio stream in PCMU or PCMA with telephone-events, and
 * a video line that is only ever offered or refused. It must never answer with a codec that was not offered.
 */
import type { UdpAddress } from './sip-address.ts';

export type Codec = 'PCMU' | 'PCMA';
type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

interface MediaLine {
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly host: string;
  readonly direction: Direction;
  /** Codec name in upper case, by payload type. */
  readonly codecs: ReadonlyMap<number, string>;
}

export interface SessionDescription {
  readonly media: readonly MediaLine[];
}

/** What both sides will send: where to, in which codec. */
export interface AudioAgreement {
  readonly remote: UdpAddress;
  readonly codec: Codec;
  readonly payloadType: number;
  readonly dtmfPayloadType: number | undefined;
  /** As the far side wrote it: `sendonly` and `inactive` mean that we are on hold. */
  readonly direction: Direction;
}

const STATIC_CODECS: ReadonlyMap<number, string> = new Map([
  [0, 'PCMU'],
  [8, 'PCMA'],
]);
const CODEC_TYPES: Readonly<Record<Codec, number>> = { PCMU: 0, PCMA: 8 };
const DTMF_TYPE = 101;

export function parseSdp(text: string): SessionDescription {
  let sessionHost = '0.0.0.0';
  let sessionDirection: Direction = 'sendrecv';
  const media: { -readonly [K in keyof MediaLine]: MediaLine[K] }[] = [];
  const maps: Map<number, string>[] = [];
  for (const line of text.split(/\r?\n/)) {
    const current = media.at(-1);
    const m = /^m=(\w+) (\d+)(?:\/\d+)? (\S+) (.+)$/.exec(line);
    const c = /^c=IN IP4 ([^\s/]+)/.exec(line);
    const map = /^a=rtpmap:(\d+) ([^/]+)\//.exec(line);
    const direction = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/.exec(line);
    if (m) {
      const formats = (m[4] ?? '').trim().split(/\s+/);
      const codecs = new Map<number, string>();
      for (const format of formats) {
        const name = STATIC_CODECS.get(Number(format));
        if (name) codecs.set(Number(format), name);
      }
      maps.push(codecs);
      media.push({
        kind: m[1] ?? '',
        port: Number(m[2]),
        protocol: m[3] ?? '',
        formats,
        host: sessionHost,
        direction: sessionDirection,
        codecs,
      });
    } else if (c) {
      if (current) current.host = c[1] ?? sessionHost;
      else sessionHost = c[1] ?? sessionHost;
    } else if (map) maps.at(-1)?.set(Number(map[1]), (map[2] ?? '').toUpperCase());
    else if (direction) {
      const value = toDirection(direction[1]);
      if (current) current.direction = value;
      else sessionDirection = value;
    }
  }
  return { media };
}

function toDirection(text: string | undefined): Direction {
  return text === 'sendonly' || text === 'recvonly' || text === 'inactive' ? text : 'sendrecv';
}

/** Codec names of the audio line, in the order offered, telephone-events left out. */
export function audioCodecs(session: SessionDescription): string[] {
  const audio = session.media.find((line) => line.kind === 'audio');
  const names = (audio?.formats ?? []).map((format) => audio?.codecs.get(Number(format)) ?? format);
  return names.filter((name) => name !== 'TELEPHONE-EVENT');
}

export function hasVideo(session: SessionDescription): boolean {
  return session.media.some((line) => line.kind === 'video' && line.port !== 0);
}

/** What to send given the far side's description; undefined when it has no audio that we speak. */
export function agree(session: SessionDescription, preferred: Codec): AudioAgreement | undefined {
  const audio = session.media.find((line) => line.kind === 'audio' && line.port !== 0);
  if (!audio) return undefined;
  const spoken: { codec: Codec; payloadType: number }[] = [];
  for (const format of audio.formats) {
    const name = audio.codecs.get(Number(format));
    if (name === 'PCMU' || name === 'PCMA') spoken.push({ codec: name, payloadType: Number(format) });
  }
  const chosen = spoken.find((one) => one.codec === preferred) ?? spoken[0];
  if (!chosen) return undefined;
  const dtmf = [...audio.codecs].find(([, name]) => name === 'TELEPHONE-EVENT')?.[0];
  const remote = { host: audio.host, port: audio.port };
  return { ...chosen, dtmfPayloadType: dtmf, remote, direction: audio.direction };
}

export interface LocalAudio extends UdpAddress {
  readonly sessionId: number;
  /** Rises with each description of one session. */
  readonly version: number;
}

/** What an offer says otherwise than usual: a call that is put on hold, or other codecs first. */
export interface OfferForm {
  /** `sendonly` and `inactive` put the far side on hold; `sendrecv` when left out. */
  readonly direction?: Exclude<Direction, 'sendrecv'>;
  /** `0.0.0.0`: hold as phones did it before RFC 3264; our own address when left out. */
  readonly connection?: '0.0.0.0';
  /** The codec that is usually second stands first. */
  readonly codecsTurned?: boolean;
}

export function offer(local: LocalAudio, usual: Codec, video: boolean, form: OfferForm = {}): string {
  const order: readonly Codec[] =
    (usual === 'PCMU') !== (form.codecsTurned ?? false) ? ['PCMU', 'PCMA'] : ['PCMA', 'PCMU'];
  const types = order.map((codec) => CODEC_TYPES[codec]);
  const lines = [
    ...sessionLines(local, form.connection),
    `m=audio ${local.port} RTP/AVP ${types.join(' ')} ${DTMF_TYPE}`,
    ...order.map((codec) => `a=rtpmap:${CODEC_TYPES[codec]} ${codec}/8000`),
    ...dtmfLines(DTMF_TYPE),
    'a=ptime:20',
    `a=${form.direction ?? 'sendrecv'}`,
  ];
  // Nobody listens to the video: what counts is whether the far side passes the offer on.
  if (video) lines.push('m=video 9 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=sendrecv');
  return `${lines.join('\r\n')}\r\n`;
}

/** Answers line by line, as RFC 3264 wants it: the first audio taken, anything else refused with port 0. */
export function answer(local: LocalAudio, session: SessionDescription, agreed: AudioAgreement): string {
  const lines = sessionLines(local);
  let taken = false;
  for (const line of session.media) {
    if (line.kind !== 'audio' || line.port === 0 || taken) {
      lines.push(`m=${line.kind} 0 ${line.protocol} ${line.formats.join(' ')}`);
      continue;
    }
    taken = true;
    const dtmf = agreed.dtmfPayloadType;
    lines.push(
      `m=audio ${local.port} ${line.protocol} ${agreed.payloadType}${dtmf === undefined ? '' : ` ${dtmf}`}`,
      `a=rtpmap:${agreed.payloadType} ${agreed.codec}/8000`,
      ...(dtmf === undefined ? [] : dtmfLines(dtmf)),
      'a=ptime:20',
      `a=${mirrored(line.direction)}`,
    );
  }
  return `${lines.join('\r\n')}\r\n`;
}

function sessionLines(local: LocalAudio, connection = local.host): string[] {
  return [
    'v=0',
    `o=phone ${local.sessionId} ${local.version} IN IP4 ${local.host}`,
    's=call',
    `c=IN IP4 ${connection}`,
    't=0 0',
  ];
}

function dtmfLines(payloadType: number): string[] {
  return [`a=rtpmap:${payloadType} telephone-event/8000`, `a=fmtp:${payloadType} 0-16`];
}

function mirrored(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly';
  return direction === 'recvonly' ? 'sendonly' : direction;
}
