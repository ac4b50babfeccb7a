/**
 * Where an Asterisk's ARI is and who we are to it. Accepts what administrators write: with or without `/ari` at the end, with the prefix of
 * http.conf, http, https, ws or wss. Credentials travel in a header; they must never stand in a URL, where logs and proxies would keep them.
 */
import { PbxError } from '../../call/errors.ts';

export interface AriAddress {
  /** Base of every request, without a slash at the end: `http://127.0.0.1:8088/ari`. */
  readonly base: string;
  /** `host:port`, for messages. */
  readonly host: string;
  readonly secure: boolean;
  /** Value of the Authorization header. */
  readonly authorization: string;
}

/** Throws PbxError when the URL is none that ARI can be asked at. */
export function readAddress(url: string, username: string, password: string): AriAddress {
  if (!URL.canParse(url)) throw new PbxError(`ARI_URL is not a URL: ${url}`);
  const parsed = new URL(url);
  const scheme = parsed.protocol.replace(/^ws/, 'http');
  if (scheme !== 'http:' && scheme !== 'https:') throw new PbxError(`ARI_URL must begin with http:// or https://`);
  const path = parsed.pathname.replace(/\/+$/, '');
  const secure = scheme === 'https:';
  return {
    base: `${scheme}//${parsed.host}${path.endsWith('/ari') ? path : `${path}/ari`}`,
    host: parsed.port === '' ? `${parsed.hostname}:${secure ? 443 : 80}` : parsed.host,
    secure,
    authorization: `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`,
  };
}
