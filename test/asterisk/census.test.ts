/** Channels and bridges where Asterisk can list them, where it cannot list any, and where one entry cannot be read. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { takeCensus } from '../../src/asterisk/resync/census.ts';
import { answerJson, PbxStub } from './pbx-stub.ts';
import { toldLog } from './told-log.ts';

const LEG = 'xm-0011223344556677-leg-1';
/** Notes are bridges in which nobody stands; a channel of ours may stand in somebody's. */
const NOTE = 'xm-0011223344556677-note';
const channelOf = (id: string) => ({ id, name: 'PJSIP/x', state: 'Up' });
const FAILED = { status: 500, body: { error: 'Allocation failed' } };

describe('the channels and bridges of Asterisk', () => {
  let pbx: PbxStub;
  let requests: AriRequests;
  let log: ReturnType<typeof toldLog>;
  let answers: Record<string, { readonly status: number; readonly body?: unknown }>;
  const census = () =>
    takeCensus({ channelIds: ['known.1', 'gone.1'], bridgeIds: [NOTE] }, { requests, app: 'app', log });

  beforeEach(async () => {
    pbx = await PbxStub.start();
    log = toldLog();
    requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    answers = {
      '/channels': { status: 200, body: [channelOf('known.1'), { id: 'odd.1', state: 7 }] },
      '/bridges': {
        status: 200,
        body: [
          { id: NOTE, channels: [] },
          { id: 'other', channels: ['known.1'] },
        ],
      },
      '/applications/app': { status: 200, body: { channel_ids: ['ours.1', 'odd.1'], bridge_ids: [NOTE, 'other'] } },
      '/endpoints': { status: 200, body: [{ channel_ids: [LEG, 'other.1'] }, { resource: 'x' }] },
      '/channels/known.1': { status: 200, body: channelOf('known.1') },
      '/channels/ours.1': { status: 200, body: channelOf('ours.1') },
      [`/channels/${LEG}`]: { status: 200, body: channelOf(LEG) },
      '/channels/odd.1': { status: 200 },
      [`/bridges/${NOTE}`]: { status: 200, body: { id: NOTE, name: 'checkpoint', channels: [] } },
    };
    pbx.answer = ({ path }, response) => {
      const { status, body } = answers[path.replace(/^\/ari/, '')] ?? { status: 404 };
      answerJson(response, status, body);
    };
  });
  afterEach(async () => {
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });

  it('come with two requests; an entry that cannot be read is there all the same', async () => {
    const { channels, unreadable, bridges } = await census();
    expect([[...channels.keys()], [...unreadable]]).toEqual([['known.1'], ['odd.1']]);
    expect(bridges).toMatchObject([{ id: NOTE }, { id: 'other', channels: ['known.1'] }]);
    expect(pbx.requests).toHaveLength(2);
  });

  it('are asked for one by one where Asterisk can list neither: the known, those in the application, legs by their endpoints', async () => {
    Object.assign(answers, { '/channels': FAILED, '/bridges': FAILED });
    const { channels, unreadable, bridges } = await census();
    expect([[...channels.keys()].sort(), [...unreadable]]).toEqual([['known.1', 'ours.1', LEG], ['odd.1']]);
    expect(bridges).toEqual([{ id: NOTE, name: 'checkpoint', channels: [] }]);
    const lines = log.told.map(({ level, message }) => `${level} ${message}`).join();
    expect(lines).toMatch(/warn Asterisk cannot list its channels, .*warn Asterisk cannot list its bridges, /);
  });

  it('are unknown, without a word of its own, where nothing else is answered either', async () => {
    for (const path of Object.keys(answers)) answers[path] = FAILED;
    await expect(census()).rejects.toThrow('HTTP 500');
    expect(log.told).toEqual([]);
  });

  it('are unknown where the list is none', async () => {
    answers['/bridges'] = { status: 200, body: {} };
    await expect(census()).rejects.toThrow('in a form that is not ARI');
  });
});
