/** The contract of Push on the real libraries against the lab's services, and on the fake that the stories use. */

import { fakePush } from '../../lab/fakes/push.ts';
import { accept, hang, refuse, type ServiceAnswer } from '../../lab/push/answers.ts';
import type { Mailbox } from '../../lab/push/mailbox.ts';
import type { Device, PushResult } from '../../src/call/ports.ts';
import { systemClock } from '../../src/system/clock.ts';
import { type PushUnderTest, pushContract, type ServiceMood } from '../contract/push.contract.ts';
import { android, iphone, openBench } from './bench.ts';

const fcmAnswers: Readonly<Record<ServiceMood, ServiceAnswer>> = {
  delivers: accept,
  'knows no token': refuse(404, 'UNREGISTERED'),
  'refuses us': refuse(403, 'SENDER_ID_MISMATCH'),
  'is busy': refuse(503, 'UNAVAILABLE'),
  hangs: hang,
};
const apnsAnswers: Readonly<Record<ServiceMood, ServiceAnswer>> = {
  delivers: accept,
  'knows no token': refuse(410, 'Unregistered', { sinceMs: 1 }),
  'refuses us': refuse(400, 'BadDeviceToken'),
  'is busy': refuse(503, 'ServiceUnavailable'),
  hangs: hang,
};
const fakeResults: Readonly<Record<ServiceMood, PushResult | 'hangs'>> = {
  delivers: { kind: 'delivered' },
  'knows no token': { kind: 'dead-token', reason: 'scripted', sinceMs: undefined },
  'refuses us': { kind: 'our-fault', reason: 'scripted' },
  'is busy': 'hangs',
  hangs: 'hangs',
};

const tokensOf = (device: Device) => [device.token, device.alertToken];

function inMailbox(mailbox: Mailbox): Pick<PushUnderTest, 'received' | 'asked'> {
  return {
    received: (device) =>
      mailbox.pushes
        .filter((push) => tokensOf(device).includes(push.token))
        .map(({ payload }) => ({
          type: payload.type === 'call-ended' ? 'call-ended' : 'incoming-call',
          callId: payload.callId ?? '',
        })),
    asked: (device) => mailbox.requests.filter((push) => tokensOf(device).includes(push.token)).length,
  };
}

pushContract('FCM', async () => {
  const bench = await openBench();
  const { fcm } = bench.services;
  return {
    push: bench.push,
    newDevice: android,
    mood: (device, mood) => fcm.answers.forToken(device.token, fcmAnswers[mood]),
    ...inMailbox(fcm),
    close: bench.close,
  };
});

pushContract('APNs', async () => {
  const bench = await openBench();
  const { apns } = bench.services;
  return {
    push: bench.push,
    newDevice: iphone,
    mood: (device, mood) => {
      for (const token of tokensOf(device)) if (token) apns.answers.forToken(token, apnsAnswers[mood]);
    },
    ...inMailbox(apns),
    close: bench.close,
  };
});

pushContract('the fake', async () => {
  const push = fakePush(systemClock);
  const to = (device: Device) => (sent: { device: Device }) => sent.device.deviceId === device.deviceId;
  return {
    push,
    newDevice: android,
    mood: (device, mood) => push.script(device.deviceId, fakeResults[mood]),
    received: (device) =>
      push.delivered.filter(to(device)).map(({ what, notice }) => ({
        type: what === 'wake' ? 'incoming-call' : 'call-ended',
        callId: notice.callId,
      })),
    asked: (device) => push.sent.filter(to(device)).length,
    close: async () => undefined,
  };
});
