/** Whose events are asked for, what a leg's hang-up leaves to the dialplan, and who is hung up when nobody owns it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dispatcher } from '../../src/asterisk/app/dispatcher.ts';
import { Subscriptions } from '../../src/asterisk/app/subscriptions.ts';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { AriLegs } from '../../src/asterisk/channels/legs.ts';
import { Strays } from '../../src/asterisk/resync/strays.ts';
import { PbxError } from '../../src/call/errors.ts';
import type { DialRequest } from '../../src/call/ports.ts';
import { systemClock } from '../../src/system/clock.ts';
import { answerJson, PbxStub } from './pbx-stub.ts';
import { quietDispatcher } from './quiet-dispatcher.ts';
import { toldLog } from './told-log.ts';

const nobody = { name: '', number: '' };
const request: DialRequest = {
  legId: 'xm-1-leg-1',
  contact: { endpoint: 'PJSIP/m1', uri: 'sip:m1@10.0.0.1', expiresAtSec: undefined },
  on: 'mobile',
  calleeUserId: '7',
  caller: nobody,
  callee: nobody,
  ringMs: 20_000,
  forChannelId: '1700000000.1',
  checkpoint: '',
};
const PATH = `/ari/channels/${request.legId}`;
/** The caller, who has nothing to say. */
const SOMEBODY = { settled: true, onState() {}, onEnd() {}, onDestroyed() {} };
const leg = { id: request.legId, name: '', state: 'Up', caller: nobody, dialplan: { app_name: '', app_data: '' } };

describe('a leg', () => {
  let pbx: PbxStub;
  let requests: AriRequests;
  let dispatcher: Dispatcher;
  let isCaughtUp: boolean;
  let trouble: string | undefined;
  let sleeps: { readonly ms: number; readonly over: () => void }[];
  let legs: AriLegs;

  beforeEach(async () => {
    pbx = await PbxStub.start();
    requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    const log = toldLog();
    dispatcher = quietDispatcher();
    isCaughtUp = true;
    trouble = undefined;
    sleeps = [];
    const sleep = (ms: number, signal: AbortSignal) =>
      new Promise<void>((over, calledOff) => {
        if (signal.aborted) return calledOff(signal.reason);
        sleeps.push({ ms, over });
        signal.addEventListener('abort', () => calledOff(signal.reason), { once: true });
      });
    legs = new AriLegs({
      requests,
      dispatcher,
      app: 'app',
      log,
      clock: { sleep },
      subscriptions: new Subscriptions(requests, 'app', log, systemClock),
      isCaughtUp: () => isCaughtUp,
      trouble: () => trouble,
    });
  });

  afterEach(async () => {
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });

  const orders = () => pbx.requests.map(({ method, path, query }) => `${method} ${query.get('eventSource') ?? path}`);
  const hangUps = () =>
    pbx.requests
      .filter(({ method, path }) => method === 'DELETE' && path === PATH)
      .map(({ query }) => query.get('reason'));
  const isIn = (state: string) => dispatcher.take({ type: 'ChannelStateChange', channel: { ...leg, state } });
  const says = (to: string) =>
    dispatcher.take({ type: 'ChannelUserevent', eventname: 'xivo-mapp-connected', userevent: { to }, channel: leg });
  const isGone = () => dispatcher.take({ type: 'ChannelDestroyed', cause: 16, cause_txt: '', channel: leg });

  it.each([
    ['', 'unreachable'],
    ['RINGING', 'unreachable'],
    ['NOANSWER', 'declined'],
  ])('that has rung and ends with cause 19 behind "%s" is %s', async (dialstatus, end) => {
    const ends: unknown[] = [];
    await legs.dial(request, (event) => ends.push(event.kind === 'ended' ? event.end : event.kind));
    isIn('Ringing');
    dispatcher.take({ type: 'Dial', dialstatus, forward: '', peer: leg });
    dispatcher.take({ type: 'ChannelDestroyed', cause: 19, cause_txt: '', channel: leg });
    expect(ends).toEqual(['ringing', end]);
  });

  it('is heard of through its endpoint, whose events are asked for before the order and until it is gone', async () => {
    const kinds: string[] = [];
    await legs.dial(request, ({ kind }) => kinds.push(kind));
    isIn('Up');
    expect(orders()).toEqual(['POST endpoint:PJSIP/m1', `POST ${PATH}`]);
    isGone();
    isGone();
    expect(kinds).toEqual(['answered', 'ended']);
    await expect.poll(orders).toContain('DELETE endpoint:PJSIP/m1');
    expect(orders().filter((order) => order.startsWith('DELETE'))).toHaveLength(1);
  });

  it('without its endpoint’s events is not ordered: nobody would hear of it', async () => {
    pbx.answer = (_, response) => answerJson(response, 500, { message: 'no' });
    await expect(legs.dial(request, () => {})).rejects.toBeInstanceOf(PbxError);
    expect(orders()).not.toContain(`POST ${PATH}`);
  });

  describe('while no events come', () => {
    beforeEach(() => {
      trouble = 'the cable is out';
    });

    it('is ordered as soon as they come again', async () => {
      const dialled = legs.dial(request, () => {});
      await settled();
      expect(orders()).toEqual([]);
      trouble = undefined;
      legs.reconnected();
      await dialled;
      expect(orders()).toContain(`POST ${PATH}`);
    });

    it('is not ordered where they do not come again within five seconds', async () => {
      const dialled = legs.dial(request, () => {}).catch((error: unknown) => error);
      await expect.poll(() => sleeps.map(({ ms }) => ms)).toEqual([5_000]);
      sleeps[0]?.over();
      expect(await dialled).toMatchObject({ name: 'PbxError', message: 'not connected to Asterisk: the cable is out' });
      expect(orders()).toEqual([]);
    });

    it('is not waited with once no connection comes any more', async () => {
      const dialled = legs.dial(request, () => {}).catch((error: unknown) => error);
      await settled();
      legs.close();
      expect(await dialled).toBeInstanceOf(PbxError);
      expect(await legs.dial(request, () => {}).catch((error: unknown) => error)).toBeInstanceOf(PbxError);
      expect(orders()).toEqual([]);
    });

    it('is never ordered where nobody wants it any more', async () => {
      const dialled = legs.dial(request, () => {}).catch((error: unknown) => error);
      await legs.hangUp(request.legId, 'not-needed');
      expect(await dialled).toBeInstanceOf(PbxError);
      trouble = undefined;
      legs.reconnected();
      await settled();
      expect(orders()).toEqual([]);
    });
  });

  it.each([
    ['is unknown there', undefined, 2],
    ['has been heard of', () => isIn('Ringing'), 1],
    ['has ended meanwhile', () => isGone(), 1],
  ])('whose order is lost, and that %s, is ordered as often as that asks for', async (_, happens, times) => {
    const ordered = () => orders().filter((order) => order === `POST ${PATH}`).length;
    pbx.answer = ({ method, path }, response) => {
      if (method === 'GET') return answerJson(response, 404);
      if (path !== PATH || ordered() > 1) return answerJson(response, 200, { channel_ids: [], endpoint_ids: [] });
      happens?.();
      response.destroy();
    };
    const kinds: string[] = [];
    await legs.dial(request, ({ kind }) => kinds.push(kind));
    expect([ordered(), kinds.length]).toEqual([times, happens === undefined ? 0 : 1]);
  });

  it('whose order is lost twice has failed', async () => {
    pbx.answer = ({ method, path }, response) => {
      if (path === PATH && method === 'POST') response.destroy();
      else answerJson(response, method === 'GET' ? 404 : 200, { channel_ids: [], endpoint_ids: [] });
    };
    await expect(legs.dial(request, () => {})).rejects.toBeInstanceOf(PbxError);
    expect(orders().filter((order) => order === `POST ${PATH}`)).toHaveLength(2);
  });

  it.each([500, 503, 400])(
    'whose order is lost, and the second one refused with %i, is ended all the same: the first may come yet',
    async (status) => {
      const ordered = () => orders().filter((order) => order === `POST ${PATH}`).length;
      let hung: Promise<void> | undefined;
      pbx.answer = ({ method, path }, response) => {
        if (method === 'GET') return answerJson(response, 404);
        if (path !== PATH || method === 'DELETE')
          return answerJson(response, 200, { channel_ids: [], endpoint_ids: [] });
        if (ordered() === 1) return response.destroy();
        hung ??= legs.hangUp(request.legId, 'not-needed');
        answerJson(response, status, { message: 'Allocation failed' });
      };
      await legs.dial(request, () => {}).catch(() => undefined);
      await hung;
      expect([ordered(), hangUps()]).toEqual([2, ['normal']]);
    },
  );
  it('whose order is lost, called off as the second one waits for its connection, is ended all the same', async () => {
    const real = requests.send.bind(requests);
    let posts = 0;
    let hung: Promise<void> | undefined;
    requests.send = (order) => {
      if (order.method === 'POST' && order.path.includes('leg-1')) {
        posts += 1;
        if (posts === 2) {
          const sent = real(order);
          // Still without a socket.
          hung = legs.hangUp(request.legId, 'not-needed');
          return sent;
        }
      }
      return real(order);
    };
    pbx.answer = ({ method, path }, response) => {
      if (method === 'GET') return answerJson(response, 404);
      if (path === PATH && method === 'POST') return response.destroy();
      answerJson(response, 200, { channel_ids: [], endpoint_ids: [] });
    };
    const e = await legs.dial(request, () => {}).catch((x: unknown) => x);
    await hung;
    expect([posts, String(e), hangUps()]).toEqual([2, expect.stringContaining('called off'), ['normal']]);
  });

  it('that is connected says so to its caller, and once', async () => {
    const heard: string[] = [];
    dispatcher.own(request.forChannelId, { ...SOMEBODY, onConnected: (legId) => heard.push(legId) });
    const kinds: string[] = [];
    await legs.dial(request, ({ kind }) => kinds.push(kind));
    for (let n = 0; n < 2; n += 1) says(`mobile ${request.forChannelId}`);
    legs.connected(request.legId, 'mobile', request.forChannelId);
    expect([heard, kinds]).toEqual([[request.legId], ['answered', 'connected']]);
  });

  it.each([
    ['nobody has answered', '', 'answered-elsewhere', ['answered_elsewhere']],
    ['nobody has answered', '', 'not-needed', ['normal']],
    ['somebody has answered', 'Up', 'not-needed', []],
    ['somebody has answered', 'Up', 'normal', []],
    ['somebody has answered, after another', 'Up', 'answered-elsewhere', ['answered_elsewhere']],
    ['talks to the caller', 'connected', 'answered-elsewhere', []],
    ['talks to the caller', 'connected', 'normal', []],
  ] as const)('that %s (%s), hung up as %s, is ended by us: %j', async (_, state, reason, reasons) => {
    await legs.dial(request, () => {});
    if (state === 'Up') isIn('Up');
    if (state === 'connected') says(`mobile ${request.forChannelId}`);
    await legs.hangUp(request.legId, reason);
    expect(hangUps()).toEqual(reasons);
  });

  it('of an earlier run that talks is not hung up, and tells who takes it over', async () => {
    legs.find(request.legId);
    says(`webapp ${request.forChannelId}`);
    await legs.hangUp(request.legId, 'not-needed');
    expect(hangUps()).toEqual([]);
    const kinds: string[] = [];
    legs.adopt(request.legId, ({ kind }) => kinds.push(kind));
    isGone();
    expect(kinds).toEqual(['answered', 'connected', 'ended']);
    legs.adopt(request.legId, ({ kind }) => kinds.push(kind));
    expect(kinds.at(-1)).toBe('ended');
  });

  it('whose order was under way when the connection came back is looked at once it is taken', async () => {
    const asked = Promise.withResolvers<() => void>();
    pbx.answer = ({ method, path }, response) => {
      if (method === 'GET') return answerJson(response, 404);
      const answer = () => answerJson(response, 200, { channel_ids: [], endpoint_ids: [] });
      return path.startsWith('/ari/channels/') ? asked.resolve(answer) : answer();
    };
    const ends: string[] = [];
    const dialled = legs.dial(request, (event) => {
      if (event.kind === 'ended') ends.push(event.detail);
    });
    const answer = await asked.promise;
    legs.reconnected();
    answer();
    await dialled;
    await expect.poll(() => ends).toEqual([expect.stringContaining('gone while the connection was down')]);
    expect(orders()).toContain('POST channel:xm-1-leg-1');
  });

  it('that Asterisk refuses needs no events any more', async () => {
    pbx.answer = ({ path }, response) =>
      answerJson(response, path.startsWith('/ari/channels/') ? 500 : 200, { endpoint_ids: [] });
    await expect(legs.dial(request, () => {})).rejects.toThrow('HTTP 500');
    await expect.poll(orders).toContain('DELETE endpoint:PJSIP/m1');
  });

  it('that was ordered before all was made good is looked at: it may have been answered and connected meanwhile', async () => {
    isCaughtUp = false;
    pbx.answer = ({ method, path }, response) => {
      if (method === 'GET' && path === PATH) return answerJson(response, 200, leg);
      if (path === `${PATH}/variable`) return answerJson(response, 200, { value: `mobile ${request.forChannelId}` });
      answerJson(response, 200, { channel_ids: [], endpoint_ids: [] });
    };
    const kinds: string[] = [];
    await legs.dial(request, ({ kind }) => kinds.push(kind));
    await expect.poll(() => kinds).toEqual(['answered', 'connected']);
  });
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a leg that nobody owns', () => {
  it('is hung up at once, but while we catch up only once it is known that nobody owns it', async () => {
    await using pbx = await PbxStub.start();
    const requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    const strays = new Strays(requests, (channelId) => channelId === 'xm-1-leg-2', toldLog());
    const hungUp = () => pbx.requests.map(({ path }) => path.split('/').at(-1));
    strays.hold();
    strays.take('xm-1-leg-0');
    const judge = strays.hold();
    for (const channelId of ['xm-1-leg-1', 'xm-1-leg-2', 'xm-1-leg-3']) strays.take(channelId);
    judge();
    await expect.poll(hungUp).toEqual(['xm-1-leg-1', 'xm-1-leg-3']);
    strays.take('xm-1-leg-4');
    await expect.poll(hungUp).toEqual(['xm-1-leg-1', 'xm-1-leg-3', 'xm-1-leg-4']);
    requests.close();
  });
});
