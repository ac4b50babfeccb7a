/**
 * One request that this phone sent, until its final answer (RFC 3261, 17.1, over UDP): repeats it when the network is
 * slow, acknowledges a refused INVITE, absorbs repeated answers. It must never call its owner twice for a final refusal.
 */
import type { UdpAddress } from './sip-address.ts';
import type { SipRequest, SipResponse } from './sip-message.ts';
import { branch, cseq, header, headers, without } from './sip-message.ts';
import type { Timers, Undo } from './timers.ts';

export const T1_MS = 500;
export const T2_MS = 4000;
/** How long a transaction tries or remembers: 64 x T1. */
export const TRANSACTION_LIFE_MS = 64 * T1_MS;

export interface ClientHandlers {
  /** Each provisional answer, the final one, and each repeated 2xx to an INVITE (which asks for another ACK). */
  readonly onResponse: (response: SipResponse) => void;
  /** No final answer came within 32 s (an INVITE: no answer at all). */
  readonly onTimeout: () => void;
}

export class ClientTransaction {
  readonly request: SipRequest;
  readonly key: string;
  readonly #to: UdpAddress;
  readonly #send: (request: SipRequest, to: UdpAddress) => void;
  readonly #timers: Timers;
  readonly #handlers: ClientHandlers;
  #state: 'trying' | 'proceeding' | 'completed' = 'trying';
  #repeat: Undo = () => undefined;
  #giveUp: Undo = () => undefined;

  constructor(
    request: SipRequest,
    to: UdpAddress,
    send: (request: SipRequest, to: UdpAddress) => void,
    timers: Timers,
    handlers: ClientHandlers,
  ) {
    this.request = request;
    this.key = clientKey(branch(request), request.method);
    this.#to = to;
    this.#send = send;
    this.#timers = timers;
    this.#handlers = handlers;
  }

  get isCompleted(): boolean {
    return this.#state === 'completed';
  }

  start(): void {
    this.#send(this.request, this.#to);
    this.#repeatAfter(T1_MS);
    this.#giveUp = this.#timers.after(TRANSACTION_LIFE_MS, () => {
      this.stop();
      this.#handlers.onTimeout();
    });
  }

  stop(): void {
    this.#state = 'completed';
    this.#repeat();
    this.#giveUp();
  }

  /** The phone falls silent: nothing will come any more. */
  abandon(): void {
    if (this.#state === 'completed') return;
    this.stop();
    this.#handlers.onTimeout();
  }

  receive(response: SipResponse): void {
    const invite = this.request.method === 'INVITE';
    if (response.status < 200) {
      if (this.#state === 'completed') return;
      this.#state = 'proceeding';
      if (invite) {
        this.#repeat();
        this.#giveUp();
      }
      this.#handlers.onResponse(response);
      return;
    }
    const repeated = this.#state === 'completed';
    this.stop();
    if (invite && response.status >= 300) this.#send(ackForRefusal(this.request, response), this.#to);
    if (!repeated || (invite && response.status < 300)) this.#handlers.onResponse(response);
  }

  #repeatAfter(waitMs: number): void {
    this.#repeat = this.#timers.after(waitMs, () => {
      this.#send(this.request, this.#to);
      const doubled = waitMs * 2;
      this.#repeatAfter(this.request.method === 'INVITE' ? doubled : Math.min(doubled, T2_MS));
    });
  }
}

export function clientKey(branchId: string, method: string): string {
  return `${branchId} ${method}`;
}

/** The ACK to a 3xx-6xx belongs to the INVITE's own transaction: same branch, same URI. */
function ackForRefusal(invite: SipRequest, response: SipResponse): SipRequest {
  const list = without(invite.headers, 'via', 'to', 'cseq', 'contact', 'content-type', 'allow', 'supported');
  return {
    kind: 'request',
    method: 'ACK',
    uri: invite.uri,
    headers: [
      ['Via', headers(invite, 'via')[0] ?? ''],
      ...list.filter(([name]) => /^(from|call-id|route|max-forwards|user-agent)$/i.test(name)),
      ['To', header(response, 'to')],
      ['CSeq', `${cseq(invite).number} ACK`],
    ],
    body: '',
  };
}
