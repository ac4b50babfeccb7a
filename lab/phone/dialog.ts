/**
 * One SIP dialog as this phone sees it (RFC 3261, 12): tags, sequence numbers, where requests go. It writes the requests
 * of a call and must never send one itself.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { UdpAddress } from './sip-address.ts';
import { formatAddress, parseAddress } from './sip-address.ts';
import { newTag } from './sip-agent.ts';
import type { SipHeader, SipMessage, SipRequest } from './sip-message.ts';
import { cseq, header, headers } from './sip-message.ts';

export const ALLOWED = 'INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, NOTIFY, INFO, MESSAGE';

export class Dialog {
  readonly callId: string;
  readonly localTag: string;
  /** From or To of our side, without a tag. */
  readonly #local: string;
  #remote: string;
  #remoteTarget: string;
  #routes: readonly string[] = [];
  #cseq = randomInt(1, 10_000);
  /** Where messages go: where the far side's came from, as behind a NAT. */
  peer: UdpAddress;

  private constructor(callId: string, local: string, remote: string, remoteTarget: string, peer: UdpAddress) {
    this.callId = callId;
    this.localTag = newTag();
    this.#local = local;
    this.#remote = remote;
    this.#remoteTarget = remoteTarget;
    this.peer = peer;
  }

  /** The dialog that our INVITE will make. */
  static toward(
    uri: string,
    fromName: string,
    fromUri: string,
    server: UdpAddress,
    host: string,
    callId = `${randomBytes(10).toString('hex')}@${host}`,
  ): Dialog {
    return new Dialog(callId, formatAddress(fromName, fromUri), `<${uri}>`, uri, server);
  }

  /** The dialog that an INVITE to us makes. */
  static from(invite: SipRequest, peer: UdpAddress): Dialog {
    const target = parseAddress(header(invite, 'contact')).uri;
    const dialog = new Dialog(header(invite, 'call-id'), header(invite, 'to'), header(invite, 'from'), target, peer);
    dialog.#routes = headers(invite, 'record-route');
    return dialog;
  }

  /** The far side's tag; empty until it has answered. */
  get remoteTag(): string {
    return parseAddress(this.#remote).tag;
  }

  /** Where requests of this dialog are addressed to. */
  get remoteTarget(): string {
    return this.#remoteTarget;
  }

  nextCseq(): number {
    this.#cseq += 1;
    return this.#cseq;
  }

  /** What the far side's answer or request tells about itself: its tag, its target, its route. */
  learn(message: SipMessage): void {
    if (message.kind === 'response') {
      const to = header(message, 'to');
      if (parseAddress(to).tag !== '') this.#remote = to;
      const routes = headers(message, 'record-route').reverse();
      if (routes.length > 0) this.#routes = routes;
    }
    const contact = header(message, 'contact');
    if (contact !== '') this.#remoteTarget = parseAddress(contact).uri;
  }

  request(method: string, extra: readonly SipHeader[] = [], body = ''): SipRequest {
    return this.#build(method, this.nextCseq(), extra, body);
  }

  ackFor(invite: SipRequest): SipRequest {
    return this.#build('ACK', cseq(invite).number, [], '');
  }

  #build(method: string, number: number, extra: readonly SipHeader[], body: string): SipRequest {
    return {
      kind: 'request',
      method,
      uri: this.#remoteTarget,
      headers: [
        ...this.#routes.map((route): SipHeader => ['Route', route]),
        ['From', `${this.#local};tag=${this.localTag}`],
        ['To', this.#remote],
        ['Call-ID', this.callId],
        ['CSeq', `${number} ${method}`],
        ...extra,
      ],
      body,
    };
  }
}

/** The CANCEL of an INVITE that was sent: the same in all but the method. */
export function cancelOf(invite: SipRequest, reason: string | undefined): SipRequest {
  const kept = invite.headers.filter(([name]) => /^(via|max-forwards|route|from|to|call-id)$/i.test(name));
  const why: SipHeader[] = reason === undefined ? [] : [['Reason', reason]];
  return {
    kind: 'request',
    method: 'CANCEL',
    uri: invite.uri,
    headers: [...kept, ['CSeq', `${cseq(invite).number} CANCEL`], ...why],
    body: '',
  };
}
