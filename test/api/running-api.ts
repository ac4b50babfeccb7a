/** The API as a client meets it: on a port of its own, over the real store in memory, and a few ways to talk to it. */
import { connect, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { type FakeLog, fakeLog } from '../../lab/fakes/log.ts';
import { callMetrics, fanOut, type Metrics } from '../../src/api/metrics.ts';
import type { HealthReport } from '../../src/api/needs.ts';
import { type Api, type ApiOptions, startApi } from '../../src/api/server.ts';
import type { CallHistory } from '../../src/call/ports.ts';
import { callHistoryIn } from '../../src/store/call-history.ts';
import { registryIn, type StoredRegistry } from '../../src/store/registry.ts';
import { openDatabase } from '../store/open-database.ts';

export const apiKey = 'the-key-of-the-tests-0123456789';

/** Of one who may only read. */
export const readKey = 'the-reading-key-of-the-tests-0123456789';

export interface RunningApi {
  readonly api: Api;
  readonly url: string;
  readonly log: FakeLog;
  readonly registry: StoredRegistry;
  readonly callHistory: CallHistory;
  readonly metrics: Metrics;
  health: HealthReport;
  stages: Record<string, number>;
  averageAnswerMs: number;
  /** A request with the key; `body` is sent as JSON, a string or bytes as they are. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  /** Closes the database under the running API. */
  breakStore(): void;
}

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export async function runApi(given: Partial<ApiOptions> = {}): Promise<RunningApi> {
  const log = fakeLog();
  const database = openDatabase('sqlite::memory:');
  const registry = registryIn(database, { wallMs: () => Date.UTC(2024, 4, 1) }, log);
  const stored = callHistoryIn(database, log);
  const metrics = callMetrics(
    () => running.stages,
    () => running.averageAnswerMs,
  );
  const options: ApiOptions = {
    host: '127.0.0.1',
    port: 0,
    apiKey,
    keys: [{ name: 'reader', scope: 'read', key: readKey }],
    registry,
    calls: stored,
    metrics,
    log,
    health: () => running.health,
    ...given,
  };
  const api = await startApi(options);
  closers.push(
    () => database.close(),
    () => stored.shut(),
    () => api.close(),
  );
  const url = `http://127.0.0.1:${api.port}`;
  const running: RunningApi = {
    api,
    url,
    log,
    registry,
    metrics,
    callHistory: fanOut(stored, metrics.callHistory),
    health: { healthy: true, parts: { ari: { ok: true } } },
    stages: {},
    averageAnswerMs: 0,
    async ask(method, path, body, headers = {}) {
      const raw = typeof body === 'string' || body instanceof Uint8Array;
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: raw ? Buffer.from(body) : JSON.stringify(body) }),
      });
      const text = await response.text();
      const json = /json/.test(response.headers.get('content-type') ?? '') && text !== '' ? JSON.parse(text) : {};
      return { status: response.status, headers: response.headers, text, json };
    },
    breakStore: () => database.close(),
  };
  return running;
}

/** A bare connection: what it is sent, until it is closed. */
export function rawConnection(port: number): { socket: Socket; received: Promise<string>; soFar: () => string } {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  closers.push(() => {
    socket.destroy();
  });
  return { socket, soFar: () => text, received: new Promise((resolve) => socket.on('close', () => resolve(text))) };
}
