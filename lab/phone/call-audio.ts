/**
 * The audio of one call: a UDP socket, the frames that the phone sends, and the ear that hears the far side. DTMF goes
 * both ways as telephone-events. It knows no SIP; a phone of a load test has it without a socket.
 */

import { randomInt } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { nowMs } from './clock.ts';
import { Listening } from './listening.ts';
import { buildRtp, buildTelephoneEvent, parseRtp, parseTelephoneEvent } from './rtp-packet.ts';
import { everyFrame } from './rtp-ticker.ts';
import type { AudioAgreement, Codec } from './sdp.ts';
import { bindUdp } from './sip-wire.ts';
import { FRAME_MS, frame, SAMPLES_PER_FRAME } from './tone.ts';

export interface AudioOptions {
  /** What this side sends: its tone, packets of digital silence, or no packets at all. */
  readonly send: 'tone' | 'silence' | 'nothing';
  /** When sending begins: with the first early media (183), or only with the answer, as many carriers do. */
  readonly sendFrom: 'early-media' | 'answer';
  /** Offered first, and chosen when the far side offers it. */
  readonly codec: Codec;
  /** false: no socket, nothing sent and nothing heard (for phones of a load test). */
  readonly socket: boolean;
  /** Without a socket: where the far side is told to send; the discard port when left out. */
  readonly deafPort?: number;
}

export const USUAL_AUDIO: AudioOptions = { send: 'tone', sendFrom: 'early-media', codec: 'PCMU', socket: true };

export interface DtmfHeard {
  readonly digit: string;
  readonly atMs: number;
}

interface DigitOnTheWay {
  readonly digit: string;
  readonly frames: number;
  readonly done: () => void;
  timestamp: number;
  sent: number;
}

/** How often the end of a digit is said (RFC 4733, 2.5.1.4). */
const END_PACKETS = 3;
const DISCARD_PORT = 9;

export class CallAudio {
  readonly listening = new Listening();
  readonly options: AudioOptions;
  readonly #host: string;
  readonly #toneHz: number;
  readonly #onDtmf: (heard: DtmfHeard) => void;
  readonly #ssrc = randomInt(2 ** 32);
  readonly #digits: DigitOnTheWay[] = [];
  #socket: Socket | undefined;
  #agreement: AudioAgreement | undefined;
  #stop: (() => void) | undefined;
  #sequence = randomInt(2 ** 15);
  #timestamp = randomInt(2 ** 31);
  #frames = 0;
  #fresh = true;
  #muted = false;
  #lastDtmfTimestamp: number | undefined;

  private constructor(host: string, toneHz: number, options: AudioOptions, onDtmf: (heard: DtmfHeard) => void) {
    this.#host = host;
    this.#toneHz = toneHz;
    this.options = options;
    this.#onDtmf = onDtmf;
  }

  static async open(
    host: string,
    toneHz: number,
    options: AudioOptions,
    onDtmf: (heard: DtmfHeard) => void,
  ): Promise<CallAudio> {
    const audio = new CallAudio(host, toneHz, options, onDtmf);
    if (options.socket) {
      const socket = await bindUdp(host, 0);
      socket.on('message', (datagram) => audio.#receive(datagram));
      audio.#socket = socket;
    }
    return audio;
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: this.#host, port: this.#socket?.address().port ?? this.options.deafPort ?? DISCARD_PORT };
  }

  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  get agreement(): AudioAgreement | undefined {
    return this.#agreement;
  }

  /** Where to send and in which codec; takes effect with the next frame. */
  useAgreement(agreement: AudioAgreement): void {
    this.#agreement = agreement;
  }

  /** Begins to send, if this phone sends at all; harmless when it does already. */
  startSending(): void {
    if (this.#stop || !this.#socket || this.options.send === 'nothing') return;
    this.#stop = everyFrame(() => this.#beat());
  }

  /** Sends no sound until unmute(); digits go out all the same. */
  mute(): void {
    this.#muted = true;
  }

  unmute(): void {
    this.#muted = false;
    this.#fresh = true;
  }

  /** Sends the digit as a telephone-event; resolves when its end is said. Throws when the far side takes none. */
  sendDtmf(digit: string, durationMs = 160): Promise<void> {
    if (!this.#socket || this.#agreement?.dtmfPayloadType === undefined) {
      throw new Error('DTMF needs an audio socket and a far side that takes telephone-events');
    }
    buildTelephoneEvent({ digit, end: false, duration: 0 });
    this.#stop ??= everyFrame(() => this.#beat());
    return new Promise((done) => {
      const frames = Math.max(2, Math.round(durationMs / FRAME_MS));
      this.#digits.push({ digit, timestamp: -1, frames, sent: 0, done });
    });
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    for (const digit of this.#digits.splice(0)) digit.done();
    this.#socket?.removeAllListeners('message');
    this.#socket?.close();
    this.#socket = undefined;
  }

  #beat(): void {
    const agreement = this.#agreement;
    if (agreement && agreement.remote.port !== 0) {
      const digit = this.#digits[0];
      if (digit) this.#sendDigit(digit, agreement);
      else if (this.options.send !== 'nothing' && !this.#muted && mayWeSend(agreement)) this.#sendFrame(agreement);
    }
    this.#timestamp = (this.#timestamp + SAMPLES_PER_FRAME) >>> 0;
    this.#frames += 1;
  }

  #sendFrame(agreement: AudioAgreement): void {
    const hz = this.options.send === 'tone' ? this.#toneHz : 0;
    this.#send(agreement.payloadType, this.#fresh, this.#timestamp, frame(agreement.codec, hz, this.#frames));
    this.#fresh = false;
  }

  #sendDigit(digit: DigitOnTheWay, agreement: AudioAgreement): void {
    const payloadType = agreement.dtmfPayloadType;
    if (payloadType === undefined) return;
    const first = digit.sent === 0;
    if (first) digit.timestamp = this.#timestamp;
    digit.sent += 1;
    const duration = Math.min(digit.sent, digit.frames) * SAMPLES_PER_FRAME;
    const end = digit.sent >= digit.frames;
    const payload = buildTelephoneEvent({ digit: digit.digit, end, duration });
    this.#send(payloadType, first, digit.timestamp, payload);
    if (digit.sent < digit.frames + END_PACKETS - 1) return;
    this.#digits.shift();
    this.#fresh = true;
    digit.done();
  }

  #send(payloadType: number, marker: boolean, timestamp: number, payload: Uint8Array): void {
    const { remote } = this.#agreement ?? {};
    if (!remote) return;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const packet = { payloadType, marker, sequence: this.#sequence, timestamp, ssrc: this.#ssrc, payload };
    this.#socket?.send(buildRtp(packet), remote.port, remote.host, () => undefined);
  }

  #receive(datagram: Buffer): void {
    const packet = parseRtp(datagram);
    if (!packet) return;
    if (packet.payloadType === (this.#agreement?.dtmfPayloadType ?? 101)) {
      const event = parseTelephoneEvent(packet.payload);
      if (!event || this.#lastDtmfTimestamp === packet.timestamp) return;
      this.#lastDtmfTimestamp = packet.timestamp;
      this.#onDtmf({ digit: event.digit, atMs: nowMs() });
    } else if (packet.payloadType === 0) this.listening.hear(packet, 'PCMU');
    else if (packet.payloadType === 8) this.listening.hear(packet, 'PCMA');
  }
}

/** On hold (`sendonly`, `inactive`) the far side does not want to hear us. */
function mayWeSend(agreement: AudioAgreement): boolean {
  return agreement.direction === 'sendrecv' || agreement.direction === 'recvonly';
}
