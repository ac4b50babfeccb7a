/**
 * Requests to ARI: a few HTTP connections, one deadline per request, errors as PbxError in Asterisk's own words. Asterisk allows 100 HTTP
 * sessions in all, shared with others, so the pools are small, and idle connections are let go before Asterisk lets go of them (15 s). Many calls at once
 * make requests queue for a connection; so those that somebody waits for, and those that take long, have lanes of their own.
 * Must never send anything twice that Asterisk may have acted upon, unless doing it twice is the same as doing it once.
 */
import { type Agent, type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { z } from 'zod';
import { PbxError } from '../call/errors.ts';
import type { AriAddress } from './address.ts';
import { makeAgent } from './openings.ts';
import { AriRefusal, isBroken, isIll } from './refusal.ts';
import { troubleOfError } from './trouble.ts';

export { AriRefusal, isGone } from './refusal.ts';

const MAX_SOCKETS = 16;
const IDLE_MS = 10_000;
const DEADLINE_MS = 5_000;

/** `urgent`: a person hears or sees it at once. `patient`: Asterisk may take long to answer, and nobody waits for it. `proof`: a late answer would mean something else. */
type Lane = 'urgent' | 'usual' | 'patient' | 'proof';

export interface AriOrder {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path below /ari, its parts already encoded: `/channels/1700000000.1/answer`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Deadline in ms; 5,000 when left out. */
  readonly deadlineMs?: number;
  /** `usual` when left out. */
  readonly lane?: Lane;
  /** True where doing it twice would be wrong: it is then not sent again where nobody knows what became of the first. */
  readonly once?: boolean;
}

/** Who is told how requests fare, to say once what is broken. */
export interface RequestWitness {
  answered(): void;
  failed(words: string): void;
}

const Complaint = z.object({ message: z.string().optional(), error: z.string().optional() });

/** Asterisk reads most characters as they are; escaping them would only make long expressions longer than it takes. */
export function encodeQueryValue(value: string): string {
  return encodeURIComponent(value).replace(/%(24|28|29|2C|2F|3A|3B|40|7B|7D)/g, (code) => decodeURIComponent(code));
}

/** A connection that was idle broke before any byte of the answer: Asterisk had closed it, and never saw the request. */
class StaleConnection extends Error {}

export class AriRequests {
  readonly #address: AriAddress;
  readonly #agents: Readonly<Record<Lane, Agent>>;
  readonly #underWay = new Set<ClientRequest>();
  readonly #witness: RequestWitness | undefined;
  #closed = false;

  constructor(address: AriAddress, witness?: RequestWitness) {
    this.#address = address;
    this.#witness = witness;
    const settings = {
      keepAlive: true,
      maxSockets: MAX_SOCKETS,
      maxFreeSockets: MAX_SOCKETS,
      scheduling: 'lifo' as const,
      timeout: IDLE_MS,
      noDelay: true,
    };
    const agent = () => makeAgent(address.secure, settings);
    this.#agents = { urgent: agent(), usual: agent(), patient: agent(), proof: agent() };
  }

  /** Resolves with the parsed answer, undefined where it has no body. Rejects with PbxError, AriRefusal where Asterisk answered. */
  async send(order: AriOrder): Promise<unknown> {
    try {
      const answer = await this.#send(order);
      this.#witness?.answered();
      return answer;
    } catch (error) {
      if (isIll(error) && !this.#closed) this.#witness?.failed(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  async #send(order: AriOrder): Promise<unknown> {
    try {
      return await this.#attempt(order);
    } catch (error) {
      // Asterisk says itself that it has failed; what must not be done twice carries an id of ours, and Asterisk refuses that the second time.
      const again = error instanceof StaleConnection ? order.once !== true : isBroken(error);
      if (!again) throw named(error, order);
    }
    try {
      return await this.#attempt(order);
    } catch (error) {
      throw named(error, order);
    }
  }

  /** Lets go of idle connections, which may be as dead as one that has just been found dead. */
  dropIdle(): void {
    for (const agent of Object.values(this.#agents)) {
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    }
  }

  /** Ends what is under way and leaves no socket behind. */
  close(): void {
    this.#closed = true;
    for (const request of this.#underWay) request.destroy(new Error('the connection to Asterisk is closed'));
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #attempt(order: AriOrder): Promise<unknown> {
    if (this.#closed) return Promise.reject(new PbxError('the connection to Asterisk is closed'));
    const query = Object.entries(order.query ?? {})
      .map(([name, value]) => `${name}=${encodeQueryValue(value)}`)
      .join('&');
    const url = new URL(`${this.#address.base}${order.path}`);
    const body = order.body === undefined ? '' : JSON.stringify(order.body);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const send = this.#address.secure ? secureRequest : plainRequest;
    const request = send({
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      // Not by way of URL, which would escape what encodeQueryValue left as it is.
      path: query === '' ? url.pathname : `${url.pathname}?${query}`,
      method: order.method,
      agent: this.#agents[order.lane ?? 'usual'],
      headers: {
        authorization: this.#address.authorization,
        'content-length': Buffer.byteLength(body),
        ...(body === '' ? {} : { 'content-type': 'application/json' }),
      },
    });
    this.#underWay.add(request);
    const deadlineMs = order.deadlineMs ?? DEADLINE_MS;
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer within ${deadlineMs} ms`));
      this.dropIdle();
    }, deadlineMs);
    let answered = false;
    request.on('response', (response) => {
      answered = true;
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
      const stale = request.reusedSocket && !answered && 'code' in error && BROKEN.has(String(error.code));
      if (stale) reject(new StaleConnection('the connection broke'));
      else reject(new PbxError(`${order.method} ${order.path}: ${troubleOfError(error, this.#address).words}`));
    });
    request.on('close', () => {
      clearTimeout(timer);
      this.#underWay.delete(request);
    });
    request.end(body);
    return promise;
  }
}

function named(error: unknown, order: AriOrder): unknown {
  return error instanceof StaleConnection ? new PbxError(`${order.method} ${order.path}: ${error.message}`) : error;
}

const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ERR_SOCKET_CLOSED']);

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
