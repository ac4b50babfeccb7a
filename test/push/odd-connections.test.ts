/**
 * Connections to the push services that behave oddly: a server that takes leave, one that answers pings and nothing else, one that opens slowly, and a
 * process that stands still. No push is sent twice for it, none is lost, and nothing is thrown where nobody catches.
 */
import { once } from 'node:events';
import { connect as connectHttp2, constants, createSecureServer, type Http2Session, type Settings } from 'node:http2';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hang } from '../../lab/push/answers.ts';
import type { Clock } from '../../src/call/ports.ts';
import { proveEveryMs } from '../../src/push/create-push.ts';
import { Liveness } from '../../src/push/liveness.ts';
import { systemClock } from '../../src/system/clock.ts';
import { android, type Bench, iphone, never, notice, openBench } from './bench.ts';
import { eventually } from './eventually.ts';
import { accept, type OnPush, portOf, strangeServer } from './strange-server.ts';

const long = { timeout: 90_000 } as const;
let bench: Bench;
const unhandled: unknown[] = [];
const note = (fault: unknown) => {
  unhandled.push(fault);
};
beforeAll(async () => {
  bench = await openBench();
  process.on('unhandledRejection', note);
});
afterAll(async () => {
  process.off('unhandledRejection', note);
  await bench.close();
});

const newDevice = { fcm: android, apns: iphone } as const;
const hurried = (everyMs: number): Clock => ({
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms === proveEveryMs ? everyMs : ms, signal),
});

describe.each(['fcm', 'apns'] as const)('%s', long, (platform) => {
  // Node's own server says goodbye a second time, upon which node-apn would end the session.
  it.each([
    ['once', 1000, (session: Http2Session) => Object.assign(session, { close: () => undefined })],
    ['twice', 200, undefined],
  ] as const)(
    'a push that is answered late by a server that has said goodbye %s is sent once',
    async (_, lateMs, onSession) => {
      const lateAtFirst: OnPush = (stream, nth) => {
        if (nth > 1) return accept(stream);
        stream.session?.goaway(constants.NGHTTP2_NO_ERROR, stream.id);
        setTimeout(() => accept(stream), lateMs);
      };
      const own = await strangeServer(bench, lateAtFirst, {}, onSession);
      const push = own.desk(platform);
      const device = newDevice[platform]();
      const result = await push.wake(device, notice(10_000), never());
      await push.close();
      await own.close();
      expect(result).toEqual({ kind: 'delivered' });
      expect(own.timesOf(device.token)).toBe(1);
    },
  );

  it('a connection of which the server takes leave is replaced before the next call', async () => {
    const own = await strangeServer(bench, accept);
    const push = own.desk(platform);
    await push.warmUp();
    await push.wake(newDevice[platform](), notice(), never());
    const before = own.front.ever;
    own.sessions.at(-1)?.goaway(constants.NGHTTP2_NO_ERROR);
    await eventually(() => own.front.ever).toBe(before + 1);
    await push.wake(newDevice[platform](), notice(), never());
    expect(own.front.ever).toBe(before + 1);
    await push.close();
    await own.close();
  });

  it('close at any moment leaves nothing and throws nothing', async () => {
    const own = await strangeServer(bench, (stream) => setTimeout(() => accept(stream), 5));
    own.front.holdMs = () => 3;
    for (let turn = 0; turn < 60; turn += 1) {
      const push = own.desk(platform, hurried(5));
      const warm = push.warmUp();
      const pushes = [1, 2, 3].map(() => push.wake(newDevice[platform](), notice(19_000), never()));
      if (turn < 30) await pause(turn);
      else for (let step = 0; step < turn - 30; step += 1) await new Promise(setImmediate);
      await push.close();
      await Promise.all([...pushes, warm]);
    }
    await eventually(() => own.front.now).toBe(0);
    await own.close();
    expect(unhandled).toEqual([]);
  });

  it('one phone whose answer does not come does not turn the service red', async () => {
    const own = await strangeServer(bench, (stream, nth) => (nth === 2 ? undefined : accept(stream)));
    const push = own.desk(platform);
    await push.wake(newDevice[platform](), notice(), never());
    const hanging = push.wake(newDevice[platform](), notice(16_000), never());
    await eventually(() => own.tokens.length).toBe(2);
    expect(await push.wake(newDevice[platform](), notice(), never())).toEqual({ kind: 'delivered' });
    await hanging;
    const errors = own.log.at('error').map(({ message, fields }) => [message, fields.reason]);
    await push.close();
    await own.close();
    expect(errors).toEqual([]);
  });

  it('nothing is opened after close', async () => {
    const own = await strangeServer(bench, (stream) => accept(stream));
    const push = own.desk(platform);
    if (platform === 'fcm') {
      // The access token is there, the connection is not.
      await push.wake(newDevice[platform](), notice(), never());
      own.sessions[0]?.destroy();
      await pause(200);
    }
    own.front.holdMs = () => 60_000;
    const before = own.front.ever;
    const first = push.wake(newDevice[platform](), notice(19_000), never());
    await eventually(() => own.front.ever).toBe(before + 1);
    const second = push.wake(newDevice[platform](), notice(19_000), never());
    await pause(50);
    await push.close();
    await Promise.all([first, second]);
    await pause(300);
    const after = own.front.ever;
    const left = own.front.now;
    await own.close();
    expect([after, left]).toEqual([before + 1, 0]);
  });

  it('a connection that answers pings and no push is not kept for ever', async () => {
    const own = await strangeServer(bench, (stream, _, session) => (session === 1 ? undefined : accept(stream)));
    const push = own.desk(platform);
    await push.wake(newDevice[platform](), notice(19_000), never());
    const result = await push.wake(newDevice[platform](), notice(40_000), never());
    await push.close();
    await own.close();
    expect(result).toEqual({ kind: 'delivered' });
  });

  it('one connection is open after a dead one was found by a push and by the proof at once', async () => {
    const own = await strangeServer(bench, (stream) => setTimeout(() => accept(stream), 200));
    const ticks: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: (ms, signal) =>
        ms === proveEveryMs ? new Promise((resolve) => ticks.push(resolve)) : systemClock.sleep(ms, signal),
    };
    const push = own.desk(platform, clock);
    await push.warmUp();
    expect(await push.wake(newDevice[platform](), notice(), never())).toEqual({ kind: 'delivered' });
    const before = own.front.ever;
    own.freeze();
    const pushes = [1, 2, 3].map(() => push.wake(newDevice[platform](), notice(19_000), never()));
    // The push's own proof is under way, from 300 to 800 ms.
    await pause(500);
    for (const tick of ticks) tick();
    await Promise.all(pushes);
    await pause(1000);
    const { ever, now } = own.front;
    await push.close();
    await own.close();
    expect([ever - before, now]).toEqual([1, 1]);
  });

  it('the proof beside the calls does not end a connection that opens', async () => {
    const own = await strangeServer(bench, (stream) => accept(stream));
    const push = own.desk(platform, hurried(300));
    await push.warmUp();
    own.front.holdMs = () => 1500;
    await eventually(() => own.sessions.length).toBe(1);
    const before = own.front.ever;
    for (const session of own.sessions) session.destroy();
    await pause(20);
    const result = await push.wake(newDevice[platform](), notice(19_000), never());
    await pause(2000);
    const { ever } = own.front;
    await push.close();
    await own.close();
    expect(result).toEqual({ kind: 'delivered' });
    expect(ever - before).toBe(1);
  });
});

it('a process that stands still as it pings blames nobody', long, async () => {
  const { cert, key, ca } = bench.services.certificates;
  const server = createSecureServer({ cert, key });
  server.on('sessionError', () => undefined);
  server.on('stream', (stream) => stream.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // 20 ms each way, as any service on the internet.
  const front = createServer((client) => {
    const upstream = connect(portOf(server), '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.on('data', (piece) => void setTimeout(() => to.writable && to.write(piece), 20));
    }
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const session = connectHttp2(`https://localhost:${portOf(front)}`, { ca });
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  const stalled = {
    get destroyed() {
      return session.destroyed;
    },
    closed: false,
    connecting: false,
    once: session.once.bind(session),
    destroy: session.destroy.bind(session),
    ping(told: (fault: Error | null) => void) {
      const sent = session.ping(told);
      // Somebody else's work, or the whole machine's, from here on.
      process.nextTick(() => {
        const untilMs = performance.now() + 700;
        while (performance.now() < untilMs);
      });
      return sent;
    },
  };
  const liveness = new Liveness(stalled, session.socket, 40, systemClock);
  await liveness.prove();
  const { isDead } = liveness;
  session.destroy();
  front.close();
  server.close();
  expect(isDead).toBe(false);
});

describe.each(['fcm', 'apns'] as const)(
  '%s, whatever a server does, nothing is thrown where nobody catches',
  long,
  (platform) => {
    const behaviours: Record<string, [OnPush, Settings?, ((session: Http2Session) => void)?]> = {
      'no streams at all': [accept, { maxConcurrentStreams: 0 }],
      'goaway at once': [accept, {}, (s) => s.goaway(0, 0)],
      'goaway for a fault at once': [accept, {}, (s) => s.goaway(11)],
      'destroyed at once': [accept, {}, (s) => s.destroy()],
      'a goodbye at once': [accept, {}, (s) => s.close()],
      'reset at once': [accept, {}, (s) => setImmediate(() => s.destroy(new Error('x'), 2))],
      'pings without end': [
        accept,
        {},
        (s) => {
          const t = setInterval(() => (s.destroyed ? clearInterval(t) : s.ping(() => undefined)), 1);
        },
      ],
      'a goaway and a destroy on a push': [
        (stream) => {
          stream.session?.goaway(0, stream.id);
          stream.session?.destroy();
        },
      ],
      trailers: [
        (stream) => {
          stream.respond({ ':status': 200, 'content-type': 'application/json' }, { waitForTrailers: true });
          stream.once('wantTrailers', () => {
            try {
              stream.sendTrailers({ x: 'y' });
            } catch {}
          });
          stream.end('{"name":"projects/lab-softphone/messages/0:1"}');
        },
      ],
      'interim then answer': [
        (stream) => {
          stream.additionalHeaders({ ':status': 103 });
          accept(stream);
        },
      ],
      'content-length: 0': [
        (stream) => {
          stream.respond({ ':status': 200, 'content-length': 0 }, { endStream: true });
        },
      ],
    };
    it.each(Object.keys(behaviours))('%s', async (name) => {
      const [onPush, settings, onSession] = behaviours[name] ?? [accept];
      const own = await strangeServer(bench, onPush, settings, onSession);
      const push = own.desk(platform);
      await push.warmUp();
      const results = await Promise.all(
        Array.from({ length: 20 }, () => push.wake(newDevice[platform](), notice(1500), never())),
      );
      await push.close();
      await own.close();
      expect(results).toHaveLength(20);
      expect(unhandled).toEqual([]);
    });
  },
);

it.each([100, 3000])('close during the fetch of a token ends it, %i ms after its begin', long, async (afterMs) => {
  const own = await openBench();
  own.services.fcm.tokenAnswers.toAll(hang);
  const waking = own.push.wake(android(), notice(60_000), never());
  await pause(afterMs);
  await own.push.close();
  expect(await waking).toMatchObject({ kind: 'failed' });
  await eventually(() => own.services.fcm.connections.now).toBe(0);
  await own.close();
});

it('a key that Google refuses is not tried every 20 s for ever', long, async () => {
  const own = await openBench();
  let asked = 0;
  const take = own.services.fcm.tokenAnswers.take.bind(own.services.fcm.tokenAnswers);
  own.services.fcm.tokenAnswers.take = (token) => {
    asked += 1;
    return take(token);
  };
  own.services.fcm.tokenAnswers.toAll({ kind: 'refuse', status: 400, reason: 'invalid_grant' });
  const push = own.another(hurried(20));
  await push.warmUp();
  await pause(1_000);
  await push.close();
  await own.close();
  // A thousand times as fast as in earnest: 50 proofs.
  expect(asked).toBeLessThan(15);
});
