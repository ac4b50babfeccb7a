/**
 * A router that cannot do its work: waiting until it says why, and holding the ports that it wants. Reads /healthz alone; what the log says is the test's to look at.
 */
import { createServer, type Server } from 'node:net';
import { z } from 'zod';
import { awaitThat } from '../asterisk/deadline.ts';
import type { LabRouter } from '../router.ts';

const health = z.object({ parts: z.object({ ari: z.object({ ok: z.boolean(), why: z.string().optional() }) }) });

/** Waits until /healthz answers 503 and says why. */
export async function unhealthyBecause(router: LabRouter, why: RegExp): Promise<void> {
  let last = 'no answer';
  await awaitThat(
    async () => {
      const answer = await fetch(`${router.url}/healthz`).catch(() => undefined);
      if (answer === undefined) return undefined;
      last = await answer.text();
      const told = answer.status === 503 ? health.safeParse(JSON.parse(last)).data?.parts.ari.why : undefined;
      return told !== undefined && why.test(told) ? true : undefined;
    },
    60_000,
    async () => `/healthz never said ${why}, but ${last}\n${router.log.tail()}`,
  );
}

export async function listenOn(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

export function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('this server has no port');
  return address.port;
}
