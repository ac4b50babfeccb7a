/**
 * What node-apn lets nobody see or do of a push on its way, at the place where Node itself tells of every HTTP/2 request: when APNs wants to be asked
 * again, for the library drops the Retry-After header; an answer that has no end, which the library would gather for ever; how long an answer may take;
 * and whether the connection lives meanwhile. It must never keep anything of pushes that are over.
 */
import { channel } from 'node:diagnostics_channel';
import { type ClientHttp2Stream, constants, type Http2Session } from 'node:http2';
import { Duplex } from 'node:stream';
import { z } from 'zod';
import type { Liveness } from '../liveness.ts';
import { answerMs, longestAnswer } from '../push-service.ts';

const requests = channel('http2.client.stream.start');
const answers = channel('http2.client.stream.finish');

const sent = z.object({ sentHeaders: z.object({ 'apns-id': z.string() }) });
const request = z.object({ stream: z.custom<ClientHttp2Stream>((stream) => stream instanceof Duplex) });
const answer = z.object({ stream: sent, headers: z.object({ 'retry-after': z.string() }) });

/** One push on its way. */
interface Passage {
  readonly signal: AbortSignal;
  stream: ClientHttp2Stream | undefined;
  retryAfter: string | undefined;
  isLate: boolean;
}

/** What was seen of a push, beside what the library resolves with. */
export interface Seen {
  /** Of the answer. */
  readonly retryAfter: string | undefined;
  /** No answer came, though the connection lives. */
  readonly isLate: boolean;
}

export class ApnsWire {
  private readonly awaited = new Map<string, Passage>();
  private readonly livenessOf: (session: Http2Session) => Liveness | undefined;

  private readonly onRequest = (message: unknown): void => {
    if (this.awaited.size === 0) return;
    const stream = request.safeParse(message).data?.stream;
    const passage = this.awaited.get(sent.safeParse(stream).data?.sentHeaders['apns-id'] ?? '');
    if (stream === undefined || passage === undefined) return;
    passage.stream = stream;
    // It was called back while the connection opened.
    if (passage.signal.aborted) stream.close(constants.NGHTTP2_CANCEL);
    const over = stream.session && this.livenessOf(stream.session)?.watch();
    const timer = setTimeout(() => {
      passage.isLate = true;
      stream.close(constants.NGHTTP2_CANCEL);
      // It answers pings, and perhaps nothing else.
      stream.session?.close();
    }, answerMs);
    stream.once('close', () => {
      clearTimeout(timer);
      over?.();
    });
    let bytes = 0;
    stream.on('data', (chunk: Buffer | string) => {
      bytes += chunk.length;
      if (bytes > longestAnswer) stream.destroy(new Error('an answer without end'));
    });
  };

  private readonly onAnswer = (message: unknown): void => {
    if (this.awaited.size === 0) return;
    const { data } = answer.safeParse(message);
    const passage = this.awaited.get(data?.stream.sentHeaders['apns-id'] ?? '');
    if (passage !== undefined) passage.retryAfter = data?.headers['retry-after'];
  };

  constructor(livenessOf: (session: Http2Session) => Liveness | undefined) {
    this.livenessOf = livenessOf;
    requests.subscribe(this.onRequest);
    answers.subscribe(this.onAnswer);
  }

  /** Sends, and gives what was sent for together with what was seen of it. @param signal aborts where the request must end now */
  async during<T>(apnsId: string, signal: AbortSignal, send: () => Promise<T>): Promise<Seen & { readonly result: T }> {
    const passage: Passage = { signal, stream: undefined, retryAfter: undefined, isLate: false };
    const breakOff = () => passage.stream?.close(constants.NGHTTP2_CANCEL);
    this.awaited.set(apnsId, passage);
    signal.addEventListener('abort', breakOff, { once: true });
    try {
      const result = await send();
      return { result, retryAfter: passage.retryAfter, isLate: passage.isLate };
    } finally {
      signal.removeEventListener('abort', breakOff);
      this.awaited.delete(apnsId);
    }
  }

  close(): void {
    requests.unsubscribe(this.onRequest);
    answers.unsubscribe(this.onAnswer);
  }
}
