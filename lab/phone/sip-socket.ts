/**
 * The SIP socket of one phone: bound to a loopback address, it passes SIP messages in and out and traces each. It can be
 * asleep (open, but it hears nothing), or closed (the kernel then refuses packets to it). It knows no transaction.
 */
import { nowMs } from './clock.ts';
import { bytesOf, textOf } from './raw-bytes.ts';
import type { UdpAddress } from './sip-address.ts';
import type { SipMessage } from './sip-message.ts';
import { firstLine, formatSip, parseSip, SipSyntaxError } from './sip-message.ts';
import { openWire, type Transport, type Way, type Wire } from './sip-wire.ts';
import type { Trace } from './trace.ts';

export type SipReceiver = (message: SipMessage, from: UdpAddress) => void;

export class SipSocket {
  readonly #way: Way;
  readonly #trace: Trace;
  readonly #receive: SipReceiver;
  #wire: Wire | undefined;
  #port = 0;
  asleep = false;

  constructor(way: Way, trace: Trace, receive: SipReceiver) {
    this.#way = way;
    this.#trace = trace;
    this.#receive = receive;
  }

  get transport(): Transport {
    return this.#way.transport;
  }

  get host(): string {
    return this.#way.host;
  }

  get port(): number {
    return this.#port;
  }

  get isOpen(): boolean {
    return this.#wire !== undefined;
  }

  /** Binds to `port`, 0 for any. Throws the bind error (EADDRINUSE, EADDRNOTAVAIL). */
  async open(port: number): Promise<void> {
    if (this.#wire) throw new Error(`the phone's socket is already open on port ${this.#port}`);
    this.#wire = await openWire(this.#way, port, (bytes, from) => this.#hear(bytes, from));
    this.#port = this.#wire.port;
    this.asleep = false;
  }

  /** Closes without a word. Nothing is read any more once this returns. */
  close(): void {
    this.#wire?.close();
    this.#wire = undefined;
  }

  send(message: SipMessage, to: UdpAddress): void {
    if (!this.#wire || this.asleep) return;
    const text = formatSip(message);
    this.#trace.add({ atMs: nowMs(), direction: 'out', peer: to, firstLine: firstLine(message), text });
    this.#wire.send(bytesOf(text), to);
  }

  #hear(bytes: Buffer, from: UdpAddress): void {
    const text = textOf(bytes);
    if (text.trim() === '') return; // keep-alive
    const atMs = nowMs();
    let message: SipMessage;
    try {
      message = parseSip(text);
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error;
      this.#trace.add({ atMs, direction: 'ignored', peer: from, firstLine: `no SIP: ${error.message}`, text });
      return;
    }
    const direction = this.asleep ? 'ignored' : 'in';
    this.#trace.add({ atMs, direction, peer: from, firstLine: firstLine(message), text });
    if (!this.asleep) this.#receive(message, from);
  }
}
