/**
 * A push service whose library is loaded when it is first asked for: that takes as long as loading everything else, and callers who wait for a
 * router that has just started shall not wait for it. It must never load or open it twice, nor after it has been closed.
 */
import type { PushService } from './push-service.ts';

/** @param open loads the library and opens the service */
export function openLate(open: () => Promise<PushService>): PushService {
  let opening: Promise<PushService> | undefined;
  let closed = false;
  const service = (): Promise<PushService> => {
    if (closed && opening === undefined) return Promise.reject(new Error('the push service is closed'));
    // What has failed may succeed the next time.
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    wake: async (device, notice, attempt) => (await service()).wake(device, notice, attempt),
    tellEnded: async (device, notice, attempt) => (await service()).tellEnded(device, notice, attempt),
    warmUp: async () => (await service()).warmUp(),
    async close() {
      closed = true;
      const opened = await opening?.catch(() => undefined);
      await opened?.close();
    },
  };
}
