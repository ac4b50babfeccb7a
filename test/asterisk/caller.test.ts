/** When a caller counts as gone: by an event, by a look at its channel, by `continue` refused; never because something about it was not found. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallerGone, PbxError } from '../../src/call/errors.ts';
import { CALLER_ID as ID, inStasis, OneCaller } from './one-caller.ts';
import { answerJson } from './pbx-stub.ts';

describe('a caller', () => {
  let one: OneCaller;
  let pbx: OneCaller['pbx'];
  let dispatcher: OneCaller['dispatcher'];
  let caller: OneCaller['caller'];
  let arrived: OneCaller['arrived'];

  beforeEach(async () => {
    one = await OneCaller.start();
    ({ pbx, dispatcher, caller, arrived } = one);
  });
  afterEach(() => one[Symbol.asyncDispose]());

  const starts = (userId: string) => one.starts(userId);
  const answers = () => caller.answer().catch((error: unknown) => error);

  it.each([
    ['is described, in our application', 200, inStasis('42')],
    ['is there and cannot be described', 200, undefined],
    ['is there and Asterisk fails to describe it', 500, { error: 'Allocation failed' }],
  ])('of whom something is not found, but whose channel %s, is there, and is given back', async (_, status, body) => {
    one.look = { status, body };
    for (one.refusal of [404, 409]) expect(await answers()).toBeInstanceOf(PbxError);
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
    one.look = { status, body };
    const [first, second] = await Promise.all([answers(), answers()]);
    const orders = one.orders();
    expect([first, second]).toEqual([expect.any(CallerGone), expect.any(CallerGone)]);
    // What follows is the search for where it has gone.
    expect(orders.indexOf('GET /variable')).toBe(orders.indexOf('GET ') + 1);
    expect(dispatcher.isOwned(ID)).toBe(false);
  });

  it('is gone where `continue` is refused', async () => {
    one.continueStatus = 409;
    one.look = { status: 404 };
    await expect(caller.giveBack('NOANSWER', 'wait-over')).rejects.toBeInstanceOf(CallerGone);
    expect(dispatcher.isOwned(ID)).toBe(false);
  });

  it('who has been given back owns nothing: the same channel is a newcomer, for the same user and for another', async () => {
    await caller.giveBack('NOANSWER', 'wait-over');
    expect([dispatcher.isOwned(ID), dispatcher.leavingFrom(ID)]).toEqual([false, '42']);
    starts('42');
    expect([arrived, dispatcher.leavingFrom(ID)]).toEqual([['42'], undefined]);
    expect(caller.left.aborted).toBe(false);
  });

  it('who comes for another user has left, and is a newcomer, who is not pulled out; for the same user it is the same caller', async () => {
    starts('42');
    expect([arrived, caller.left.aborted]).toEqual([[], false]);
    starts('43');
    expect([arrived, dispatcher.isOwned(ID)]).toEqual([['43'], false]);
    await expect(caller.giveBack('NOANSWER', 'wait-over')).rejects.toMatchObject({ how: 'moved' });
    expect(caller.left.aborted).toBe(true);
    expect(one.orders()).not.toContain('POST /continue');
  });

  it('who comes again while it is still being given back is a newcomer, and is not pulled out a second time', async () => {
    const asked = Promise.withResolvers<void>();
    pbx.answer = ({ method, path, query }, response) => {
      // The next visit has no ending yet.
      if (method === 'GET' && !query.has('variable')) return answerJson(response, 200, inStasis('42'));
      if (method === 'GET') return answerJson(response, 200, { value: '\u001f\u001f' });
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
    dispatcher.take({ type: 'StasisEnd', channel: inStasis('42') });
    expect(dispatcher.leavingFrom(ID)).toBeUndefined();
  });
});
