/**
 * Says in words what is wrong with the way to Asterisk, and what cures it. Knows error codes of Node, TLS and the HTTP status of Asterisk's
 * answers; never shows a password.
 */
import type { AriAddress } from './address.ts';

type TroubleKind =
  | 'wrong-password'
  | 'ari-missing'
  | 'name-not-resolved'
  | 'refused'
  | 'unreachable'
  | 'tls'
  | 'silent'
  | 'app-taken'
  | 'app-lost'
  | 'sessions-used-up'
  | 'closed'
  | 'other';

export interface Trouble {
  readonly kind: TroubleKind;
  /** One sentence for the log, with the cure. */
  readonly words: string;
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const UNREACHABLE = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL']);
const SILENT = new Set(['ETIMEDOUT', 'ECONNRESET', 'EPIPE']);

/** Asterisk, or whatever listens there, answered the opening of the event connection with this HTTP status. */
export function diagnoseStatus(status: number, address: AriAddress): Trouble {
  if (status === 401 || status === 403) {
    return {
      kind: 'wrong-password',
      words: `Asterisk at ${address.host} refuses our name or password (HTTP ${status}): ARI_USERNAME and ARI_PASSWORD must match a user in ari.conf`,
    };
  }
  if (status === 404) {
    return {
      kind: 'ari-missing',
      words: `no ARI at ${address.base} (HTTP 404): set enabled=yes in ari.conf and http.conf and load res_ari.so, or this is not Asterisk, or ARI_URL lacks the prefix of http.conf`,
    };
  }
  return {
    kind: 'other',
    words: `${address.host} answered HTTP ${status} where ARI's events were asked for: is ARI_URL that of an Asterisk?`,
  };
}

/** Asterisk accepts new connections and closes them at once. */
export function diagnoseSessions(address: AriAddress): Trouble {
  return {
    kind: 'sessions-used-up',
    words: `Asterisk at ${address.host} closes new connections at once, as it does when browsers or other programs have used up its HTTP sessions: raise sessionlimit in http.conf (100 unless set), then asterisk -rx "module reload http"`,
  };
}

/** Asterisk has sent nothing for so many ms, and its connection stands. */
export function wordsOfSilence(silentMs: number, { host }: AriAddress): string {
  return `Asterisk at ${host} has not answered for ${silentMs / 1000} s: it is overloaded, or hangs`;
}

/** The connection could not be made, or broke. */
export function diagnoseError(error: unknown, address: AriAddress): Trouble {
  const code = codeOf(error);
  const host = address.host;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL') {
    return {
      kind: 'name-not-resolved',
      words: `the name in ARI_URL (${host}) does not resolve: correct it, or the name server, or use the address`,
    };
  }
  if (code === 'ECONNREFUSED') {
    return {
      kind: 'refused',
      words: `nothing listens at ${host}: is Asterisk running, with enabled=yes and this port in http.conf?`,
    };
  }
  if (UNREACHABLE.has(code)) return { kind: 'unreachable', words: `${host} cannot be reached (${code})` };
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_|UNABLE_TO|SELF_SIGNED|EPROTO|HOSTNAME_MISMATCH)/.test(code)) {
    return {
      kind: 'tls',
      words: `TLS with ${host} fails (${code}): is the port one of HTTPS, and is its certificate one that NODE_EXTRA_CA_CERTS or the system trusts?`,
    };
  }
  if (SILENT.has(code) || /timed out|socket hang up/i.test(textOf(error))) {
    return { kind: 'silent', words: `${host} does not answer or breaks off (${code === '' ? textOf(error) : code})` };
  }
  return { kind: 'other', words: `the connection to ${host} failed: ${textOf(error)}` };
}
