/** What an earlier run has left: notes of calls that wait no more, legs of callers who are gone or talk, and those who have answered, whom nobody may end. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dispatcher } from '../../src/asterisk/app/dispatcher.ts';
import { Subscriptions } from '../../src/asterisk/app/subscriptions.ts';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { AriLegs } from '../../src/asterisk/channels/legs.ts';
import { AriNotes } from '../../src/asterisk/resync/notes.ts';
import { resync } from '../../src/asterisk/resync/resync.ts';
import { writeCallCheckpoint } from '../../src/call/resume/checkpoint.ts';
import type { LostCall } from '../../src/call/router.ts';
import { systemClock } from '../../src/system/clock.ts';
import { answerJson, PbxStub, type SeenRequest } from './pbx-stub.ts';
import { quietDispatcher } from './quiet-dispatcher.ts';
import { toldLog } from './told-log.ts';

const CALL = 'xm-0011223344556677';
const NOTE = `${CALL}-note`;
const LEG = `${CALL}-leg-0001`;
const CALLER = '1700000000.1';
const checkpoint = writeCallCheckpoint({ callId: CALL, userId: '7', waitUntilMs: 0, pushed: [] });
const caller = (app_data: string) => ({
  id: CALLER,
  name: 'PJSIP/trunk-1',
  state: 'Ring',
  dialplan: { app_name: app_data === '' ? 'Bridge' : 'Stasis', app_data },
});
const leg = (state: string) => ({ id: LEG, name: 'PJSIP/alice-1', state });
const WAITS = { XIVO_MAPP_STATUS: '', XIVO_MAPP_MEMORY: checkpoint };
const TALKS = { XIVO_MAPP_STATUS: 'ANSWERED', XIVO_MAPP_REASON: 'webapp', XIVO_MAPP_LEG: LEG };

describe('after a connect', () => {
  let pbx: PbxStub;
  let requests: AriRequests;
  let notes: AriNotes;
  let legs: AriLegs;
  let dispatcher: Dispatcher;
  /** What Asterisk has: channels, and their variables. */
  let channels: readonly { readonly id: string }[];
  let variables: Readonly<Record<string, Readonly<Record<string, string>>>>;
  let bridges: readonly { readonly id: string; readonly name: string; readonly channels: readonly string[] }[];
  const lost: LostCall[] = [];
  const found: string[] = [];

  const answer = ({ method, path, query }: SeenRequest): readonly [number, unknown?] => {
    if (method !== 'GET') return [200, {}];
    if (path === '/ari/channels') return [200, channels];
    if (path === '/ari/bridges') return [200, bridges];
    if (path === '/ari/applications/app') return [200, { channel_ids: [] }];
    const [, channelId = '', below = ''] = /^\/ari\/channels\/([^/]+)(.*)$/.exec(path) ?? [];
    const channel = channels.find(({ id }) => id === channelId);
    if (channel === undefined) return [404, { message: 'Channel not found' }];
    if (below === '') return [200, channel];
    const asked = /^EVAL\((.*)\)$/s.exec(query.get('variable') ?? '')?.[1]?.split('\u001f') ?? [];
    return [200, { value: asked.map((one) => variables[channelId]?.[one.slice(2, -1)] ?? '').join('\u001f') }];
  };

  beforeEach(async () => {
    pbx = await PbxStub.start();
    pbx.answer = (seen, response) => answerJson(response, ...answer(seen));
    requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    notes = new AriNotes(requests);
    const log = toldLog();
    dispatcher = quietDispatcher();
    const subscriptions = new Subscriptions(requests, 'app', log, systemClock);
    const settings = { requests, dispatcher, app: 'app', log, subscriptions, clock: systemClock };
    legs = new AriLegs({ ...settings, isCaughtUp: () => false, trouble: () => undefined });
    [channels, variables, bridges] = [[], {}, [{ id: NOTE, name: `${CALLER} ${checkpoint}`, channels: [] }]];
    for (const list of [lost, found]) list.length = 0;
  });
  afterEach(async () => {
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });

  const comes = () =>
    resync({
      requests,
      dispatcher,
      app: 'app',
      log: toldLog(),
      notes,
      legs,
      clock: { wallMs: () => Date.now() },
      onFound: ({ id }, args, left) => found.push([id, ...args, ...left.legs.map(({ legId }) => legId)].join()),
      onLost: (call) => lost.push(call),
    });
  /** What was ended: notes, and legs with the reason that was given. */
  const ended = () =>
    pbx.requests
      .filter(({ method }) => method === 'DELETE')
      .map(({ path, query }) => [path.split('/').at(-1), query.get('reason')].join(' ').trim());

  it('a call whose caller is gone is lost, its note is taken away, and its leg is hung up', async () => {
    channels = [leg('Ringing')];
    variables = { [LEG]: { XIVO_MAPP_CALLER: CALLER } };
    await comes();
    expect(lost).toEqual([{ checkpoint, answeredOn: undefined }]);
    expect(ended().sort()).toEqual([`${LEG} normal`, NOTE]);
  });

  it('a call that was answered says on what; a leg that still rings ends as answered elsewhere, and the one that talks goes on', async () => {
    const other = { ...leg('Ringing'), id: `${CALL}-leg-0002` };
    channels = [caller(''), leg('Up'), other];
    const ofLeg = { XIVO_MAPP_CALLER: CALLER };
    const talks = { ...ofLeg, XIVO_MAPP_CONNECTED_TO: `webapp ${CALLER}` };
    variables = { [CALLER]: TALKS, [LEG]: talks, [other.id]: ofLeg };
    await comes();
    expect(lost).toEqual([{ checkpoint, answeredOn: 'webapp' }]);
    expect(ended().sort()).toEqual([`${other.id} answered_elsewhere`, NOTE].sort());
    expect(found).toEqual([]);
  });

  it.each([false, true])(
    'a call that was answered is so also where its caller is gone; the first note is left: %s',
    async (both) => {
      const name = `${CALLER} ${checkpoint}`;
      bridges = [`${NOTE}-mobile`, ...(both ? [NOTE] : [])].map((id) => ({ id, name, channels: [] }));
      await comes();
      expect(lost).toEqual([{ checkpoint, answeredOn: 'mobile' }]);
      expect(ended().sort()).toEqual(bridges.map(({ id }) => id).sort());
    },
  );

  it('a call that was answered, by a caller who has taken the place of the one who is noted, says on what', async () => {
    channels = [{ ...caller(''), id: '1700000000.7' }, leg('Up'), { ...leg('Up'), id: 'xm-7766554433221100-leg-0001' }];
    variables = { [LEG]: { XIVO_MAPP_CALLER: '1700000000.7', XIVO_MAPP_CONNECTED_TO: 'mobile 1700000000.7' } };
    await comes();
    expect(lost).toEqual([{ checkpoint, answeredOn: 'mobile' }]);
    expect(ended()).toEqual([NOTE]);
  });

  it('a leg that was answered, and is not connected yet, is the dialplan’s also where its caller is gone', async () => {
    channels = [leg('Up')];
    variables = { [LEG]: { XIVO_MAPP_CALLER: CALLER } };
    await comes();
    expect(ended()).toEqual([NOTE]);
  });

  it('a call that waits goes on with its note and its legs', async () => {
    channels = [caller('app,7'), leg('Ringing')];
    variables = { [CALLER]: WAITS, [LEG]: { XIVO_MAPP_CALLER: CALLER } };
    await comes();
    expect(found).toEqual([`${CALLER},7,${LEG}`]);
    expect([ended(), lost, [...notes.keptIds()]]).toEqual([[], [], [NOTE]]);
  });

  it('a note of our own, and a bridge that is nobody’s of ours, stay', async () => {
    bridges = [...bridges, { id: 'conference', name: 'x', channels: [CALLER] }];
    await notes.keep(CALL, CALLER, checkpoint);
    await comes();
    expect([ended(), lost]).toEqual([[], []]);
  });

  it('a note in words that nobody knows is taken away, and no call is lost', async () => {
    bridges = [{ id: NOTE, name: 'nonsense', channels: [] }];
    await comes();
    expect([ended(), lost]).toEqual([[NOTE], []]);
  });

  it('a conversation of an earlier run is neither found nor ended', async () => {
    bridges = [];
    channels = [caller(''), leg('Up')];
    variables = { [CALLER]: TALKS, [LEG]: { XIVO_MAPP_CALLER: CALLER, XIVO_MAPP_CONNECTED_TO: `webapp ${CALLER}` } };
    await comes();
    expect([found, ended(), lost]).toEqual([[], [], []]);
  });
});
