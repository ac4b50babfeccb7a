/**
 * The adapters in a process of their own: led to the lab by the environment alone, trusting its authority by NODE_EXTRA_CA_CERTS, and leaving no
 * socket and no timer that would keep the process alive after close.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { accept, hang } from '../../lab/push/answers.ts';
import { type PushServices, startPushServices } from '../../lab/push/services.ts';

let services: PushServices;
beforeAll(async () => {
  services = await startPushServices();
});
afterAll(() => services.close());

const printed = z.object({ results: z.array(z.string()), left: z.array(z.string()) });

/** Rejects where the program has not ended by itself in time. */
async function run(mode: 'deliver' | 'close-amid'): Promise<z.infer<typeof printed>> {
  const program = new URL('one-process.ts', import.meta.url).pathname;
  const environment = { PATH: process.env.PATH, ...services.environment };
  const ended = await promisify(execFile)(process.execPath, [program, mode], { env: environment, timeout: 20_000 });
  return printed.parse(JSON.parse(ended.stdout));
}

it('delivers to both services', async () => {
  expect(await run('deliver')).toEqual({ results: ['delivered', 'delivered'], left: [] });
  expect(services.fcm.pushes).toHaveLength(1);
  expect(services.apns.pushes).toHaveLength(1);
}, 30_000);

it('comes to its end after a close amid pushes', async () => {
  services.fcm.answers.toAll(hang);
  services.apns.answers.toAll(hang);
  services.apns.answers.next(1, accept);
  const { results, left } = await run('close-amid');
  expect(results.filter((kind) => kind === 'delivered')).toHaveLength(1);
  expect(results.filter((kind) => kind === 'failed')).toHaveLength(79);
  expect(left).toEqual([]);
}, 30_000);
