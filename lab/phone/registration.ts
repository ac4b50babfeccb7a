/**
 * How a phone makes itself known to the server: REGISTER with digest, the same contact again (a silent refresh), or none.
 * One of these stands for one life of the phone: after a restart from another port there is a new one with a new Call-ID.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { nowMs } from './clock.ts';
import { ALLOWED } from './dialog.ts';
import type { Credentials } from './digest.ts';
import type { UdpAddress } from './sip-address.ts';
import { parseAddress } from './sip-address.ts';
import type { SipAgent } from './sip-agent.ts';
import { newTag } from './sip-agent.ts';
import type { SipRequest, SipResponse } from './sip-message.ts';
import { header, headers } from './sip-message.ts';

/** In place of contacts: all that the server has for this account, to be taken off. */
export const ALL_OF_THEM = '*';

export interface Registered {
  /** When the 200 arrived. */
  readonly atMs: number;
  /** The contact URI that this phone registered. */
  readonly contactUri: string;
  readonly expiresSec: number;
  /** All contact URIs that the server has for this account, old ones included. */
  readonly contacts: readonly string[];
}

export class RegisterRefused extends Error {
  override readonly name = 'RegisterRefused';
  /** The final status, undefined when no answer came. */
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

export interface Account {
  readonly user: string;
  readonly server: UdpAddress;
  readonly credentials: Credentials | undefined;
}

export class Registration {
  readonly #account: Account;
  readonly #agent: SipAgent;
  readonly #callId: string;
  readonly #tag = newTag();
  #cseq = randomInt(1, 10_000);

  constructor(account: Account, agent: SipAgent) {
    this.#account = account;
    this.#agent = agent;
    this.#callId = `${randomBytes(10).toString('hex')}@${agent.socket.host}`;
  }

  /**
   * Registers the contact, or these (0 s: takes them off), each with these parameters beside it. Throws RegisterRefused
   * on a refusal or when no answer comes in 32 s.
   */
  async register(
    expiresSec: number,
    contactPort: number,
    contactUris: readonly string[] = [],
    contactParameters = '',
  ): Promise<Registered> {
    const { user } = this.#account;
    const contactUri = contactUris[0] ?? `sip:${user}@${this.#agent.socket.host}:${contactPort}`;
    const all = contactUris.length === 0 ? [contactUri] : contactUris;
    const response = await this.#send(this.#request(all, expiresSec, contactParameters));
    if (response.status >= 300) {
      const why = `${user}: REGISTER was refused with ${response.status} ${response.reason}`;
      throw new RegisterRefused(`${why}\n${this.#agent.trace.tail()}`, response.status);
    }
    const granted = headers(response, 'contact').flatMap((value) => value.split(/,(?=\s*<)/));
    const mine = granted.find((value) => parseAddress(value).uri.startsWith(contactUri));
    const expires = /;\s*expires=(\d+)/i.exec(mine ?? '')?.[1] ?? header(response, 'expires');
    return {
      atMs: nowMs(),
      contactUri,
      expiresSec: expires === '' ? expiresSec : Number(expires),
      contacts: granted.map((value) => parseAddress(value).uri),
    };
  }

  #request(contactUris: readonly string[], expiresSec: number, parameters: string): SipRequest {
    const { user, server } = this.#account;
    const own = `<sip:${user}@${server.host}>`;
    return {
      kind: 'request',
      method: 'REGISTER',
      uri: `sip:${server.host}:${server.port}`,
      headers: [
        ['From', `${own};tag=${this.#tag}`],
        ['To', own],
        ['Call-ID', this.#callId],
        ['CSeq', `${this.#nextCseq()} REGISTER`],
        [
          'Contact',
          contactUris
            .map((uri) => (uri === ALL_OF_THEM ? uri : `<${uri}>${parameters};expires=${expiresSec}`))
            .join(', '),
        ],
        ['Expires', String(expiresSec)],
        ['Allow', ALLOWED],
        ['Supported', 'path'],
        ['User-Agent', 'lab-phone'],
      ],
      body: '',
    };
  }

  #nextCseq(): number {
    this.#cseq += 1;
    return this.#cseq;
  }

  #send(request: SipRequest): Promise<SipResponse> {
    const { server, credentials, user } = this.#account;
    return new Promise((resolve, reject) => {
      this.#agent.send(request, server, {
        credentials,
        nextCseq: () => this.#nextCseq(),
        onResponse: (response) => (response.status >= 200 ? resolve(response) : undefined),
        onTimeout: () => {
          const why = `${user}: no answer to REGISTER from ${server.host}:${server.port}`;
          reject(new RegisterRefused(`${why}\n${this.#agent.trace.tail()}`, undefined));
        },
      });
    });
  }
}
