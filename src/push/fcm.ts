/**
 * Pushes to Android devices through FCM: firebase-admin's send(), over connections and with an access token of our own keeping. A message is
 * data only, of high priority, and lives as long as the notice. It must never use sendEach(), which opens a connection for each push.
 */
import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import { deleteApp, initializeApp } from 'firebase-admin/app';
import { getMessaging, type Messaging } from 'firebase-admin/messaging';
import type { Clock, Device } from '../call/ports.ts';
import type { FcmAccess } from './access.ts';
import type { Addresses } from './addresses.ts';
import { type Answer, type Attempt, NoToken, type PushService } from './answer.ts';
import { Exchange, FcmAgent } from './fcm-agent.ts';
import { type FcmReading, readFcmFailure } from './fcm-answer.ts';
import { FcmTokens } from './fcm-token.ts';
import { callEnded, incomingCall, ordinaryBytes, type Payload } from './payload.ts';
import { Turnstile, type Urgency } from './turnstile.ts';

/** What FCM calls a message that it has taken. */
const messageName = /^projects\/[^/\s]+\/messages\/\S+$/;
/** Pushes under way at a time, and so connections: FCM is spoken to in HTTP/1.1, in which a connection carries one. */
const places = 10;

export function openFcm({ account, server, ca }: FcmAccess, clock: Clock, addresses: Addresses): PushService {
  const agent = new FcmAgent(server, ca, addresses);
  const tokens = new FcmTokens(account, agent, clock);
  const turnstile = new Turnstile(places, clock);
  // The app would keep a token until it expires, whatever the server says of it. Told that each expires at once, it asks for every message.
  const credential = { getAccessToken: async () => ({ access_token: await tokens.current(), expires_in: 0 }) };
  const app = initializeApp(
    { credential, projectId: account.projectId, httpAgent: agent },
    `xivo-mapp-${randomUUID()}`,
  );
  const messaging = getMessaging(app);

  async function push(urgency: Urgency, device: Device, data: Payload, attempt: Attempt): Promise<Answer> {
    const answer = await turnstile.through(urgency, attempt.signal, async (overdue) => {
      const first = await pushOnce(device, data, attempt, overdue);
      if (first.cure === undefined || attempt.signal.aborted) return first.answer;
      return (await pushOnce(device, data, attempt, overdue)).answer;
    });
    return answer ?? { kind: 'again', reason: 'FCM: the answer has no end', afterMs: undefined };
  }

  async function pushOnce(device: Device, data: Payload, attempt: Attempt, overdue: AbortSignal): Promise<FcmReading> {
    const exchange = new Exchange(attempt.signal, overdue);
    try {
      await tokens.current();
      const ttl = Math.max(0, Math.floor(attempt.leftMs()));
      const message = { token: device.token, data: { ...data }, android: { priority: 'high' as const, ttl } };
      await agent.exchanges.run(exchange, () => send(messaging, message, exchange));
      return { answer: { kind: 'delivered' }, cure: undefined };
    } catch (error) {
      if (error instanceof NoToken) return { answer: error.answer, cure: undefined };
      const reading = readFcmFailure(error, exchange, clock.wallMs());
      if (reading.cure === 'token') tokens.discard((exchange.authorization ?? '').replace(/^Bearer /, ''));
      return reading;
    }
  }

  return {
    wake: (device, notice, attempt) => push('wake', device, incomingCall(notice, ordinaryBytes), attempt),
    tellEnded: (device, notice, attempt) => push('notice', device, callEnded(notice, ordinaryBytes), attempt),
    async warmUp() {
      await tokens.current();
      // With a server of one's own the token has come over the connection that the pushes will take.
      if (server === undefined) await knock('https://fcm.googleapis.com/', agent);
    },
    async close() {
      turnstile.close();
      await deleteApp(app);
      await agent.close();
    },
  };
}

async function send(messaging: Messaging, message: Parameters<Messaging['send']>[0], exchange: Exchange) {
  const name: unknown = await Promise.race([messaging.send(message), exchange.broken]);
  if (typeof name !== 'string' || !messageName.test(name)) throw new Error('no message name');
}

/** Opens a connection with a request that asks for nothing. */
function knock(url: string, agent: FcmAgent): Promise<void> {
  return new Promise((resolve, reject) => {
    const knocking = request(url, { method: 'HEAD', agent }, (response) => response.resume().once('end', resolve));
    // An answer of another protocol ends without a word.
    knocking.once('close', () => reject(new Error('no answer')));
    knocking.once('error', reject).end();
  });
}
