/** When a caller counts as gone: by an event, by a look at its channel, by `continue` refused; never because something about it was not found. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAddress } from '../../src/asterisk/address.ts';
import { CallerChannel } from '../../src/asterisk/caller.ts';
import { LegContext } from '../../src/asterisk/leg-context.ts';
import { AriRequests } from '../../src/asterisk/requests.ts';
import { Switchboard } from '../../src/asterisk/switchboard.ts';
import { CallerGone, PbxError } from '../../src/call/errors.ts';
import { answerJson, PbxStub } from './pbx-stub.ts';
import { toldLog } from './told-log.ts';

const ID = '1700000000.1';
const inStasis = (userId: string) => ({
  id: ID,
  name: 'PJSIP/trunk-1',
  state: 'Ring',
  caller: { name: '', number: '' },
  dialplan: { app_name: 'Stasis', app_data: `app,${userId}` },
});

describe('a caller', () => {
  let pbx: PbxStub;
  let requests: AriRequests;
  let board: Switchboard;
  let caller: CallerChannel;
  /** What GET of the channel is answered with. */
  let look: { readonly status: number; readonly body?: unknown };
  let refusal: number;
  let continueStatus: number;
  const arrived: string[] = [];

  beforeEach(async () => {
    pbx = await PbxStub.start();
    look = { status: 200, body: inStasis('42') };
    refusal = 404;
    continueStatus = 204;
    pbx.answer = ({ method, path }, response) => {
      if (method === 'GET' && path === `/ari/channels/${ID}`) answerJson(response, look.status, look.body);
      else if (path.endsWith('/continue')) answerJson(response, continueStatus, { message: 'no' });
      else answerJson(response, refusal, { message: 'Provided variable was not found' });
    };
    requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    const log = toldLog();
    arrived.length = 0;
    board = new Switchboard({
      onArrival: (_, args) => arrived.push(args.join()),
      hangUpStray() {},
      onUserEvent() {},
      onReplaced() {},
    });
    caller = new CallerChannel(inStasis('42'), '42', {
      requests,
      app: 'app',
      board,
      legContext: new LegContext(log),
      log,
    });
  });
  afterEach(async () => {
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });

  const starts = (userId: string) => board.take({ type: 'StasisStart', args: [userId], channel: inStasis(userId) });
  const answers = () => caller.answer().catch((error: unknown) => error);

  it.each([
    ['is described, in our application', 200, inStasis('42')],
    ['is there and cannot be described', 200, undefined],
    ['is there and Asterisk fails to describe it', 500, { error: 'Allocation failed' }],
  ])('of whom something is not found, but whose channel %s, is there, and is given back', async (_, status, body) => {
    look = { status, body };
    for (refusal of [404, 409]) expect(await answers()).toBeInstanceOf(PbxError);
    await expect(caller.hangUp()).rejects.toBeInstanceOf(PbxError);
    expect(caller.left.aborted).toBe(false);
    await caller.giveBack('FAILED', 'pbx-error');
    expect(pbx.requests.at(-1)?.path).toBe(`/ari/channels/${ID}/continue`);
  });

  it.each([
    ['is not there', 404, { message: 'Channel not found' }],
    ['is somewhere in the dialplan', 200, { ...inStasis('42'), dialplan: { app_name: 'Dial', app_data: '' } }],
    ['is in another application', 200, { ...inStasis('42'), dialplan: { app_name: 'Stasis', app_data: 'b,42' } }],
  ])('whose channel %s has left; one look says so for all that were not found', async (_, status, body) => {
    look = { status, body };
    const [first, second] = await Promise.all([answers(), answers()]);
    expect([first, second].map((error) => error instanceof CallerGone)).toEqual([true, true]);
    expect(pbx.requests.filter(({ path }) => path === `/ari/channels/${ID}`)).toHaveLength(1);
    expect(board.isOwned(ID)).toBe(false);
  });

  it('is gone where `continue` is refused', async () => {
    continueStatus = 409;
    await expect(caller.giveBack('NOANSWER', 'wait-over')).rejects.toBeInstanceOf(CallerGone);
    expect(board.isOwned(ID)).toBe(false);
  });

  it('who has been given back owns nothing: the same channel is a newcomer, for the same user and for another', async () => {
    await caller.giveBack('NOANSWER', 'wait-over');
    expect([board.isOwned(ID), board.leavingFrom(ID)]).toEqual([false, '42']);
    starts('42');
    expect([arrived, board.leavingFrom(ID)]).toEqual([['42'], undefined]);
    expect(caller.left.aborted).toBe(false);
  });

  it('who comes for another user has left, and is a newcomer; for the same user it is the same caller', () => {
    starts('42');
    expect([arrived, caller.left.aborted]).toEqual([[], false]);
    starts('43');
    expect([arrived, caller.left.aborted, board.isOwned(ID)]).toEqual([['43'], true, false]);
  });

  it('who comes again while it is still being given back is a newcomer, and is not pulled out a second time', async () => {
    const asked = Promise.withResolvers<void>();
    pbx.answer = ({ path }, response) => {
      if (!path.endsWith('/continue')) return answerJson(response, 204);
      // The order is carried out, and its answer lost.
      starts('42');
      response.socket?.destroy();
      asked.resolve();
    };
    const given = caller.giveBack('NOANSWER', 'wait-over');
    await expect(given).rejects.toBeInstanceOf(CallerGone);
    await asked.promise;
    await expect(caller.giveBack('NOANSWER', 'wait-over')).rejects.toBeInstanceOf(CallerGone);
    expect(pbx.requests.filter(({ path }) => path.endsWith('/continue'))).toHaveLength(1);
    expect(arrived).toEqual(['42']);
  });

  it('whose end is heard is no longer remembered as leaving', async () => {
    await caller.giveBack('NOANSWER', 'wait-over');
    board.take({ type: 'StasisEnd', channel: inStasis('42') });
    expect(board.leavingFrom(ID)).toBeUndefined();
  });
});
