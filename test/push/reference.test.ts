/** Our message to FCM beside the one that Google's own library sends: what FCM understands of both is the same. */
import { Agent } from 'node:https';
import { type ConnectionOptions, connect } from 'node:tls';
import { deleteApp, initializeApp } from 'firebase-admin/app';
import { getMessaging } from 'firebase-admin/messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { readServiceAccount } from '../../src/push/credentials.ts';
import { Addresses } from '../../src/push/dns-cache.ts';
import { FcmTokens } from '../../src/push/fcm/access-token.ts';
import { TokenAgent } from '../../src/push/fcm/token-agent.ts';
import { callEnded, incomingCall, ordinaryBytes } from '../../src/push/payload.ts';
import { systemClock } from '../../src/system/clock.ts';
import { android, type Bench, never, notice, openBench, patient } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/** Leads the library, whose hosts are constants, to the lab. */
class ToTheLab extends Agent {
  override createConnection(options: ConnectionOptions) {
    const { port, hostname } = new URL(bench.services.environment.FCM_URL);
    return connect({ ...options, host: hostname, port: Number(port), servername: hostname, ca: bench.services.ca });
  }
}

const sent = z.object({ message: z.object({ android: z.object({ ttl: z.string() }) }) });

it.each(['wake', 'tellEnded'] as const)('is what firebase-admin sends (%s)', patient, async (what) => {
  const { FCM_CREDENTIALS_FILE: file, FCM_URL: url } = bench.services.environment;
  const tokenAgent = new TokenAgent(new URL(url), bench.services.ca, new Addresses(bench.log));
  const account = readServiceAccount(file);
  const tokens = new FcmTokens(account, tokenAgent, systemClock);
  const credential = { getAccessToken: async () => ({ access_token: await tokens.current(), expires_in: 3600 }) };
  const httpAgent = new ToTheLab();
  const app = initializeApp({ credential, projectId: account.projectId, httpAgent }, what);
  const [device, told] = [android(), notice(9000, { caller: { name: 'Zoé "Z" Ünal', number: '+33123456789' } })];
  const data = what === 'wake' ? incomingCall(told, ordinaryBytes) : callEnded(told, ordinaryBytes);
  try {
    await getMessaging(app).send({ token: device.token, data: { ...data }, android: { priority: 'high', ttl: 8500 } });
  } finally {
    await deleteApp(app);
    httpAgent.destroy();
    await tokenAgent.close();
  }
  await bench.push[what](device, told, never());
  const [theirs, ours] = bench.services.fcm.requests.filter(({ token }) => token === device.token);
  const seconds = (of: typeof ours) => Number(/^(\d+(?:\.\d+)?)s$/.exec(sent.parse(of?.body).message.android.ttl)?.[1]);
  expect([seconds(theirs), Math.ceil(seconds(ours))]).toEqual([8.5, 9]);
  const without = (of: typeof ours) => JSON.parse(JSON.stringify(of?.body).replace(/"ttl":"[^"]*"/, '"ttl":""'));
  expect(without(ours)).toEqual(without(theirs));
  expect(ours?.headers['content-type']).toMatch(/^application\/json/);
});
