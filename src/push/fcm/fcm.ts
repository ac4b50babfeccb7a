/**
 * Pushes to Android devices through the HTTP v1 API of FCM, over a connection and with an access token of our own keeping. A message is data only, of
 * high priority, and lives as long as the notice.
 */
import type { Clock, Device } from '../../call/ports.ts';
import type { FcmAccess } from '../access.ts';
import { ConcurrencyLimit, type Urgency } from '../concurrency-limit.ts';
import type { Addresses } from '../dns-cache.ts';
import { callEnded, incomingCall, ordinaryBytes, type Payload } from '../payload.ts';
import { type Answer, type Attempt, NoToken, type PushService } from '../push-service.ts';
import { Sockets } from '../sockets.ts';
import { twoTries } from '../two-tries.ts';
import { FcmTokens } from './access-token.ts';
import { type FcmReading, readFcmAnswer, readFcmFault } from './answer.ts';
import { FcmLink } from './connection.ts';
import { TokenAgent } from './token-agent.ts';

/** Pushes under way at a time: streams of one connection. */
const places = 100;

/** @param onLost told when a connection takes nothing any more */
export function openFcm(
  { account, server, ca }: FcmAccess,
  clock: Clock,
  addresses: Addresses,
  onLost: () => void,
): PushService {
  const agent = new TokenAgent(server, ca, addresses);
  const tokens = new FcmTokens(account, agent, clock);
  const url = server ?? new URL('https://fcm.googleapis.com');
  const sockets = new Sockets(url, ca, addresses);
  const link = new FcmLink(url, sockets, clock, onLost);
  const concurrencyLimit = new ConcurrencyLimit(places, clock);
  const path = `/v1/projects/${encodeURIComponent(account.projectId)}/messages:send`;

  function push(urgency: Urgency, device: Device, data: Payload, attempt: Attempt): Promise<Answer> {
    return twoTries(concurrencyLimit, 'FCM', urgency, attempt, (signal) => pushOnce(device, data, attempt, signal));
  }

  async function pushOnce(device: Device, data: Payload, attempt: Attempt, signal: AbortSignal): Promise<FcmReading> {
    try {
      const token = await tokens.current();
      const ttl = `${Math.max(0, Math.floor(attempt.leftMs())) / 1000}s`;
      const message = { token: device.token, data, android: { priority: 'high', ttl } };
      const body = JSON.stringify({ message });
      const answer = await link.post({ path, authorization: `Bearer ${token}`, body, signal });
      const reading = readFcmAnswer(answer, clock.wallMs());
      if (reading.cure === 'token') tokens.discard(token);
      return reading;
    } catch (error) {
      return error instanceof NoToken ? { answer: error.answer, cure: undefined } : readFcmFault(error);
    }
  }

  return {
    wake: (device, notice, attempt) => push('wake', device, incomingCall(notice, ordinaryBytes), attempt),
    tellEnded: (device, notice, attempt) => push('notice', device, callEnded(notice, ordinaryBytes), attempt),
    async warmUp() {
      await Promise.all([tokens.current(), link.keep()]);
    },
    async close() {
      concurrencyLimit.close();
      await Promise.all([sockets.close(), agent.close()]);
    },
  };
}
