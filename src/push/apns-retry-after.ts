/**
 * When APNs wants to be asked again: node-apn drops the Retry-After header before anybody sees it, so it is read where Node itself
 * tells of every HTTP/2 answer. It must never keep anything of pushes that are over.
 */
import { channel } from 'node:diagnostics_channel';
import { z } from 'zod';

const answers = channel('http2.client.stream.finish');
const answer = z.object({
  stream: z.object({ sentHeaders: z.object({ 'apns-id': z.string() }) }),
  headers: z.object({ 'retry-after': z.string() }),
});

export class ApnsRetryAfter {
  private readonly awaited = new Map<string, string | undefined>();
  private readonly listener = (message: unknown): void => {
    if (this.awaited.size === 0) return;
    const { data } = answer.safeParse(message);
    if (data === undefined || !this.awaited.has(data.stream.sentHeaders['apns-id'])) return;
    this.awaited.set(data.stream.sentHeaders['apns-id'], data.headers['retry-after']);
  };

  constructor() {
    answers.subscribe(this.listener);
  }

  /** Sends, and gives what was sent for together with the Retry-After header of its answer, if any. */
  async during<T>(apnsId: string, send: () => Promise<T>): Promise<{ result: T; retryAfter: string | undefined }> {
    this.awaited.set(apnsId, undefined);
    try {
      const result = await send();
      return { result, retryAfter: this.awaited.get(apnsId) };
    } finally {
      this.awaited.delete(apnsId);
    }
  }

  close(): void {
    answers.unsubscribe(this.listener);
  }
}
