/** Where a caller has gone that has left the application without our order: to whoever has answered, to another place in the dialplan, or out of the world; and what may be done to it then. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { whereIs } from '../../src/asterisk/channels/whereabouts.ts';
import { CallerGone } from '../../src/call/errors.ts';
import { CALLER_ID, inStasis, LEG_ID, OneCaller } from './one-caller.ts';
import { answerJson } from './pbx-stub.ts';
import { toldLog } from './told-log.ts';

describe('a caller who has left the application', () => {
  let one: OneCaller;
  beforeEach(async () => {
    one = await OneCaller.start();
  });
  afterEach(() => one[Symbol.asyncDispose]());

  const reason = async (): Promise<unknown> => {
    await expect.poll(() => one.caller.left.aborted).toBe(true);
    return one.caller.left.reason;
  };
  /** Orders that would change something for it. */
  const touched = () => one.orders().filter((order) => !order.startsWith('GET'));
  /** The dialplan has said on the leg that it connects both. */
  const legSays = () => one.dispatcher.connected(CALLER_ID, LEG_ID, 'mobile');

  it.each([
    ['a hang-up', 16, 'hung-up'],
    ['a call that was answered elsewhere', 26, 'answered-elsewhere'],
  ])('by %s (cause %i) is %s, in whatever order that is told', async (_, cause, how) => {
    one.leaves();
    one.dies(cause);
    expect(await reason()).toMatchObject({ name: 'CallerGone', how });
    const other = await OneCaller.start();
    other.dies(cause);
    expect(other.caller.left.reason).toMatchObject({ how });
    await other[Symbol.asyncDispose]();
  });

  it('is heard of to its very end, for which its first look asks, once', async () => {
    one.variables = {};
    const nothing = { variables: [], globals: [], contactsOf: [] };
    for (let n = 0; n < 2; n += 1) await one.caller.read(nothing).catch(() => undefined);
    const asked = () => one.pbx.requests.filter(({ query }) => query.get('eventSource') === `channel:${CALLER_ID}`);
    await expect.poll(asked).toHaveLength(1);
  });

  it('and whose cause is told a little later, has left for that cause', async () => {
    one.look = { status: 404 };
    one.leaves();
    await expect.poll(() => one.orders()).toContain('GET ');
    one.dies(26);
    expect(await reason()).toMatchObject({ how: 'answered-elsewhere' });
  });

  it('and of whose end nothing else is told, has left all the same', async () => {
    one.look = { status: 404 };
    one.leaves();
    expect(await reason()).toMatchObject({ how: 'hung-up' });
  });

  it('to a place in the dialplan was moved, and is not touched', async () => {
    one.look = { status: 200, body: { ...inStasis('42'), dialplan: { app_name: 'Playback', app_data: 'x' } } };
    one.variables = {};
    one.leaves();
    expect(await reason()).toMatchObject({ how: 'moved' });
    await one.caller.hangUp();
    await one.caller.stopHold();
    expect(touched()).toEqual([]);
  });

  it('to a leg talks: nothing of ours touches it any more, and it has left when it hangs up', async () => {
    one.isConnected();
    legSays();
    one.leaves();
    await expect
      .poll(() => one.pbx.requests.map(({ query }) => query.get('eventSource')))
      .toContain(`channel:${CALLER_ID}`);
    const { caller } = one;
    expect(caller.left.aborted).toBe(false);
    const hold = { message: undefined, afterwards: { kind: 'music', musicClass: undefined } } as const;
    await expect(caller.giveBack('NOANSWER', 'x')).rejects.toBeInstanceOf(CallerGone);
    await expect(caller.startHold(hold)).rejects.toBeInstanceOf(CallerGone);
    await expect(caller.answer()).rejects.toBeInstanceOf(CallerGone);
    await expect(caller.write({ A: 'b' })).rejects.toBeInstanceOf(CallerGone);
    await caller.stopHold();
    await caller.hangUp();
    expect([touched(), caller.left.aborted]).toEqual([[], false]);
    // The leg has told of it already.
    expect(one.foundTalking).toEqual([]);
    one.dies();
    expect(caller.left.reason).toMatchObject({ how: 'hung-up' });
  });

  it('to a leg of which nothing was heard is found to talk, once', async () => {
    one.isConnected();
    one.leaves();
    one.leaves();
    await expect.poll(() => one.foundTalking).toEqual([`${LEG_ID} mobile`]);
    expect(one.caller.left.aborted).toBe(false);
  });

  it('to a leg is not taken for moved while the dialplan is slow to say so on its channel, and is heard of until it hangs up', async () => {
    one.look = { status: 200, body: { ...inStasis('42'), dialplan: { app_name: '', app_data: '' } } };
    one.variables = {};
    legSays();
    one.leaves();
    await expect
      .poll(() => one.pbx.requests.map(({ query }) => query.get('eventSource')))
      .toContain(`channel:${CALLER_ID}`);
    expect(one.caller.left.aborted).toBe(false);
    one.dies();
    expect(one.caller.left.aborted).toBe(true);
  });

  it('to a leg, and has hung up before anybody looked, is found to have talked', async () => {
    one.isConnected();
    one.look = { status: 404 };
    one.leaves();
    expect(await reason()).toMatchObject({ how: 'hung-up' });
    expect(one.foundTalking).toEqual([`${LEG_ID} mobile`]);
  });

  it.each(['the leg', 'nobody'] as const)(
    'to a leg while it was being given back talks, as %s has told: giving back is refused, and its hang-up is heard',
    async (whoTold) => {
      one.continueStatus = 409;
      const usual = one.pbx.answer;
      one.pbx.answer = (seen, response) => {
        if (seen.path.endsWith('/continue')) {
          one.isConnected();
          if (whoTold === 'the leg') legSays();
          one.leaves();
        }
        usual(seen, response);
      };
      await expect(one.caller.giveBack('NOANSWER', 'wait-over')).rejects.toBeInstanceOf(CallerGone);
      expect(one.caller.left.aborted).toBe(false);
      expect(one.foundTalking).toEqual(whoTold === 'the leg' ? [] : [`${LEG_ID} mobile`]);
      one.dies();
      expect(one.caller.left.aborted).toBe(true);
    },
  );

  it('is not taken for gone while Asterisk cannot be asked, and found as soon as it can', async () => {
    const usual = one.pbx.answer;
    let asked = 0;
    one.pbx.answer = (_, response) => {
      asked += 1;
      answerJson(response, 503, { message: 'Asterisk is not ready' });
    };
    one.leaves();
    await expect.poll(() => asked).toBeGreaterThan(1);
    expect(one.caller.left.aborted).toBe(false);
    one.isConnected();
    one.pbx.answer = usual;
    await expect.poll(() => one.foundTalking).toEqual([`${LEG_ID} mobile`]);
  });

  it('is no longer looked for once nobody can be asked any more', async () => {
    let asked = 0;
    one.pbx.answer = (_, response) => {
      asked += 1;
      response.socket?.destroy();
    };
    const { requests } = one;
    const [isConnected, isOver] = [() => false, () => false];
    const found = whereIs({
      requests,
      app: 'app',
      channelId: CALLER_ID,
      log: toldLog(),
      isConnected,
      isOver,
      isHeard: false,
    });
    await expect.poll(() => asked).toBeGreaterThan(0);
    requests.close();
    expect(await found).toEqual({ kind: 'unknown' });
  });

  it('of whom Asterisk says nothing, however often it is asked, counts as gone, and no order touches it', async () => {
    one.pbx.answer = (_, response) => answerJson(response, 204);
    one.leaves();
    await expect(one.caller.giveBack('NOANSWER', 'x')).rejects.toBeInstanceOf(CallerGone);
    await one.caller.hangUp();
    expect(touched()).toEqual([]);
  });
});
