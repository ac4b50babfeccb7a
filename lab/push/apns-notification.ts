/**
 * The rules by which APNs judges a notification, in the order and with the reasons of Apple's reference. A notification that Apple would refuse, or
 * would accept and then punish the app for, must never pass here.
 */
import type { IncomingHttpHeaders } from 'node:http2';
import { z } from 'zod';

export interface ApnsRefusal {
  readonly status: number;
  readonly reason: string;
}

export type ApnsBody = Readonly<Record<string, unknown>>;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const background = z.object({ aps: z.object({ 'content-available': z.literal(1) }) });
const appPart = z.record(z.string(), z.unknown());

/** @param topics the bundle ids that the key may push to. @param body as it came */
export function judgeNotification(
  headers: IncomingHttpHeaders,
  token: string,
  body: string,
  topics: readonly string[],
): ApnsRefusal | undefined {
  const topic = headers['apns-topic'];
  const pushType = headers['apns-push-type'];
  const priority = headers['apns-priority'];
  const expiration = headers['apns-expiration'];
  const id = headers['apns-id'];
  const bytes = Buffer.byteLength(body);
  const parsed = readBody(body);
  const voip = pushType === 'voip';

  if (id !== undefined && !uuid.test(String(id))) return { status: 400, reason: 'BadMessageId' };
  if (priority !== undefined && !/^(1|5|10)$/.test(String(priority))) return { status: 400, reason: 'BadPriority' };
  if (expiration !== undefined && !/^\d{1,10}$/.test(String(expiration))) {
    return { status: 400, reason: 'BadExpirationDate' };
  }
  if (pushType !== 'voip' && pushType !== 'background' && pushType !== 'alert') {
    return { status: 400, reason: 'InvalidPushType' };
  }
  if (typeof topic !== 'string' || topic === '') return { status: 400, reason: 'MissingTopic' };
  if (!topics.includes(topic.replace(/\.voip$/, ''))) return { status: 400, reason: 'TopicDisallowed' };
  if (voip !== topic.endsWith('.voip')) return { status: 400, reason: 'DeviceTokenNotForTopic' };
  if (!/^[0-9a-f]{64,200}$/i.test(token)) return { status: 400, reason: 'BadDeviceToken' };
  if (bytes === 0) return { status: 400, reason: 'PayloadEmpty' };
  if (bytes > (voip ? 5120 : 4096)) return { status: 413, reason: 'PayloadTooLarge' };
  if (parsed === undefined) return { status: 400, reason: 'PayloadEmpty' };
  // Apple delivers these late or not at all, which shows on a phone only.
  if (pushType === 'background' && (priority !== '5' || !background.safeParse(parsed).success)) {
    return { status: 400, reason: 'BadPriority' };
  }
  // iOS ends an app that gets a VoIP push and shows no call.
  if (voip && parsed.type !== 'incoming-call') return { status: 400, reason: 'VoipWithoutCall' };
  return undefined;
}

/** The body, or undefined where it is no JSON object. */
export function readBody(body: string): ApnsBody | undefined {
  try {
    return appPart.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
