/** The API as main has it, on a port of its own over the real store in memory; and what every refusal of it must be. */
import { afterAll, beforeAll, expect } from 'vitest';
import { type FakeLog, fakeLog } from '../../lab/fakes/log.ts';
import { callMetrics } from '../../src/api/metrics.ts';
import { type Api, startApi } from '../../src/api/server.ts';
import type { Limits } from '../../src/api/visitors.ts';
import { callHistoryIn } from '../../src/store/call-history.ts';
import { registryIn, type StoredRegistry } from '../../src/store/registry.ts';
import type { Database } from '../../src/store/sqlite/database.ts';
import { systemClock } from '../../src/system/clock.ts';
import { openDatabase } from '../store/open-database.ts';
import type { WireAnswer } from './wire.ts';

export const KEY = 'the-key-of-the-tests-0123456789';
/** A token that no answer may show. */
export const TOKEN = 'token-of-the-tests:APA91b';

export interface FuzzedApi {
  readonly port: number;
  readonly registry: StoredRegistry;
  /** Lines that an operator sees at the usual level. */
  lines(): FakeLog['lines'];
}

const endless = { perSecond: 1_000_000, atOnce: 1_000_000 } as const;
/** Nobody asks too often, so that every input is looked at. */
const noLimits: Limits = {
  connections: 1_024,
  connectionsPerAddress: 1_024,
  requestsPerConnection: 1_000,
  rates: { keyed: endless, open: endless, keyless: endless },
  allKeyless: endless,
  patienceMs: 0,
  holdMs: 0,
};

/** Runs for as long as the tests of a file. It knows one user, anna. @param requestMs how long a request may take to come */
export function fuzzedApi(requestMs = 10_000, limits = noLimits): FuzzedApi {
  const log = fakeLog();
  let database: Database;
  let registry: StoredRegistry;
  let api: Api;
  beforeAll(async () => {
    database = openDatabase('sqlite::memory:');
    registry = registryIn(database, systemClock, log);
    api = await startApi({
      host: '127.0.0.1',
      port: 0,
      apiKey: KEY,
      registry,
      calls: callHistoryIn(database, log),
      metrics: callMetrics(
        () => ({}),
        () => 0,
      ),
      health: () => ({ healthy: true, parts: {} }),
      log,
      headersMs: requestMs,
      requestMs,
      limits,
    });
    const endpoints = { mobileEndpoint: 'PJSIP/anna', webAppEndpoint: undefined };
    await registry.putUser({ userId: 'anna', ringingDevice: 'MobileApp', ...endpoints });
  });
  afterAll(async () => {
    await api.close();
    database.close();
  });
  return {
    get port() {
      return api.port;
    },
    get registry() {
      return registry;
    },
    lines: () => log.lines.filter(({ level }) => level !== 'debug'),
  };
}

/** A refusal that says what is wrong, and no more. Gives the names of what is wrong. */
export function judgeRefusal({ status, headers, body }: WireAnswer): readonly string[] {
  expect(status).toSatisfy((code: number) => code >= 400 && code < 500);
  expect(headers.get('content-type')).toBe('application/problem+json');
  const told = JSON.parse(body);
  expect(told).toMatchObject({ type: expect.stringMatching(/^urn:xivo-mapp:problem:/), status });
  expect(told.detail.length).toBeGreaterThan(5);
  expect(body.length).toBeLessThan(8_000);
  expect(body).not.toContain(TOKEN);
  return (told.errors ?? []).map(({ name }: { readonly name: string }) => name);
}
