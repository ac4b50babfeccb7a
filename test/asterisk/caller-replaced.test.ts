/** A caller whose channel is replaced by another: every order goes to the newcomer, also one that was under way; what was heard begins anew there; and the end of the old channel is nobody's. */
import { expect, it, vi } from 'vitest';
import { CallerGone } from '../../src/call/errors.ts';
import { systemClock } from '../../src/system/clock.ts';
import { CALLER_ID, inStasis, OneCaller } from './one-caller.ts';
import { answerJson } from './pbx-stub.ts';

const NEWCOMER_ID = '1700000000.9';
const NEWCOMER = { ...inStasis('42'), id: NEWCOMER_ID };
const MUSIC = { message: undefined, afterwards: { kind: 'music', musicClass: undefined } } as const;

function replace(one: OneCaller): void {
  one.dispatcher.take({ type: 'StasisStart', args: [], channel: NEWCOMER, replace_channel: { id: CALLER_ID } });
}

/** What was asked of a channel, or ordered, in order. */
const ordersTo = (one: OneCaller, channelId: string) =>
  one.pbx.requests
    .filter(({ path }) => path.startsWith(`/ari/channels/${channelId}/`))
    .map(({ method, path }) => `${method} ${path.slice(`/ari/channels/${channelId}`.length)}`);

it('is the newcomer from then on, no arrival, and does not end with the old channel', async () => {
  await using one = await OneCaller.start();
  const replaced: string[] = [];
  one.caller.whenReplaced((channelId) => replaced.push(channelId));
  replace(one);
  one.leaves();
  one.dies();
  expect([replaced, one.caller.channelId, one.arrived, one.caller.left.aborted]).toEqual([
    [NEWCOMER_ID],
    NEWCOMER_ID,
    [],
    false,
  ]);
  one.dispatcher.take({ type: 'ChannelDestroyed', cause: 16, cause_txt: 'x', channel: NEWCOMER });
  expect(one.caller.left.aborted).toBe(true);
});

it('hears what was heard before', async () => {
  await using one = await OneCaller.start();
  one.pbx.answer = (_, response) => answerJson(response, 204);
  await one.caller.startHold(MUSIC);
  replace(one);
  await vi.waitFor(() => expect(ordersTo(one, NEWCOMER_ID)).toContain('POST /moh'));
  await one.caller.stopHold();
  expect(ordersTo(one, NEWCOMER_ID).at(-1)).toBe('DELETE /moh');
});

it('hears nothing where nothing was heard', async () => {
  await using one = await OneCaller.start();
  one.pbx.answer = (_, response) => answerJson(response, 204);
  await one.caller.startHold(MUSIC);
  await one.caller.stopHold();
  replace(one);
  await one.caller.answer();
  expect(ordersTo(one, NEWCOMER_ID)).toEqual(['POST /answer']);
});

it.each([
  ['giveBack', 'POST /continue'],
  ['answer', 'POST /answer'],
] as const)('gets the order that was under way: %s', async (what, order) => {
  await using one = await OneCaller.start();
  one.pbx.answer = ({ path }, response) => {
    const isOld = path.startsWith(`/ari/channels/${CALLER_ID}/`);
    if (isOld && path.endsWith(order.slice('POST '.length))) replace(one);
    const isGone = isOld && one.caller.channelId !== CALLER_ID;
    answerJson(response, isGone ? 404 : 200, isGone ? { message: 'Channel not found' } : { value: '' });
  };
  await (what === 'answer' ? one.caller.answer() : one.caller.giveBack('NOANSWER', 'wait-over'));
  expect(ordersTo(one, NEWCOMER_ID)).toContain(order);
});

it.each(['/variable', '/continue'])(
  'is told how the call has ended, where the one before was told: %s',
  async (below) => {
    await using one = await OneCaller.start();
    let told = 0;
    one.pbx.answer = ({ path }, response) => {
      if (path === `/ari/channels/${CALLER_ID}${below}` && ++told === 1) replace(one);
      const isGone = one.caller.channelId !== CALLER_ID && path === `/ari/channels/${CALLER_ID}/continue`;
      answerJson(response, isGone ? 404 : 200, isGone ? { message: 'Channel not found' } : { value: '' });
    };
    await one.caller.giveBack('NOANSWER', 'wait-over');
    const [order = ''] = ordersTo(one, CALLER_ID);
    expect(ordersTo(one, NEWCOMER_ID)).toEqual([order, order, 'POST /continue']);
  },
);

it.each([
  ['while it is looked whether the channel is there', `GET /ari/channels/${CALLER_ID}`],
  ['while it is asked where the channel has gone', `GET /ari/channels/${CALLER_ID}/variable`],
])('gets the order that was refused before that was heard: %s', async (_, asked) => {
  await using one = await OneCaller.start();
  one.pbx.answer = ({ method, path }, response) => {
    if (`${method} ${path}` === asked && one.caller.channelId === CALLER_ID) replace(one);
    const isOld = path.startsWith(`/ari/channels/${CALLER_ID}`);
    // All that is asked of the newcomer says that it is nowhere else: what asks for it must not take it for moved.
    answerJson(response, isOld ? 404 : 200, isOld ? { message: 'Channel not found' } : { value: '\u001f\u001f' });
  };
  await one.caller.answer();
  expect([ordersTo(one, NEWCOMER_ID), one.caller.left.aborted]).toEqual([['POST /answer'], false]);
});

it('is the newcomer also where the end of the old channel was told before', async () => {
  await using one = await OneCaller.start();
  one.look = { status: 404 };
  one.leaves();
  await expect.poll(() => one.orders()).toContain('GET ');
  replace(one);
  one.pbx.answer = (_, response) => answerJson(response, 204);
  await one.caller.answer();
  expect([ordersTo(one, NEWCOMER_ID), one.caller.left.aborted]).toEqual([['POST /answer'], false]);
});

it('is the newcomer also where that is told late, of a channel whose end is heard in any case', async () => {
  const sleeps: number[] = [];
  // What lasts for less than a second is over at once.
  const sleep = (ms: number, signal: AbortSignal) => {
    sleeps.push(ms);
    return systemClock.sleep(ms < 1_000 ? 0 : ms, signal);
  };
  await using one = await OneCaller.start({ sleep });
  one.variables = {};
  // Its first look asks to hear of it to its end.
  await one.caller.read({ variables: [], globals: [], contactsOf: [] }).catch(() => undefined);
  one.variables = undefined;
  one.look = { status: 404 };
  const refused = one.caller.answer();
  await expect.poll(() => sleeps).toHaveLength(2);
  one.pbx.answer = (_, response) => answerJson(response, 204);
  replace(one);
  await refused;
  expect([ordersTo(one, NEWCOMER_ID).at(-1), one.caller.left.aborted]).toEqual(['POST /answer', false]);
});

it('is an arrival like any other where nobody answers for the old channel', async () => {
  await using one = await OneCaller.start();
  one.dispatcher.take({ type: 'StasisStart', args: ['7'], channel: NEWCOMER, replace_channel: { id: '1700000000.5' } });
  expect(one.arrived).toEqual(['7']);
});

it('that has gone is told of as gone also where the word that is sure to come is late', async () => {
  const sleep = (ms: number, signal: AbortSignal) => systemClock.sleep(ms / 10, signal);
  await using one = await OneCaller.start({ sleep });
  one.variables = {};
  await one.caller.read({ variables: [], globals: [], contactsOf: [] }).catch(() => undefined);
  one.variables = undefined;
  one.look = { status: 404 };
  await expect(one.caller.answer()).rejects.toBeInstanceOf(CallerGone);
});

it('has the newcomer heard also where it was found, and replaced before anybody has looked at it', async () => {
  await using one = await OneCaller.start();
  const [old, now] = ['1700000000.5', '1700000000.9'];
  const found = one.another(old, { held: 0, isHeard: true });
  one.dispatcher.take({
    type: 'StasisStart',
    args: [],
    channel: { ...inStasis('42'), id: now },
    replace_channel: { id: old },
  });
  await found.read({ variables: [], globals: [], contactsOf: [] }).catch(() => undefined);
  expect(one.pbx.requests.flatMap(({ query }) => query.get('eventSource') ?? [])).toEqual([`channel:${now}`]);
});
