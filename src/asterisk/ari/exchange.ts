/**
 * One request to ARI and its answer, over a connection of a given agent. What is sent again, and by which way, is not decided here.
 */
import { type Agent, type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { z } from 'zod';
import { PbxError, PbxLate } from '../../call/errors.ts';
import type { AriAddress } from './address.ts';
import { diagnoseError } from './diagnosis.ts';
import { AriRefusal } from './errors.ts';
import type { Lane } from './lanes.ts';

/** So long an order waits for an Asterisk that is late: longer than any that was seen to recover. It bounds what a connection that is dead keeps. */
const DEADLINE_MS = 60_000;
/** A look whose answer comes later is of no use any more. */
const LOOK_DEADLINE_MS = 3_000;

export interface AriOrder {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path below /ari, its parts already encoded: `/channels/1700000000.1/answer`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Deadline in ms, the wait for a connection included; 60,000 when left out, 3,000 for `looks`. */
  readonly deadlineMs?: number;
  /** Once it has aborted, what has not been sent yet is not sent any more. */
  readonly calledOff?: AbortSignal;
  /** `usual` when left out. */
  readonly lane?: Lane;
  /** True where doing it twice would be wrong: it is then not sent again where nobody knows what became of the first. */
  readonly once?: boolean;
}

/** A connection that was idle broke before any byte of the answer: Asterisk had closed it, and never saw the request. */
export class StaleConnection extends Error {}

/** A new connection was closed before any byte of the answer, as Asterisk does where it has no session left. */
export class TurnedAway extends Error {}

/** Called off before it was sent: Asterisk has never heard of it. */
export class CalledOff extends PbxError {}

/** Who is told how long Asterisk takes. */
export interface Stopwatch {
  sent(request: object): void;
  answered(request: object): void;
  over(request: object): void;
}

const Complaint = z.object({ message: z.string().optional(), error: z.string().optional() });
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ERR_SOCKET_CLOSED']);

/** Asterisk reads most characters as they are; escaping them would only make long expressions longer than it takes. */
export function encodeQueryValue(value: string): string {
  return encodeURIComponent(value).replace(/%(24|28|29|2C|2F|3A|3B|40|7B|7D)/g, (code) => decodeURIComponent(code));
}

/**
 * Resolves with the parsed answer, undefined where it has no body. Rejects with StaleConnection, TurnedAway, PbxLate, CalledOff, AriRefusal where Asterisk
 * answered, or PbxError.
 * @param underWay where the request is kept until it is over, with when it began
 */
export function exchange(
  order: AriOrder,
  agent: Agent,
  address: AriAddress,
  underWay: Map<ClientRequest, number>,
  stopwatch?: Stopwatch,
): Promise<unknown> {
  const { calledOff } = order;
  const calledOffError = () => new CalledOff(`${order.method} ${order.path}: called off before it was sent`);
  if (calledOff?.aborted === true) return Promise.reject(calledOffError());
  const query = Object.entries(order.query ?? {})
    .map(([name, value]) => `${name}=${encodeQueryValue(value)}`)
    .join('&');
  const url = new URL(`${address.base}${order.path}`);
  const body = order.body === undefined ? '' : JSON.stringify(order.body);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const send = address.secure ? secureRequest : plainRequest;
  const request = send({
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    // Not by way of URL, which would escape what encodeQueryValue left as it is.
    path: query === '' ? url.pathname : `${url.pathname}?${query}`,
    method: order.method,
    agent,
    headers: {
      authorization: address.authorization,
      'content-length': Buffer.byteLength(body),
      ...(body === '' ? {} : { 'content-type': 'application/json' }),
    },
  });
  underWay.set(request, performance.now());
  const deadlineMs = order.deadlineMs ?? (order.lane === 'looks' ? LOOK_DEADLINE_MS : DEADLINE_MS);
  const timer = setTimeout(() => {
    reject(
      new PbxLate(
        `${order.method} ${order.path}: the connection to ${address.host} failed: no answer within ${deadlineMs} ms`,
      ),
    );
    request.destroy();
  }, deadlineMs);
  const callOff = () => {
    reject(calledOffError());
    request.destroy();
  };
  calledOff?.addEventListener('abort', callOff, { once: true });
  request.on('socket', (socket) => {
    const send = () => calledOff?.removeEventListener('abort', callOff);
    if (socket.connecting) socket.once('connect', send);
    else send();
  });
  request.on('finish', () => stopwatch?.sent(request));
  let answered = false;
  request.on('response', (response) => {
    answered = true;
    stopwatch?.answered(request);
    collect(response).then(
      (text) => {
        try {
          resolve(readAnswer(order, response.statusCode ?? 0, text));
        } catch (error) {
          reject(error);
        }
      },
      (error: unknown) =>
        reject(new PbxError(`${order.method} ${order.path}: the answer was cut off (${String(error)})`)),
    );
  });
  request.on('error', (error) => {
    if (error instanceof PbxLate) return reject(error);
    const isBroken = !answered && 'code' in error && BROKEN.has(String(error.code));
    if (isBroken && request.reusedSocket) reject(new StaleConnection('the connection broke'));
    else if (isBroken) reject(new TurnedAway(diagnoseError(error, address).words));
    else reject(new PbxError(`${order.method} ${order.path}: ${diagnoseError(error, address).words}`));
  });
  request.on('close', () => {
    clearTimeout(timer);
    calledOff?.removeEventListener('abort', callOff);
    stopwatch?.over(request);
    underWay.delete(request);
  });
  request.end(body);
  return promise;
}

async function collect(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

function readAnswer(order: AriOrder, status: number, text: string): unknown {
  const parsed = parse(text);
  if (status >= 200 && status < 300) return parsed;
  const complaint = Complaint.safeParse(parsed);
  const words = complaint.success ? (complaint.data.message ?? complaint.data.error) : undefined;
  throw new AriRefusal(
    status,
    `${order.method} ${order.path}: HTTP ${status}${words === undefined ? '' : `, ${words}`}`,
  );
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Asterisk answers some refusals in HTML. The status says enough.
    return undefined;
  }
}
