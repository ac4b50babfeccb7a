/**
 * From a request to the route that answers it, and from whatever the route does to an answer. Nothing that a client sends ends in a fault of the
 * server. It must never answer a request without a key, but for routes that are open, nor tell such a client which paths exist.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../call/ports.ts';
import { ClientGone, discardRest, readJson } from './body.ts';
import { checkedId } from './input.ts';
import { type KeyHolder, looksLikeKey } from './key.ts';
import { Problem } from './problem.ts';
import type { Answer, Route } from './routes.ts';

/** @param holder whose key the request carries; undefined: no right one */
export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  holder: KeyHolder | undefined,
) => Promise<void>;

/** Where a request leads: routes of every method there, the decoded parts of its path, and its query. */
interface Destination {
  readonly here: readonly Route[];
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

export function dispatchTo(routes: readonly Route[], log: Log): Handler {
  return async (request, response, holder) => {
    let answer: Answer | Problem;
    let destination: Destination | undefined;
    try {
      destination = destinationOf(request, routes);
      answer = await answerTo(request, response, destination, holder);
    } catch (error) {
      if (error instanceof ClientGone) return;
      const problem = error instanceof Problem ? error : undefined;
      // The store tells of its own trouble, once; and clients try again and again.
      const level = problem?.kind === 'store-unavailable' ? 'debug' : 'error';
      if (problem === undefined || problem.status >= 500)
        log[level]('an HTTP request could not be answered', {
          method: request.method,
          error: problem === undefined ? error : problem.cause,
        });
      answer = error instanceof Problem ? error : new Problem('internal-error', 'The fault is ours; the log has it.');
    }
    if (!request.complete) discardRest(request, holder !== undefined);
    send(request, response, answer);
    // Not what was asked for in its own words: somebody's key or token could stand in it.
    const route = destination?.here[0]?.path ?? 'none';
    log.debug('HTTP', { method: request.method, route, status: answer.status, keyName: holder?.name });
  };
}

function destinationOf(request: IncomingMessage, routes: readonly Route[]): Destination {
  if (request.headers.host === undefined && request.httpVersion !== '1.0')
    throw new Problem('bad-request', 'The request names no host.');
  const [path = '', search = ''] = (request.url ?? '').split(/\?(.*)/s);
  const parts = decoded(path);
  return { here: routes.filter((route) => leadsTo(route, parts)), parts, query: new URLSearchParams(search) };
}

async function answerTo(
  request: IncomingMessage,
  response: ServerResponse,
  { here, parts, query }: Destination,
  holder: KeyHolder | undefined,
): Promise<Answer> {
  const inUrl = looksLikeKey(query)
    ? 'Never send a key in the URL, where others write it down; and change it now. '
    : '';
  if (!here.some(({ open }) => open) && holder === undefined)
    throw new Problem('unauthorized', `${inUrl}Send the key as Authorization: Bearer <API_KEY>.`, {
      headers: { 'WWW-Authenticate': 'Bearer realm="xivo-mapp"' },
    });
  if (inUrl !== '') throw new Problem('bad-request', `${inUrl}Send it as Authorization: Bearer <API_KEY>.`);
  if (here.length === 0) throw new Problem('not-found', 'There is nothing at this path.');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = here.find((one) => one.method === method);
  if (route === undefined) {
    const allowed = here.flatMap((one) => (one.method === 'GET' ? ['GET', 'HEAD'] : [one.method])).join(', ');
    throw new Problem('method-not-allowed', `Allowed here: ${allowed}.`, { headers: { Allow: allowed } });
  }
  if (holder?.scope === 'read' && route.method !== 'GET')
    throw new Problem(
      'forbidden',
      'This key may only read. PUT and DELETE need API_KEY, or a key whose scope is write.',
    );
  return route.answer({
    id: (name) => checkedId(name, parts[route.path.split('/').indexOf(`:${name}`)] ?? ''),
    query,
    json: () => readJson(request, response),
  });
}

/** The parts of the path, each decoded on its own, so that an encoded slash stays inside its part. */
function decoded(path: string): readonly string[] {
  if (!path.startsWith('/')) throw new Problem('bad-request', 'The request must name a path.');
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    throw new Problem('bad-request', 'The path has a percent sign that encodes nothing.');
  }
}

function leadsTo(route: Route, parts: readonly string[]): boolean {
  const steps = route.path.split('/');
  return steps.length === parts.length && steps.every((step, n) => step.startsWith(':') || step === parts[n]);
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer | Problem): void {
  const problem = answer instanceof Problem;
  const page = problem ? undefined : answer.page;
  const json = problem ? answer : answer.body;
  const body = Buffer.from(page?.text ?? (json === undefined ? '' : JSON.stringify(json)));
  const contentType = page?.contentType ?? `application/${problem ? 'problem+json' : 'json'}`;
  response.writeHead(answer.status, {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(body.length > 0 ? { 'Content-Type': contentType } : {}),
    ...(answer.status === 204 ? {} : { 'Content-Length': body.length }),
    ...(problem ? answer.headers : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
