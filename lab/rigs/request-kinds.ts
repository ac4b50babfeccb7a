/**
 * The kind of a request to ARI: its method and path with `{id}` in place of each id, and of what stands behind the question mark so much as tells what is asked. Two requests that
 * cost Asterisk something else must never be of one kind.
 */

/** What follows these in a path is an id. */
const COLLECTION = /\/(applications|bridges|channels|play|playbacks)\/[^/]+/g;
const VARIABLE_PATH = '/channels/{id}/variable';
const SET = /^SET\((\w+)=/;

/** What one request may ask of Asterisk through a channel, each known by what stands in its expression. */
const QUESTIONS = {
  /** The first look at a caller, which raises its time limit as well. */
  stay: /SET\(TIMEOUT\(absolute\)/,
  globals: /\$\{GLOBAL\(/,
  sent: /CHANNEL\(rtcp,txcount\)/,
  outcome: /\$\{XIVO_MAPP_STATUS\}/,
  contacts: /\$\{PJSIP_AOR\(/,
  addresses: /\$\{PJSIP_CONTACT\([^)]*,uri\)/,
  expiries: /\$\{PJSIP_CONTACT\([^)]*,expiration_time\)/,
} as const;

/**
 * `POST /channels/{id}/moh`, `GET /channels/{id}/variable?SET(NAME)`, `GET /channels/{id}/variable?addresses+expiries`, `DELETE /applications/{id}/subscription?endpoint`.
 * @param target as it stands in the request line: `/ari/channels/1700000000.1/moh`
 */
export function kindOf(method: string, target: string): string {
  const url = new URL(target, 'http://asterisk');
  const path = url.pathname.replace(/^\/ari/, '').replace(COLLECTION, '/$1/{id}');
  const about = wordsOf(path, url.searchParams);
  return `${method} ${path}${about === '' ? '' : `?${about}`}`;
}

function wordsOf(path: string, query: URLSearchParams): string {
  const variable = query.get('variable');
  if (path === VARIABLE_PATH && variable !== null) {
    const set = SET.exec(variable)?.[1];
    if (set !== undefined) return `SET(${set})`;
    const asked = Object.entries(QUESTIONS).filter(([, form]) => form.test(variable));
    return asked.map(([what]) => what).join('+');
  }
  return variable ?? query.get('eventSource')?.split(':')[0] ?? '';
}
