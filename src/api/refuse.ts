/**
 * Answers that are given without a route: to what is no HTTP, to what comes too slowly, and to what comes too often. They are made once, for whoever
 * gets them may ask for very many. It must never wait for a client to read.
 */
import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Problem, type ProblemKind } from './problem.ts';

interface Ready {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
  /** As bytes for a connection that has no response. */
  readonly whole: string;
}

function made(kind: ProblemKind, detail: string, more: Readonly<Record<string, string>> = {}): Ready {
  const problem = new Problem(kind, detail);
  const body = JSON.stringify(problem);
  const headers = {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    ...more,
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const line = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n`;
  return { status: problem.status, headers, body, whole: `${line}${lines.join('')}\r\n${body}` };
}

const again = { 'Retry-After': '2' };
const answers = {
  noHttp: made('bad-request', 'This is no HTTP request.'),
  tooLarge: made('headers-too-large', 'See the title.'),
  tooSlow: made('request-timeout', 'See the title.'),
  tooOften: made(
    'too-many-requests',
    'This address asks too often without a right key. Send it as Authorization: Bearer <API_KEY>.',
    again,
  ),
  tooMany: made('too-many-requests', 'This address asks too much at once. Wait for answers before asking more.', again),
} as const;

/** What is no HTTP, too big a head, or too slow. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const answer =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? answers.tooLarge
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? answers.tooSlow
        : answers.noHttp;
  socket.end(answer.whole, () => socket.destroy());
}

/** The connection is closed behind it. */
export function refuseExcess(response: ServerResponse, hasKey: boolean): void {
  const { status, headers, body } = hasKey ? answers.tooMany : answers.tooOften;
  response.writeHead(status, headers).end(response.req.method === 'HEAD' ? undefined : body);
}
