/**
 * The SIP side of one phone: its socket, its transactions, its trace. It sends requests (answering a digest challenge by
 * itself), sorts what comes in, and hands new requests to the phone. It must never decide what a call does.
 */
import { randomBytes } from 'node:crypto';
import type { ClientHandlers } from './client-transaction.ts';
import { ClientTransaction, clientKey } from './client-transaction.ts';
import { nowMs } from './clock.ts';
import type { Credentials } from './digest.ts';
import { challengeIn } from './digest.ts';
import { ServerTransaction, serverKey } from './server-transaction.ts';
import type { UdpAddress } from './sip-address.ts';
import type { SipMessage, SipRequest, SipResponse } from './sip-message.ts';
import { branch, cseq, header, without } from './sip-message.ts';
import { SipSocket } from './sip-socket.ts';
import type { Way } from './sip-wire.ts';
import { Timers } from './timers.ts';
import { Trace } from './trace.ts';

export interface SendOptions extends ClientHandlers {
  readonly credentials?: Credentials | undefined;
  /** Gives the CSeq number of the repeated request after a challenge. */
  readonly nextCseq: () => number;
}

/** A request on its way; `request` is the one that counts, also after a challenge. */
export interface SentRequest {
  readonly request: SipRequest;
}

export function newTag(): string {
  return randomBytes(6).toString('hex');
}

export class SipAgent {
  readonly trace: Trace;
  readonly timers = new Timers();
  readonly socket: SipSocket;
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #onRequest: (transaction: ServerTransaction) => void;
  readonly #onAck: (ack: SipRequest) => void;
  /** Messages of these Call-IDs are dropped: the call's phone has vanished. */
  readonly vanishedCalls = new Set<string>();

  constructor(
    owner: string,
    way: Way,
    onRequest: (transaction: ServerTransaction) => void,
    onAck: (ack: SipRequest) => void,
  ) {
    this.trace = new Trace(owner);
    this.#onRequest = onRequest;
    this.#onAck = onAck;
    this.socket = new SipSocket(way, this.trace, (message, from) => this.#receive(message, from));
  }

  get contactHostPort(): string {
    return `${this.socket.host}:${this.socket.port}`;
  }

  /** Sends a request without Via and Max-Forwards; both are added here. A 401 or 407 is answered with the credentials. */
  send(request: SipRequest, to: UdpAddress, options: SendOptions): SentRequest {
    const sent = { request: this.#withVia(withLogin(request, options.credentials)) };
    let challenges = 0;
    const handlers: ClientHandlers = {
      onTimeout: options.onTimeout,
      onResponse: (response) => {
        const challenge = challenges < 2 ? refusedLogin(response, options.credentials) : undefined;
        if (!challenge) return options.onResponse(response);
        challenges += 1;
        options.credentials?.learn(challenge);
        const number = options.nextCseq();
        const list = without(request.headers, 'cseq');
        const again: SipRequest = { ...request, headers: [...list, ['CSeq', `${number} ${request.method}`]] };
        sent.request = this.#withVia(withLogin(again, options.credentials));
        this.#start(sent.request, to, handlers);
      },
    };
    this.#start(sent.request, to, handlers);
    return sent;
  }

  /** The ACK to a 2xx: on its own, never repeated unless the 2xx is. */
  sendAck(ack: SipRequest, to: UdpAddress): void {
    this.#emit(this.#withVia(ack), to);
  }

  /** A CANCEL brings the Via of the INVITE that it means. */
  sendCancel(cancel: SipRequest, to: UdpAddress): void {
    this.#start(cancel, to, { onResponse: () => undefined, onTimeout: () => undefined });
  }

  #start(request: SipRequest, to: UdpAddress, handlers: ClientHandlers): void {
    this.#forgetOld();
    const transaction = new ClientTransaction(request, to, (message, peer) => this.#emit(message, peer), this.timers, {
      onResponse: handlers.onResponse,
      onTimeout: () => {
        this.#clients.delete(transaction.key);
        handlers.onTimeout();
      },
    });
    this.#clients.set(transaction.key, transaction);
    transaction.start();
  }

  #emit(message: SipMessage, to: UdpAddress): void {
    if (!this.vanishedCalls.has(header(message, 'call-id'))) this.socket.send(message, to);
  }

  #withVia(request: SipRequest): SipRequest {
    const via = `SIP/2.0/${this.socket.transport.toUpperCase()} ${this.contactHostPort};rport;branch=z9hG4bK${randomBytes(8).toString('hex')}`;
    return { ...request, headers: [['Via', via], ['Max-Forwards', '70'], ...request.headers] };
  }

  #receive(message: SipMessage, from: UdpAddress): void {
    if (this.vanishedCalls.has(header(message, 'call-id'))) return;
    if (message.kind === 'response') this.#receiveResponse(message);
    else if (message.method === 'ACK') {
      this.#servers.get(serverKey(message, 'INVITE'))?.acknowledged();
      this.#onAck(message);
    } else this.#receiveRequest(message, from);
  }

  #receiveRequest(message: SipRequest, from: UdpAddress): void {
    const known = this.#servers.get(serverKey(message, message.method));
    if (known) {
      known.repeated();
      return;
    }
    this.#forgetOld();
    const transaction = new ServerTransaction(message, from, (answer, to) => this.#emit(answer, to), this.timers);
    this.#servers.set(transaction.key, transaction);
    this.#onRequest(transaction);
  }

  #receiveResponse(response: SipResponse): void {
    const transaction = this.#clients.get(clientKey(branch(response), cseq(response).method));
    if (!transaction) return;
    // An INVITE is remembered, for its final answer may come again and wants another ACK.
    if (response.status >= 200 && transaction.request.method !== 'INVITE') this.#clients.delete(transaction.key);
    transaction.receive(response);
  }

  #forgetOld(): void {
    if (this.#servers.size > 100) {
      const atMs = nowMs();
      for (const [key, transaction] of this.#servers) if (transaction.isForgettable(atMs)) this.#servers.delete(key);
    }
    if (this.#clients.size > 200) {
      for (const [key, transaction] of this.#clients) if (transaction.isCompleted) this.#clients.delete(key);
    }
  }

  /** Ends all transactions and closes the socket, without a word to anyone; whoever awaits an answer hears of a timeout. */
  fallSilent(): void {
    this.socket.close();
    this.timers.clear();
    this.#servers.clear();
    for (const transaction of [...this.#clients.values()]) transaction.abandon();
    this.#clients.clear();
  }
}

function withLogin(request: SipRequest, credentials: Credentials | undefined): SipRequest {
  const login = credentials?.headerFor(request.method, request.uri);
  return login ? { ...request, headers: [...request.headers, login] } : request;
}

function refusedLogin(response: SipResponse, credentials: Credentials | undefined) {
  return credentials && (response.status === 401 || response.status === 407) ? challengeIn(response) : undefined;
}
