/**
 * As much of ARI as one call needs, for a router that is to be shown to be alive: variables, one contact, orders that are taken. It must never send an event by
 * itself; tests do.
 */
import { randomBytes } from 'node:crypto';
import { DIALPLAN_QUESTION } from '../../src/asterisk/app/own-dialplan.ts';
import { connectAsterisk } from '../../src/asterisk/asterisk.ts';
import type { Clock, Log } from '../../src/call/ports.ts';
import { Router } from '../../src/call/router.ts';
import { createPush } from '../../src/push/create-push.ts';
import { callHistoryIn } from '../../src/store/call-history.ts';
import { registryIn } from '../../src/store/registry.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { PbxStub, SeenRequest } from '../asterisk/pbx-stub.ts';
import { openDatabase } from '../store/open-database.ts';
import type { Json } from './strange.ts';

/** Seconds pass twenty times as fast, for waits and pings. */
const hastyClock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 20, signal) };

const VALUES: Readonly<Record<string, string>> = {
  [DIALPLAN_QUESTION]: '1',
  '${GLOBAL(XIVO_MAPP_LOOPS_MOBILEAPP)}': '0',
  '${PJSIP_ENDPOINT(alice,aors)}': 'alice',
  '${PJSIP_AOR(${PJSIP_ENDPOINT(alice,aors)},contact)}': 'alice;@1',
  '${PJSIP_CONTACT(alice;@1,uri)}': 'sip:alice@127.0.0.1:5060',
  '${PJSIP_CONTACT(alice;@1,expiration_time)}': '1714521600',
};

/** Status and body as an Asterisk would answer, whose only endpoint is alice. @param registered whether alice is, so that she can be rung */
export function answerTo(
  { method, path, query }: SeenRequest,
  registered: boolean,
): { readonly status: number; readonly body?: Json } {
  const isList = path === '/ari/channels' || path === '/ari/bridges';
  if (method === 'GET' && isList) return { status: 200, body: [] };
  if (path.startsWith('/ari/applications/')) {
    return { status: 200, body: { name: 'app', channel_ids: [], endpoint_ids: [], bridge_ids: [], device_names: [] } };
  }
  if (method !== 'GET') return { status: 204 };
  if (!path.endsWith('/variable')) return { status: 404, body: { message: 'Channel not found' } };
  const questions = /^EVAL\((.*)\)$/s.exec(query.get('variable') ?? '')?.[1]?.split('\u001f') ?? [];
  const values = questions.map((question) => (registered || !/PJSIP/.test(question) ? (VALUES[question] ?? '') : ''));
  return { status: 200, body: { value: values.join('\u001f') } };
}

interface Arrived {
  readonly channelId: string;
  readonly userId: string;
  readonly number: string;
}

/** The router as main wires it, but for the HTTP API, and with no push service configured. It knows user 42, whose mobile is alice. */
export async function routerOn(pbx: PbxStub, log: Log) {
  const database = openDatabase('sqlite::memory:');
  const registry = registryIn(database, systemClock, log);
  await registry.putUser({
    userId: '42',
    ringingDevice: 'MobileApp',
    mobileEndpoint: 'PJSIP/alice',
    webAppEndpoint: undefined,
  });
  const callHistory = callHistoryIn(database, log);
  const push = createPush({ clock: hastyClock, log });
  const asterisk = connectAsterisk({ url: pbx.url, username: 'u', password: 'p', app: 'app', log, clock: hastyClock });
  const { load, legs, notes, registrations } = asterisk;
  const router = new Router({ clock: hastyClock, load, legs, notes, registrations, registry, push, callHistory, log });
  const arrived: Arrived[] = [];
  const endings: { readonly userId: string; readonly ended: Promise<unknown> }[] = [];
  asterisk.onCaller((arrival) => {
    const { caller, userId } = arrival;
    arrived.push({ channelId: caller.channelId, userId, number: caller.party.number });
    endings.push({ userId, ended: router.route({ callId: `xm-${randomBytes(8).toString('hex')}`, ...arrival }) });
  });
  return {
    asterisk,
    router,
    arrived,
    /** Resolves with the users whose calls have ended since it was asked before, once all have. */
    async quiet(): Promise<readonly string[]> {
      const some = endings.splice(0);
      await Promise.all(some.map(({ ended }) => ended));
      return some.map(({ userId }) => userId);
    },
    async close() {
      await router.stop();
      await asterisk.close();
      await push.close();
      callHistory.shut();
      database.close();
    },
  };
}
