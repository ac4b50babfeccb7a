/**
 * Pushes to iPhones through APNs with node-apn: VoIP for an incoming call, and for its end an ordinary background notification to the
 * device's other token. It must never send a VoIP push for anything but an incoming call: iOS demands a call on the screen for each.
 */
import type { Http2Session } from 'node:http2';
import apn from '@parse/node-apn';
import type { Clock, Device } from '../../call/ports.ts';
import type { ApnsAccess } from '../access.ts';
import { ConcurrencyLimit } from '../concurrency-limit.ts';
import type { Addresses } from '../dns-cache.ts';
import { callEnded, incomingCall, ordinaryBytes, type Payload, voipBytes } from '../payload.ts';
import { type Answer, type Attempt, type PushService, retryAfterMs } from '../push-service.ts';
import { Sockets } from '../sockets.ts';
import { twoTries } from '../two-tries.ts';
import { type ApnsReading, readApnsResponses } from './answer.ts';
import { ApnsLink } from './connection.ts';
import { ApnsSignature, type SignedToken } from './provider-token.ts';
import { ApnsWire } from './wire.ts';

declare module '@parse/node-apn' {
  interface Provider {
    /** There is no other way to open the connection before the first push, nor to the token that it has signed. */
    readonly client: {
      connect(): Promise<void>;
      readonly session?: Http2Session | null;
      readonly config: { token: SignedToken };
    };
  }
}

/** Pushes under way at a time: streams of one connection. */
const places = 100;
/** The library's own deadline with an answer, in ms: beyond ours. */
const requestMs = 60_000;

interface Letter {
  readonly token: string;
  readonly pushType: 'voip' | 'background';
  readonly topic: string;
  /** It is the one of the settings. */
  readonly isUsualTopic: boolean;
  readonly priority: 10 | 5;
  readonly expiresAtMs: number;
  readonly payload: Payload;
}

/** @param onLost told when a connection takes nothing any more */
export function openApns(access: ApnsAccess, clock: Clock, addresses: Addresses, onLost: () => void): PushService {
  const { key, keyId, teamId, server, ca } = access;
  const sockets = new Sockets(server, ca, addresses);
  const link = new ApnsLink(sockets, clock, onLost);
  const options = {
    token: { key, keyId, teamId },
    // Without it the library goes by NODE_ENV.
    production: true,
    address: sockets.host,
    port: sockets.port,
    requestTimeout: requestMs,
    // The library would try again at once and whatever Retry-After says; delivery.ts does it better.
    connectionRetryLimit: 0,
    createConnection: link.connect,
    // Nobody listens to what a server would push here, and an error of it would end the router.
    settings: { enablePush: false },
  };
  const provider = new apn.Provider(options);
  const signature = new ApnsSignature(provider.client.config.token, clock);
  provider.client.config.token = signature;
  const wire = new ApnsWire((session) => link.livenessOf(session));
  const concurrencyLimit = new ConcurrencyLimit(places, clock);

  function push(letter: Letter, attempt: Attempt): Promise<Answer> {
    const urgency = letter.pushType === 'voip' ? 'wake' : 'notice';
    return twoTries(concurrencyLimit, 'APNs', urgency, attempt, (signal) => pushOnce(letter, attempt, signal));
  }

  async function pushOnce(letter: Letter, attempt: Attempt, signal: AbortSignal): Promise<ApnsReading> {
    const notification = new apn.Notification();
    notification.id = attempt.pushId;
    notification.topic = letter.topic;
    notification.pushType = letter.pushType;
    notification.priority = letter.priority;
    notification.expiry = Math.floor(letter.expiresAtMs / 1000);
    const aps = letter.pushType === 'background' ? { 'content-available': 1 } : {};
    notification.rawPayload = { aps, ...letter.payload };

    const { generation } = signature;
    const sent = await wire.during(attempt.pushId, signal, () => provider.send(notification, letter.token));
    const reading = readApnsResponses(sent.result, {
      afterMs: retryAfterMs(sent.retryAfter, clock.wallMs()),
      isLate: sent.isLate,
      fault: link.fault,
      isUsualTopic: letter.isUsualTopic,
    });
    if (reading.cure !== 'signature') return reading;
    signature.regenerate(generation);
    return signature.generation === generation ? { ...reading, cure: undefined } : reading;
  }

  return {
    async wake(device, notice, attempt) {
      if (!isToken(device.token)) return malformedToken;
      const letter = {
        token: device.token,
        pushType: 'voip',
        topic: `${bundleOf(device)}.voip`,
        isUsualTopic: device.appId === undefined,
        priority: 10,
        expiresAtMs: notice.expiresAtMs,
        payload: incomingCall(notice, voipBytes),
      } as const;
      return push(letter, attempt);
    },
    async tellEnded(device, notice, attempt) {
      if (device.alertToken === undefined) {
        return { kind: 'not-possible', reason: 'the device has given no token for ordinary notifications' };
      }
      if (!isToken(device.alertToken)) return malformedToken;
      const letter = {
        token: device.alertToken,
        pushType: 'background',
        topic: bundleOf(device),
        isUsualTopic: device.appId === undefined,
        priority: 5,
        expiresAtMs: notice.expiresAtMs,
        payload: callEnded(notice, ordinaryBytes),
      } as const;
      const answer = await push(letter, attempt);
      // Not the token by which the device is woken: that one may live.
      return answer.kind === 'dead-token' ? { kind: 'not-possible', reason: `APNs: ${answer.reason}` } : answer;
    },
    async warmUp() {
      const open = () => {
        const { session } = provider.client;
        return session && !session.closed && !session.destroyed ? session : undefined;
      };
      const session = open();
      if (session !== undefined) {
        await link.standing();
        await link.livenessOf(session)?.prove();
      }
      // A push may have opened another one meanwhile.
      if (open() === undefined) await provider.client.connect();
      await link.standing();
      const opened = open();
      if (opened !== undefined) link.livenessOf(opened);
    },
    async close() {
      concurrencyLimit.close();
      wire.close();
      provider.shutdown();
      await sockets.close();
    },
  };

  function bundleOf(device: Device): string {
    return device.appId ?? access.topic;
  }
}

const malformedToken: Answer = {
  kind: 'our-fault',
  reason: 'APNs: BadDeviceToken (the token is not made of hexadecimal digits)',
  concerns: 'token',
};

/** The library puts the token into a path as it is. */
function isToken(token: string): boolean {
  return /^[0-9a-f]{2,400}$/i.test(token);
}
