/** Who waits in the application and belongs to nobody: judged at the second look in a row, and by what can be learnt of it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { Strangers } from '../../src/asterisk/resync/strangers.ts';
import { answerJson, PbxStub, type SeenRequest } from './pbx-stub.ts';
import { toldLog } from './told-log.ts';

const ID = '1700000000.1';

describe('a channel in our application that belongs to nobody', () => {
  let pbx: PbxStub;
  let requests: AriRequests;
  let log: ReturnType<typeof toldLog>;
  let strangers: Strangers;
  let there: string[];
  /** Name and data of the application that it runs; it can be described unless `name` is empty. */
  let channel: { readonly name: string; readonly app: string; readonly data: string };
  let leaving: string | undefined;
  const arrived: string[] = [];
  const hungUp: string[] = [];
  const owned = new Set<string>();

  const answer = ({ method, path }: SeenRequest) => {
    if (path === '/ari/applications/app' && method === 'GET') return { channel_ids: there };
    if (path === '/ari/applications') {
      const has = (name: string) => (channel.data.startsWith(`${name},`) ? there : []);
      return [
        { name: 'app', channel_ids: there },
        { name: 'other', channel_ids: has('other') },
      ];
    }
    if (method === 'GET' && channel.name === '') return undefined;
    const [app_name, app_data] = [channel.app, channel.data];
    return { id: there[0] ?? ID, name: channel.name, state: 'Ring', dialplan: { app_name, app_data } };
  };
  const orders = () =>
    pbx.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
  const looks = async (times: number) => {
    for (let n = 0; n < times; n += 1) await strangers.look();
  };

  beforeEach(async () => {
    pbx = await PbxStub.start();
    pbx.answer = (seen, response) => {
      const isRefused = seen.path.endsWith('/continue') && channel.app !== 'Stasis';
      answerJson(response, isRefused ? 409 : 200, answer(seen));
    };
    requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    log = toldLog();
    there = [ID];
    channel = { name: 'PJSIP/trunk-1', app: 'Stasis', data: 'app,42,more' };
    leaving = undefined;
    for (const list of [arrived, hungUp]) list.length = 0;
    owned.clear();
    strangers = new Strangers({
      requests,
      dispatcher: { isOwned: (id) => owned.has(id), leavingFrom: () => leaving },
      app: 'app',
      log,
      onArrival: ({ id }, args) => arrived.push(`${id} ${args.join()}`),
      hangUpStray: (id) => hungUp.push(id),
    });
  });
  afterEach(async () => {
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });

  it('is left alone at the first look, which is one request in all, and where it has arrived by the second', async () => {
    await looks(1);
    expect(pbx.requests).toHaveLength(1);
    owned.add(ID);
    await looks(3);
    expect(pbx.requests).toHaveLength(4);
    owned.clear();
    there = [];
    await looks(1);
    there = [ID];
    await looks(1);
    expect([arrived, orders()]).toEqual([[], []]);
  });

  it('is looked at a second time within the second, not with the next look', async () => {
    await strangers.lookAgain();
    expect(arrived).toEqual([`${ID} 42,more`]);
    await strangers.lookAgain();
    expect(pbx.requests.filter(({ path }) => path === '/ari/applications/app')).toHaveLength(3);
  });

  it('is routed where it can be described', async () => {
    await looks(2);
    expect([arrived, orders()]).toEqual([[`${ID} 42,more`], []]);
  });

  it('is given back, at each look until it has gone, where it cannot; one line says so', async () => {
    channel = { ...channel, name: '' };
    await looks(4);
    expect(orders()).toEqual(Array(3).fill(`POST /ari/channels/${ID}/continue`));
    expect(log.told.map(({ level, fields }) => [level, fields.channel])).toEqual([['warn', ID]]);
    expect(arrived).toEqual([]);
  });

  it.each([
    ['another application has it', 'Stasis', 'other,42', []],
    // Only the refusal says that it is there.
    ['it is in the dialplan', 'Dial', 'PJSIP/x', [`POST /ari/channels/${ID}/continue`]],
  ])('is not touched where %s, described or not; its events are no longer asked for', async (_, app, data, refused) => {
    channel = { name: '', app, data };
    await looks(2);
    channel = { name: 'PJSIP/trunk-1', app, data };
    await looks(1);
    expect(orders()).toEqual([...refused, ...Array(2).fill('DELETE /ari/applications/app/subscription')]);
    expect([arrived, log.told.filter(({ level }) => level === 'warn')]).toEqual([[], []]);
  });

  it('that was given back and has not gone is told to go once more, and one that came again for another user is routed', async () => {
    leaving = '42';
    await looks(2);
    expect([arrived, orders()]).toEqual([[], [`POST /ari/channels/${ID}/continue`]]);
    leaving = '43';
    await looks(1);
    expect(arrived).toEqual([`${ID} 42,more`]);
  });

  it('that carries messages goes on at once', async () => {
    channel = { ...channel, name: 'Message/ast_msg_queue' };
    await looks(2);
    await expect.poll(orders).toEqual([`POST /ari/channels/${ID}/continue`]);
    expect(arrived).toEqual([]);
  });

  it('and is a leg of a router before this one is hung up, and a former leg that calls somebody is a caller', async () => {
    const leg = 'xm-0011223344556677-leg-1';
    there = [leg];
    channel = { ...channel, data: 'app,leg,1700000000.1' };
    await looks(2);
    expect([hungUp, arrived]).toEqual([[leg], []]);
    channel = { ...channel, data: 'app,42,more' };
    await looks(1);
    expect([hungUp, arrived]).toEqual([[leg], [`${leg} 42,more`]]);
  });
});
