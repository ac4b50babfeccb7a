/**
 * What node-apn lets nobody see of a push on its way, read where Node itself tells of every HTTP/2 request: when APNs wants to be asked again, for the
 * library drops the Retry-After header, and an answer that has no end, which the library would gather for ever. It must never keep anything of pushes that
 * are over.
 */
import { channel } from 'node:diagnostics_channel';
import { constants, type Http2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { z } from 'zod';

const requests = channel('http2.client.stream.start');
const answers = channel('http2.client.stream.finish');
/** No answer of Apple's is longer, in bytes. */
const longestAnswer = 65_536;

const sent = z.object({ sentHeaders: z.object({ 'apns-id': z.string() }) });
const request = z.object({ stream: z.custom<Http2Stream>((stream) => stream instanceof Duplex) });
const answer = z.object({ stream: sent, headers: z.object({ 'retry-after': z.string() }) });

/** One push on its way. */
interface Passage {
  stream: Http2Stream | undefined;
  retryAfter: string | undefined;
}

export class ApnsWire {
  private readonly awaited = new Map<string, Passage>();

  private readonly onRequest = (message: unknown): void => {
    if (this.awaited.size === 0) return;
    const stream = request.safeParse(message).data?.stream;
    const passage = this.awaited.get(sent.safeParse(stream).data?.sentHeaders['apns-id'] ?? '');
    if (stream === undefined || passage === undefined) return;
    passage.stream = stream;
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

  constructor() {
    requests.subscribe(this.onRequest);
    answers.subscribe(this.onAnswer);
  }

  /**
   * Sends, and gives what was sent for together with the Retry-After header of its answer, if any.
   * @param overdue aborts where the request must end now
   */
  async during<T>(
    apnsId: string,
    overdue: AbortSignal,
    send: () => Promise<T>,
  ): Promise<{ result: T; retryAfter: string | undefined }> {
    const passage: Passage = { stream: undefined, retryAfter: undefined };
    const breakOff = () => passage.stream?.close(constants.NGHTTP2_CANCEL);
    this.awaited.set(apnsId, passage);
    overdue.addEventListener('abort', breakOff, { once: true });
    try {
      const result = await send();
      return { result, retryAfter: passage.retryAfter };
    } finally {
      overdue.removeEventListener('abort', breakOff);
      this.awaited.delete(apnsId);
    }
  }

  close(): void {
    requests.unsubscribe(this.onRequest);
    answers.unsubscribe(this.onAnswer);
  }
}
