/** The connections to the services: few, long-lived, replaced when they die unnoticed, and gone after close (EDGES 18, 27). */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { hang, slow } from '../../lab/push/answers.ts';
import { ApnsServer } from '../../lab/push/apns-server.ts';
import { makeCertificates } from '../../lab/push/certificate.ts';
import { Connections } from '../../lab/push/connections.ts';
import { FcmServer } from '../../lab/push/fcm-server.ts';
import type { Device } from '../../src/call/ports.ts';
import { createPush, proveEveryMs } from '../../src/push/create-push.ts';
import { systemClock } from '../../src/system/clock.ts';
import { soon } from '../soon.ts';
import { android, type Bench, iphone, never, notice, openBench, patient, reasonOf, settingsFor } from './bench.ts';
import { eventually } from './eventually.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const platforms = ['fcm', 'apns'] as const;
const newDevice = { fcm: android, apns: iphone } as const;
const pushAll = (devices: readonly Device[], push = bench.push) =>
  Promise.all(devices.map((device) => push.wake(device, notice(10_000), never())));
const kinds = (results: readonly { readonly kind: string }[]) => [...new Set(results.map(({ kind }) => kind))];

describe.each(platforms)('%s', patient, (platform) => {
  const dozens = () => Array.from({ length: 60 }, () => newDevice[platform]());

  it('is spoken to over the connection that warmUp opened', async () => {
    const own = await openBench();
    const service = own.services[platform];
    await own.push.warmUp();
    // The access token of FCM comes over a connection of its own.
    const opened = platform === 'apns' ? 1 : 2;
    expect(service.connections.ever).toBe(opened);
    for (let turn = 0; turn < 5; turn += 1) await own.push.wake(newDevice[platform](), notice(), never());
    expect(service.connections.ever).toBe(opened);
    expect(new Set(service.pushes.map(({ connection }) => connection)).size).toBe(1);
    await own.close();
  });

  it('takes dozens at once over one connection', async () => {
    const { connections } = bench.services[platform];
    expect(kinds(await pushAll(dozens()))).toEqual(['delivered']);
    await soon(() => expect(connections.now).toBe(1));
  });

  it.each(['died', 'died unnoticed'])(
    'is connected to again beside the calls, after its connections have %s',
    async (how) => {
      const own = await openBench();
      const { connections } = own.services[platform];
      const push = own.another({
        ...systemClock,
        sleep: (ms, signal) => systemClock.sleep(ms === proveEveryMs ? 100 : ms, signal),
      });
      await push.warmUp();
      await push.wake(newDevice[platform](), notice(), never());
      const before = connections.ever;
      if (how === 'died') connections.drop();
      else connections.freeze();
      await eventually(() => connections.ever).toBeGreaterThan(before);
      await eventually(() => connections.now).toBe(1);
      const opened = connections.ever;
      expect(await push.wake(newDevice[platform](), notice(), never())).toEqual({ kind: 'delivered' });
      expect(connections.ever).toBe(opened);
      expect(own.services[platform].pushes.at(-1)?.connection).toBe(opened);
      await push.close();
      await own.close();
    },
  );

  it('is reached again after its connections have died unnoticed', async () => {
    const service = bench.services[platform];
    await pushAll(dozens());
    service.connections.freeze();
    // Time for a connection or two to be found dead, not for one after the other.
    expect(await bench.push.wake(newDevice[platform](), notice(6000), never())).toEqual({ kind: 'delivered' });
    service.connections.freeze();
    const devices = dozens().slice(0, 20);
    expect(kinds(await pushAll(devices))).toEqual(['delivered']);
    for (const { token } of devices) {
      expect(service.pushes.filter((push) => push.token === token)).toHaveLength(1);
    }
  });

  it('is reached again after it has dropped all connections', async () => {
    await pushAll(dozens().slice(0, 5));
    bench.services[platform].connections.drop();
    expect(kinds(await pushAll(dozens().slice(0, 20)))).toEqual(['delivered']);
  });

  it('is not taken for dead where it is slow, nor where it is far', async () => {
    const own = await openBench();
    const { answers, connections, requests } = own.services[platform];
    connections.roundTripMs = 600;
    const near = newDevice[platform]();
    answers.forToken(near.token, slow(3000));
    expect(await own.push.wake(near, notice(20_000), never())).toEqual({ kind: 'delivered' });
    expect(kinds(await pushAll(dozens(), own.push))).toEqual(['delivered']);
    expect(new Set(requests.map(({ token }) => token)).size).toBe(requests.length);
    await own.close();
  });

  it('keeps the others going while it hangs for one', async () => {
    const stuck = newDevice[platform]();
    const service = bench.services[platform];
    await pushAll(dozens().slice(0, 1));
    const before = service.connections.ever;
    service.answers.forToken(stuck.token, hang);
    const hanging = bench.push.wake(stuck, notice(1500), never());
    expect(kinds(await pushAll(dozens()))).toEqual(['delivered']);
    expect(await hanging).toMatchObject({ kind: 'failed' });
    // A connection that carries the others' answers is not given up for one that does not come.
    expect(service.connections.ever).toBe(before);
  });

  it('hears of wakes before it hears of ended calls, though those came first and hang', async () => {
    const own = await openBench();
    const { answers, requests } = own.services[platform];
    const half = 50;
    await own.push.warmUp();
    const ended = Array.from({ length: 2 * half + 20 }, () => newDevice[platform]());
    for (const { token, alertToken } of ended) answers.forToken(alertToken ?? token, hang);
    const over = new AbortController();
    const told = ended.map((device) => own.push.tellEnded(device, notice(60_000), over.signal));
    const wakes = Array.from({ length: half }, () => newDevice[platform]());
    expect(kinds(await pushAll(wakes, own.push))).toEqual(['delivered']);
    const last = requests.findLastIndex(({ payload }) => payload.type === 'incoming-call');
    const before = requests.slice(0, last).filter(({ payload }) => payload.type === 'call-ended');
    expect(new Set(before.map(({ token }) => token)).size).toBeLessThanOrEqual(half);
    over.abort();
    expect(kinds(await Promise.all(told))).toEqual(['failed']);
    await own.close();
  });

  it('gets nothing of what is called back while it waits for its turn', async () => {
    const own = await openBench();
    const service = own.services[platform];
    const places = 100;
    service.answers.toAll(slow(600));
    const ahead = Array.from({ length: places }, () => newDevice[platform]());
    const first = pushAll(ahead, own.push);
    await eventually(() => service.requests.length).toBe(places);
    const controller = new AbortController();
    const late = newDevice[platform]();
    const called = own.push.wake(late, notice(10_000), controller.signal);
    controller.abort();
    expect(await called).toMatchObject({ kind: 'failed' });
    expect(kinds(await first)).toEqual(['delivered']);
    expect(service.requests.filter(({ token }) => token === late.token)).toEqual([]);
    await own.close();
  });

  it('has no connection left after close, which settles what is under way', async () => {
    const own = await openBench();
    const service = own.services[platform];
    service.answers.toAll(hang);
    const results = pushAll(dozens().slice(0, 20), own.push);
    await eventually(() => service.requests.length).toBeGreaterThan(0);
    await own.push.close();
    expect(kinds(await results)).toEqual(['failed']);
    await eventually(() => service.connections.now).toBe(0);
    const before = service.connections.ever;
    expect(await own.push.wake(newDevice[platform](), notice(), never())).toMatchObject({ kind: 'failed' });
    await own.push.warmUp();
    expect(service.connections.ever).toBe(before);
    await own.services.close();
  });
});

it('fcm is reached though its access token takes seconds', patient, async () => {
  const own = await openBench();
  own.services.fcm.tokenAnswers.toAll(slow(3000));
  expect(await own.push.wake(android(), notice(10_000), never())).toEqual({ kind: 'delivered' });
  await own.close();
});

describe('a service that cannot be had', patient, () => {
  const desk = (fcmUrl: string, apnsUrl: string, ca?: string) => {
    const log = fakeLog();
    const { fcm, apns } = settingsFor(bench.services);
    const settings = { fcm: { ...fcm, url: fcmUrl, ca }, apns: { ...apns, url: apnsUrl, ca }, clock: systemClock, log };
    return { push: createPush(settings), log };
  };

  it('is not there: pushes fail, warmUp says so and never rejects', async () => {
    const reason = /ECONNREFUSED/;
    const { push, log } = desk('https://localhost:1', 'https://localhost:1');
    await push.warmUp();
    expect(log.at('error').map(({ fields }) => fields.reason)).toEqual([
      expect.stringMatching(reason),
      expect.stringMatching(reason),
    ]);
    for (const device of [android(), iphone()]) {
      const result = await push.wake(device, notice(400), never());
      expect(result.kind).toBe('failed');
      expect(reasonOf(result)).toMatch(reason);
    }
    await push.close();
  });

  it('accepts the connection and says nothing: pushes fail at their expiry', async () => {
    const mute = createServer((socket) => socket.resume());
    const connections = new Connections(mute);
    const url = await connections.listen();
    const { push } = desk(url, url);
    const results = await Promise.all([android(), iphone()].map((device) => push.wake(device, notice(1600), never())));
    expect(kinds(results)).toEqual(['failed']);
    await push.close();
    await eventually(() => connections.now).toBe(0);
    await connections.close();
  });

  it('has a certificate from an authority that is not trusted: our fault, at once', async () => {
    const { FCM_URL, APNS_URL } = bench.services.environment;
    const { push } = desk(FCM_URL, APNS_URL, makeCertificates().ca);
    for (const device of [android(), iphone()]) {
      expect(await push.wake(device, notice(60_000), never())).toMatchObject({
        kind: 'our-fault',
        reason: expect.stringMatching(/certificate is not trusted/),
      });
    }
    await push.close();
  });

  it("has a certificate for another host than the URL's: our fault, at once", async () => {
    const certificates = makeCertificates(['fcm.googleapis.com', 'oauth2.googleapis.com']);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const fcm = new FcmServer(certificates, { projectId: 'p', clientEmail: 'a@b.c', publicKey });
    const apns = new ApnsServer(certificates, { keyId: 'k', teamId: 't', topics: [], publicKey });
    const [fcmUrl, apnsUrl] = await Promise.all([fcm.connections.listen(), apns.connections.listen()]);
    const { push } = desk(fcmUrl, apnsUrl, certificates.ca);
    for (const device of [android(), iphone()]) {
      expect(await push.wake(device, notice(60_000), never())).toMatchObject({
        kind: 'our-fault',
        reason: expect.stringMatching(/ERR_TLS_CERT_ALTNAME_INVALID/),
      });
    }
    await push.close();
    expect([fcm.requests, fcm.tokensIssued, apns.requests]).toEqual([[], 0, []]);
    await Promise.all([fcm.close(), apns.close()]);
  });
});
