/**
 * One request that this phone got (RFC 3261, 17.2, over UDP): answers it, answers its repetitions with the same answer, and
 * repeats a final answer to an INVITE until the ACK comes. A repeated request must never reach the phone's logic twice.
 */
import { T1_MS, T2_MS, TRANSACTION_LIFE_MS } from './client-transaction.ts';
import { nowMs } from './clock.ts';
import type { UdpAddress } from './sip-address.ts';
import type { SipHeader, SipMessage, SipRequest, SipResponse } from './sip-message.ts';
import { branch, cseq, header, headers } from './sip-message.ts';
import type { Timers, Undo } from './timers.ts';

export interface Answer {
  readonly status: number;
  readonly reason?: string;
  /** The tag of this phone in the dialog; a 100 has none. */
  readonly toTag?: string;
  readonly headers?: readonly SipHeader[];
  readonly body?: string;
}

const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  183: 'Session Progress',
  200: 'OK',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  600: 'Busy Everywhere',
  603: 'Decline',
};

export class ServerTransaction {
  readonly request: SipRequest;
  readonly from: UdpAddress;
  readonly key: string;
  readonly #send: (message: SipMessage, to: UdpAddress) => void;
  readonly #timers: Timers;
  #last: SipResponse | undefined;
  #repeat: Undo = () => undefined;
  #giveUp: Undo = () => undefined;
  #forgetAtMs = Number.POSITIVE_INFINITY;
  /** Called once when a 2xx to an INVITE is never acknowledged (32 s). */
  onNoAck: () => void = () => undefined;

  constructor(
    request: SipRequest,
    from: UdpAddress,
    send: (message: SipMessage, to: UdpAddress) => void,
    timers: Timers,
  ) {
    this.request = request;
    this.from = from;
    this.key = serverKey(request, request.method);
    this.#send = send;
    this.#timers = timers;
  }

  /** The final status that was sent, undefined while there is none. */
  get finalStatus(): number | undefined {
    const status = this.#last?.status;
    return status !== undefined && status >= 200 ? status : undefined;
  }

  respond(answer: Answer): void {
    if (this.finalStatus !== undefined) return;
    const response = build(this.request, this.from, answer);
    this.#last = response;
    this.#send(response, this.from);
    if (answer.status < 200) return;
    this.#forgetAtMs = nowMs() + TRANSACTION_LIFE_MS;
    if (this.request.method !== 'INVITE') return;
    this.#repeatAfter(response, T1_MS);
    this.#giveUp = this.#timers.after(TRANSACTION_LIFE_MS, () => {
      this.acknowledged();
      if (answer.status < 300) this.onNoAck();
    });
  }

  /** The request came again. */
  repeated(): void {
    if (this.#last) this.#send(this.#last, this.from);
  }

  acknowledged(): void {
    this.#repeat();
    this.#giveUp();
  }

  isForgettable(atMs: number): boolean {
    return atMs >= this.#forgetAtMs;
  }

  #repeatAfter(response: SipResponse, waitMs: number): void {
    this.#repeat = this.#timers.after(waitMs, () => {
      this.#send(response, this.from);
      this.#repeatAfter(response, Math.min(waitMs * 2, T2_MS));
    });
  }
}

/** An ACK to a refusal and a CANCEL share the INVITE's branch: `method` says whose transaction is meant. */
export function serverKey(request: SipRequest, method: string): string {
  const sentBy = /^SIP\/2\.0\/\w+\s+([^;\s]+)/i.exec(header(request, 'via'))?.[1] ?? '';
  return `${branch(request)} ${sentBy} ${cseq(request).number} ${method}`;
}

function build(request: SipRequest, from: UdpAddress, answer: Answer): SipResponse {
  const vias = headers(request, 'via').map((via, index): SipHeader => {
    if (index > 0) return ['Via', via];
    const filled = via.replace(/;\s*rport(?=;|$|,)/i, `;rport=${from.port}`);
    return ['Via', filled.includes('received=') ? filled : `${filled};received=${from.host}`];
  });
  const to = header(request, 'to');
  const tagged = answer.toTag === undefined || /;\s*tag=/i.test(to) ? to : `${to};tag=${answer.toTag}`;
  return {
    kind: 'response',
    status: answer.status,
    reason: answer.reason ?? REASONS[answer.status] ?? 'Answer',
    headers: [
      ...vias,
      ...headers(request, 'record-route').map((route): SipHeader => ['Record-Route', route]),
      ['From', header(request, 'from')],
      ['To', tagged],
      ['Call-ID', header(request, 'call-id')],
      ['CSeq', header(request, 'cseq')],
      ...(answer.headers ?? []),
    ],
    body: answer.body ?? '',
  };
}
