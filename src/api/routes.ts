/**
 * Every route of the HTTP API and what it answers. PUT answers 201 where it made something and 200 where it replaced it, both with the thing
 * as it is now; DELETE answers 204. Tokens are never shown, only how they end. It must never decide what users, devices or calls mean.
 */
import type { CallBook, CallEntry, Directory, RegisteredDevice, User } from '../call/ports.ts';
import { checkedDevice, checkedLimit, checkedUser } from './input.ts';
import type { HealthReport, MetricsPage } from './needs.ts';
import { Problem } from './problem.ts';

export interface Answer {
  readonly status: number;
  /** Sent as JSON; a page is sent as it is. */
  readonly body?: unknown;
  readonly page?: { readonly contentType: string; readonly text: string };
}

interface Question {
  /** The decoded id in the path by this name, checked. */
  id(name: 'userId' | 'deviceId' | 'callId'): string;
  readonly query: URLSearchParams;
  /** Reads and parses the body. */
  json(): Promise<unknown>;
}

export interface Route {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** Parts that begin with a colon are ids. */
  readonly path: string;
  /** Without a key. */
  readonly open?: true;
  readonly answer: (question: Question) => Promise<Answer>;
}

export interface Gateways {
  readonly registry: Directory;
  readonly calls: CallBook;
  readonly health: () => HealthReport;
  readonly metrics: MetricsPage;
}

export function routesTo({ registry, calls, health, metrics }: Gateways): readonly Route[] {
  return [
    {
      method: 'PUT',
      path: '/v1/users/:userId',
      async answer(question) {
        const user = checkedUser(question.id('userId'), await question.json());
        const done = await asked(() => registry.putUser(user));
        return { status: done === 'created' ? 201 : 200, body: userView(user) };
      },
    },
    {
      method: 'GET',
      path: '/v1/users/:userId',
      async answer(question) {
        const userId = question.id('userId');
        const user = await asked(() => registry.user(userId));
        if (user === undefined) throw unknownUser(userId);
        return { status: 200, body: userView(user) };
      },
    },
    {
      method: 'DELETE',
      path: '/v1/users/:userId',
      async answer(question) {
        const userId = question.id('userId');
        if (!(await asked(() => registry.deleteUser(userId)))) throw unknownUser(userId);
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/v1/users/:userId/devices',
      async answer(question) {
        const userId = question.id('userId');
        const devices = await asked(() => registry.devices(userId));
        if (devices === undefined) throw unknownUser(userId);
        return { status: 200, body: { devices: devices.map(deviceView) } };
      },
    },
    {
      method: 'PUT',
      path: '/v1/users/:userId/devices/:deviceId',
      async answer(question) {
        const [userId, deviceId] = [question.id('userId'), question.id('deviceId')];
        const registration = checkedDevice(userId, deviceId, await question.json());
        const done = await asked(() => registry.putDevice(registration));
        if (done === 'no-such-user') throw unknownUser(userId);
        if (done === 'too-many')
          throw new Problem(
            'too-many-devices',
            `The user ${userId} has ${registry.mostDevices} devices, as many as a user may have: DELETE one that is no longer in use, or PUT its id anew.`,
          );
        const device = await asked(() => registry.device(userId, deviceId));
        return { status: done === 'created' ? 201 : 200, body: device === undefined ? {} : deviceView(device) };
      },
    },
    {
      method: 'DELETE',
      path: '/v1/users/:userId/devices/:deviceId',
      async answer(question) {
        const [userId, deviceId] = [question.id('userId'), question.id('deviceId')];
        if (!(await asked(() => registry.deleteDevice(userId, deviceId))))
          throw new Problem('unknown-device', `The user ${userId} has no device ${deviceId}.`);
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/v1/calls',
      async answer(question) {
        const limit = checkedLimit(question.query);
        const latest = await asked(() => calls.latest(limit));
        return { status: 200, body: { calls: latest.map(callView) } };
      },
    },
    {
      method: 'GET',
      path: '/v1/calls/:callId',
      async answer(question) {
        const callId = question.id('callId');
        const story = await asked(() => calls.story(callId));
        if (story === undefined)
          throw new Problem('unknown-call', `No call ${callId} is known, or it is too long ago.`);
        const { timeline, leftOut } = story;
        return { status: 200, body: { ...callView(story), timeline, timelineLeftOut: leftOut } };
      },
    },
    {
      method: 'GET',
      path: '/healthz',
      open: true,
      async answer() {
        const { healthy, parts } = health();
        const status = !healthy ? 'unavailable' : Object.values(parts).every(({ ok }) => ok) ? 'ok' : 'degraded';
        return { status: healthy ? 200 : 503, body: { status, parts } };
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      async answer() {
        return { status: 200, page: { contentType: metrics.contentType, text: await metrics.text() } };
      },
    },
  ];
}

/** What is behind the desk may be out of order for a while: that is not the client's fault, and worth another try. */
async function asked<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    const problem = new Problem('store-unavailable', 'The store cannot be used now; the log says why. Try again.', {
      headers: { 'Retry-After': '2' },
    });
    problem.cause = error;
    throw problem;
  }
}

function unknownUser(userId: string): Problem {
  return new Problem('unknown-user', `No user ${userId} is known. PUT /v1/users/${userId} makes one.`);
}

/** None is shown as null, as it may be given. */
function userView({ userId, ringingDevice, mobileEndpoint, webAppEndpoint }: User): object {
  return { userId, ringingDevice, mobileEndpoint: mobileEndpoint ?? null, webAppEndpoint: webAppEndpoint ?? null };
}

function deviceView({ userId, deviceId, token, alertToken, registeredAtMs, dead, ...rest }: RegisteredDevice): object {
  return {
    userId,
    deviceId,
    platform: rest.platform,
    tokenEnd: ending(token),
    alertTokenEnd: alertToken === undefined ? null : ending(alertToken),
    appId: rest.appId ?? null,
    osVersion: rest.osVersion ?? null,
    model: rest.model ?? null,
    language: rest.language ?? null,
    registeredAt: rfc3339(registeredAtMs),
    alive: dead === undefined,
    dead: dead === undefined ? null : { since: rfc3339(dead.atMs), reason: dead.reason },
  };
}

function callView({ callId, userId, caller, startedAtMs, summary }: CallEntry): object {
  const { outcome = null, reason = null, durationMs = null, stagesMs = null } = summary ?? {};
  return {
    callId,
    userId,
    caller,
    startedAt: rfc3339(startedAtMs),
    ended: summary !== undefined,
    outcome,
    reason,
    durationMs,
    stagesMs,
  };
}

/** Enough to compare with what a phone shows, too little to push to it. */
function ending(token: string): string {
  return `…${token.slice(-Math.min(6, Math.floor(token.length / 2)))}`;
}

function rfc3339(ms: number): string {
  const moment = new Date(ms);
  return Number.isNaN(moment.getTime()) ? new Date(0).toISOString() : moment.toISOString();
}
