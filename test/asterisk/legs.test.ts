/** Which way a leg goes, whose events are asked for, and who is hung up when nobody owns it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAddress } from '../../src/asterisk/address.ts';
import { LegContext } from '../../src/asterisk/leg-context.ts';
import { AriLegs } from '../../src/asterisk/legs.ts';
import { AriRequests } from '../../src/asterisk/requests.ts';
import { Strays } from '../../src/asterisk/strays.ts';
import { Subscriptions } from '../../src/asterisk/subscriptions.ts';
import { Switchboard } from '../../src/asterisk/switchboard.ts';
import type { DialRequest } from '../../src/call/ports.ts';
import { answerJson, PbxStub } from './pbx-stub.ts';
import { toldLog } from './told-log.ts';

const nobody = { name: '', number: '' };
const request: DialRequest = {
  legId: 'xm-1-leg-1',
  contact: { endpoint: 'PJSIP/m1', uri: 'sip:m1@10.0.0.1', expiresAtSec: undefined },
  caller: nobody,
  callee: nobody,
  ringMs: 20_000,
  forChannelId: '1700000000.1',
  memory: '',
};
const leg = { id: request.legId, name: '', state: 'Up', caller: nobody, dialplan: { app_name: '', app_data: '' } };

describe('a leg', () => {
  let pbx: PbxStub;
  let requests: AriRequests;
  let legContext: LegContext;
  let board: Switchboard;
  let isCaughtUp: boolean;
  let legs: AriLegs;

  beforeEach(async () => {
    pbx = await PbxStub.start();
    requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    const log = toldLog();
    legContext = new LegContext(log);
    board = new Switchboard({
      onArrival() {},
      hangUpStray() {},
      onUserEvent() {},
      onReplaced() {},
    });
    isCaughtUp = true;
    legs = new AriLegs({
      requests,
      board,
      app: 'app',
      log,
      subscriptions: new Subscriptions(requests, 'app', log),
      legContext,
      isCaughtUp: () => isCaughtUp,
      trouble: () => undefined,
    });
  });

  afterEach(async () => {
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });

  const orders = () => pbx.requests.map(({ method, path, query }) => `${method} ${query.get('eventSource') ?? path}`);
  const wayOf = () => {
    const { body = '' } = pbx.requests.find(({ path }) => path.startsWith('/ari/channels/')) ?? {};
    return body.includes('"context":"xivo-mapp-leg"') ? 'dialplan' : 'application';
  };

  it('goes by way of the dialplan, and its endpoint’s events are asked for until it is gone', async () => {
    legContext.learn('1');
    const kinds: string[] = [];
    await legs.dial(request, ({ kind }) => kinds.push(kind));
    expect(wayOf()).toBe('dialplan');
    board.take({ type: 'StasisStart', args: ['leg'], channel: leg });
    expect(orders()).toEqual(['POST endpoint:PJSIP/m1', 'POST /ari/channels/xm-1-leg-1']);
    board.take({ type: 'ChannelDestroyed', cause: 16, cause_txt: '', channel: leg });
    board.take({ type: 'ChannelDestroyed', cause: 16, cause_txt: '', channel: leg });
    expect(kinds).toEqual(['answered', 'ended']);
    await expect.poll(orders).toContain('DELETE endpoint:PJSIP/m1');
    expect(orders().filter((order) => order.startsWith('DELETE'))).toHaveLength(1);
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
    legs.connected();
    answer();
    await dialled;
    await expect.poll(() => ends).toEqual([expect.stringContaining('gone while the connection was down')]);
    expect(orders()).toContain('POST channel:xm-1-leg-1');
  });

  it('that Asterisk refuses needs no events any more', async () => {
    legContext.learn('1');
    pbx.answer = ({ path }, response) =>
      answerJson(response, path.startsWith('/ari/channels/') ? 500 : 200, { endpoint_ids: [] });
    await expect(legs.dial(request, () => {})).rejects.toThrow('HTTP 500');
    await expect.poll(orders).toContain('DELETE endpoint:PJSIP/m1');
  });

  it.each([
    'the context is not known to exist',
    'the connection has not caught up',
    'no events of the endpoint can be had',
  ])('goes straight to the application where %s', async (what) => {
    if (what !== 'the context is not known to exist') legContext.learn('1');
    isCaughtUp = what !== 'the connection has not caught up';
    pbx.answer = ({ path }, response) => answerJson(response, path.startsWith('/ari/channels/') ? 200 : 500, {});
    await legs.dial(request, () => {});
    expect(wayOf()).toBe('application');
  });
});

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
