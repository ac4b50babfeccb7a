/** Very many callers whom an earlier run has left: what Asterisk is asked for them, in which order, and how much of it at once. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Subscriptions } from '../../src/asterisk/app/subscriptions.ts';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { FEW, fewAtOnce } from '../../src/asterisk/ari/few-at-once.ts';
import { AriLegs } from '../../src/asterisk/channels/legs.ts';
import { AriNotes } from '../../src/asterisk/resync/notes.ts';
import { resync } from '../../src/asterisk/resync/resync.ts';
import { writeCallCheckpoint, writeLegCheckpoint } from '../../src/call/resume/checkpoint.ts';
import { systemClock } from '../../src/system/clock.ts';
import { soon } from '../soon.ts';
import { answerJson, PbxStub, type SeenRequest } from './pbx-stub.ts';
import { quietDispatcher } from './quiet-dispatcher.ts';
import { toldLog } from './told-log.ts';

const CALLERS = 60;
const NOW_MS = Date.UTC(2024, 0, 1);

/** What an earlier run has left of one call. */
interface Left {
  readonly callId: string;
  readonly channelId: string;
  readonly waitLeftMs: number;
  readonly dialledAgoMs?: number;
  /** Nobody had seen to it. */
  readonly isNew?: true;
}

function leftOf(number: number, waitLeftMs: number, more: Partial<Left> = {}): Left {
  return { callId: `xm-${String(number).padStart(16, '0')}`, channelId: `1700000000.${number}`, waitLeftMs, ...more };
}

describe('a crowd that an earlier run has left', () => {
  let pbx: PbxStub;
  let requests: AriRequests;
  let left: readonly Left[] = [];
  let mostAtOnce = 0;
  const held: (() => void)[] = [];

  beforeEach(async () => {
    pbx = await PbxStub.start();
    requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    [mostAtOnce, held.length] = [0, 0];
    pbx.answer = (seen, response) => answerInTurn(response, ...answer(seen));
  });
  afterEach(async () => {
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });

  /** As late as can be: once no more comes. */
  const answerInTurn = (response: ServerResponse, status: number, body?: unknown) => {
    held.push(() => answerJson(response, status, body));
    mostAtOnce = Math.max(mostAtOnce, held.length);
    const seen = pbx.requests.length;
    const letGo = () => {
      if (pbx.requests.length > seen) return;
      for (const one of held.splice(0)) one();
    };
    setTimeout(letGo, 5);
  };

  const checkpointOf = ({ callId, waitLeftMs }: Left) =>
    writeCallCheckpoint({ callId, userId: '7', waitUntilMs: NOW_MS + waitLeftMs, pushed: [] });
  const legIdOf = ({ callId }: Left) => `${callId}-leg-0001`;
  const legMemoryOf = ({ dialledAgoMs = 0 }: Left) => {
    const contact = { endpoint: 'PJSIP/m1', uri: 'sip:a@h', expiresAtSec: undefined };
    return writeLegCheckpoint({
      on: 'mobile',
      fresh: true,
      isForward: false,
      dialledAtMs: NOW_MS - dialledAgoMs,
      contact,
    });
  };
  const ringing = () => left.filter(({ dialledAgoMs }) => dialledAgoMs !== undefined);

  const variablesOf = (channelId: string): Readonly<Record<string, string>> => {
    const caller = left.find((one) => one.channelId === channelId);
    if (caller !== undefined) return caller.isNew ? {} : { XIVO_MAPP_MEMORY: checkpointOf(caller) };
    const call = left.find((one) => legIdOf(one) === channelId);
    return call === undefined ? {} : { XIVO_MAPP_CALLER: call.channelId, XIVO_MAPP_LEG: legMemoryOf(call) };
  };

  const answer = ({ method, path, query }: SeenRequest): readonly [number, unknown?] => {
    if (method !== 'GET') return [200, {}];
    const callers = left.map(({ channelId: id }) => ({
      ...{ id, name: 'PJSIP/trunk-1', state: 'Ring', dialplan: { app_name: 'Stasis', app_data: 'app,7' } },
    }));
    const channels = [...callers, ...ringing().map((one) => ({ id: legIdOf(one), name: 'x', state: 'Ringing' }))];
    if (path === '/ari/channels') return [200, channels];
    const noted = left.filter(({ isNew }) => isNew !== true);
    const noteOf = (one: Left) => ({ id: `${one.callId}-note`, name: `${one.channelId} ${checkpointOf(one)}` });
    if (path === '/ari/bridges') return [200, noted.map(noteOf)];
    if (path === '/ari/applications/app') return [200, { channel_ids: callers.map(({ id }) => id) }];
    const [, channelId = '', below = ''] = /^\/ari\/channels\/([^/]+)(.*)$/.exec(path) ?? [];
    if (below === '') return [200, channels.find(({ id }) => id === channelId)];
    const asked = /^EVAL\((.*)\)$/s.exec(query.get('variable') ?? '')?.[1]?.split('\u001f') ?? [];
    const variables = variablesOf(channelId);
    return [200, { value: asked.map((one) => variables[one.slice(2, -1)] ?? '').join('\u001f') }];
  };

  /** The channels of the callers in the order in which they were found. */
  const comes = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    const log = toldLog();
    const dispatcher = quietDispatcher();
    const subscriptions = new Subscriptions(requests, 'app', log, systemClock);
    const settings = { requests, dispatcher, app: 'app', log, subscriptions, clock: systemClock };
    const legs = new AriLegs({ ...settings, isCaughtUp: () => false, trouble: () => undefined });
    await resync({
      ...{ requests, dispatcher, app: 'app', log, legs },
      notes: new AriNotes(requests),
      clock: { wallMs: () => NOW_MS },
      onFound: ({ id }, _args, { isHeard }) => found.push(isHeard ? id : `${id} unheard`),
    });
    return found;
  };

  it('is found with the most urgent first: nobody has seen to it, its wait is over, it rings, it waits', async () => {
    left = [
      leftOf(7, 9_000),
      leftOf(4, 60_000, { dialledAgoMs: 20_000 }),
      leftOf(6, 8_000),
      leftOf(5, 60_000, { dialledAgoMs: 10_000 }),
      leftOf(2, -5_000),
      leftOf(1, 0, { isNew: true }),
      leftOf(3, 1_000),
    ];
    expect(await comes()).toEqual([1, 2, 3, 4, 5, 6, 7].map((number) => `1700000000.${number}`));
  });

  it('is asked about a few things at a time, and its events are asked for together', async () => {
    left = Array.from({ length: CALLERS }, (_, number) =>
      leftOf(number, 9_000, number % 2 === 0 ? { dialledAgoMs: number } : {}),
    );
    const found = await comes();
    expect(found.toSorted()).toEqual(left.map(({ channelId }) => channelId).toSorted());
    expect(mostAtOnce).toBe(FEW);
    const orders = pbx.requests.filter(({ path }) => path.endsWith('/subscription'));
    // Of 30 legs; and of 60 callers, 50 to an order.
    expect(orders.map(({ query }) => query.get('eventSource')?.split(',').length)).toEqual([30, 50, 10]);
  });
});

describe('subscriptions of very many', () => {
  it('go together while some are under way, and one that is refused spoils no other', async () => {
    await using pbx = await PbxStub.start();
    const requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    const waiting: (() => void)[] = [];
    pbx.answer = ({ query }, response) => {
      const isUnknown = query.get('eventSource')?.includes('nobody') === true;
      const tell = () => answerJson(response, isUnknown ? 422 : 200, { endpoint_ids: [] });
      if (waiting.length < 4) waiting.push(tell);
      else tell();
    };
    const log = toldLog();
    const subscriptions = new Subscriptions(requests, 'app', log, { sleep: () => new Promise<never>(() => {}) });
    const names = [...Array.from({ length: 20 }, (_, number) => `PJSIP/m${number}`), 'PJSIP/nobody'];
    const added = Promise.all(names.map((name) => subscriptions.add(name)));
    await soon(() => expect(waiting).toHaveLength(4));
    for (const tell of waiting) tell();
    await added;
    const sizes = pbx.requests.map(({ query }) => query.get('eventSource')?.split(',').length ?? 0);
    expect(sizes.slice(0, 5)).toEqual([1, 1, 1, 1, 17]);
    expect(sizes.slice(5)).toEqual(Array.from({ length: 17 }, () => 1));
    expect(log.told).toMatchObject([{ level: 'warn', fields: { endpoint: 'PJSIP/nobody' } }]);
    requests.close();
  });

  it('do not wait for answers that are late', async () => {
    await using pbx = await PbxStub.start();
    const requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    pbx.answer = ({ query }, response) => {
      if (query.get('eventSource')?.includes('late') !== true) answerJson(response, 200, { endpoint_ids: [] });
    };
    const subscriptions = new Subscriptions(requests, 'app', toldLog(), systemClock);
    for (let number = 0; number < 4; number += 1) subscriptions.add(`PJSIP/late${number}`).catch(() => undefined);
    await subscriptions.add('PJSIP/m1');
    requests.close();
  });
});

describe('a few at once', () => {
  it('begins with no other once one has failed', async () => {
    const begun: number[] = [];
    const all = Array.from({ length: 100 }, (_, number) => number);
    const work = fewAtOnce(all, async (number) => {
      begun.push(number);
      if (number === FEW + 2) throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(begun.length).toBeLessThan(100);
  });
});
