/**
 * The UDP socket of one phone: bound to a loopback address, it passes SIP messages in and out and traces each. It can be
 * asleep (open, but it hears nothing), or closed (the kernel then refuses packets to it). It knows no transaction.
 */
import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { nowMs } from './clock.ts';
import { bytesOf, textOf } from './raw-bytes.ts';
import type { UdpAddress } from './sip-address.ts';
import type { SipMessage } from './sip-message.ts';
import { firstLine, formatSip, parseSip, SipSyntaxError } from './sip-message.ts';
import type { Trace } from './trace.ts';

export type SipReceiver = (message: SipMessage, from: UdpAddress) => void;

export class SipSocket {
  readonly host: string;
  readonly #trace: Trace;
  readonly #receive: SipReceiver;
  #socket: Socket | undefined;
  #port = 0;
  asleep = false;

  constructor(host: string, trace: Trace, receive: SipReceiver) {
    this.host = host;
    this.#trace = trace;
    this.#receive = receive;
  }

  get port(): number {
    return this.#port;
  }

  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  /** Binds to `port`, 0 for any. Throws the bind error (EADDRINUSE, EADDRNOTAVAIL). */
  async open(port: number): Promise<void> {
    if (this.#socket) throw new Error(`the phone's socket is already open on port ${this.#port}`);
    const socket = await bindUdp(this.host, port);
    socket.on('message', (datagram, from) => this.#hear(datagram, { host: from.address, port: from.port }));
    this.#socket = socket;
    this.#port = socket.address().port;
    this.asleep = false;
  }

  /** Closes without a word. Nothing is read any more once this returns. */
  close(): void {
    this.#socket?.removeAllListeners('message');
    this.#socket?.close();
    this.#socket = undefined;
  }

  send(message: SipMessage, to: UdpAddress): void {
    if (!this.#socket || this.asleep) return;
    const text = formatSip(message);
    this.#trace.add({ atMs: nowMs(), direction: 'out', peer: to, firstLine: firstLine(message), text });
    // A lost datagram is the transaction's business; an error here (e.g. ECONNREFUSED) is just that.
    this.#socket.send(bytesOf(text), to.port, to.host, () => undefined);
  }

  #hear(datagram: Buffer, from: UdpAddress): void {
    const text = textOf(datagram);
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

/** A bound IPv4 UDP socket. */
export function bindUdp(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 18 });
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, host, () => {
      socket.removeAllListeners('error');
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}
