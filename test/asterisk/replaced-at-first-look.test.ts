/** A caller whose channel is replaced while its first look is under way: the answer may come from the channel that has left, which is not with us, and lets nobody stay. */
import { expect, it } from 'vitest';
import { STAYS } from '../../src/asterisk/app/own-dialplan.ts';
import { PbxError } from '../../src/call/errors.ts';
import { CALLER_ID, inStasis, OneCaller } from './one-caller.ts';
import { answerJson } from './pbx-stub.ts';

const NEWCOMER_ID = '1700000000.9';

/** What Asterisk was told of the time for which this channel may stay. */
const letStay = (one: OneCaller, channelId: string) =>
  one.pbx.requests.filter(
    ({ path, query }) =>
      path === `/ari/channels/${channelId}/variable` && (query.get('variable') ?? '').includes(STAYS),
  ).length;

it('the newcomer is let stay as well', async () => {
  await using one = await OneCaller.start();
  one.pbx.answer = ({ path, query }, response) => {
    const isLook = path === `/ari/channels/${CALLER_ID}/variable` && one.caller.channelId === CALLER_ID;
    // The channel that leaves is there for a moment more, with all variables, but in a context that is not ours.
    if (isLook)
      one.dispatcher.take({
        type: 'StasisStart',
        args: [],
        channel: { ...inStasis('42'), id: NEWCOMER_ID },
        replace_channel: { id: CALLER_ID },
      });
    const others = (query.get('variable') ?? '').split('\u001f').length - 1;
    answerJson(response, 200, { value: `1,1,1,1${'\u001f'.repeat(others)}`, channel_ids: [] });
  };
  await one.caller.read({ variables: [], globals: [], contactsOf: [] });
  await expect.poll(() => letStay(one, NEWCOMER_ID), { timeout: 2_000 }).toBe(1);
});

it.each([
  ['once', 1, 'is looked at again'],
  ['each time', Number.POSITIVE_INFINITY, 'is given up'],
])('of whom Asterisk says %s that there is none, though it is there, %s', async (_, times, what) => {
  await using one = await OneCaller.start();
  let refused = 0;
  one.pbx.answer = ({ path, query }, response) => {
    if (path === `/ari/channels/${CALLER_ID}`) return answerJson(response, 200, inStasis('42'));
    const isLook = path === `/ari/channels/${CALLER_ID}/variable`;
    if (isLook && refused < times) {
      refused += 1;
      return answerJson(response, 404, { message: 'Provided channel was not found' });
    }
    const others = (query.get('variable') ?? '').split('\u001f').length - 1;
    answerJson(response, 200, { value: `1,1,1,1${'\u001f'.repeat(others)}`, channel_ids: [] });
  };
  const read = one.caller.read({ variables: [], globals: [], contactsOf: [] });
  if (what === 'is given up') await expect(read).rejects.toBeInstanceOf(PbxError);
  else await read;
  expect(refused).toBeLessThan(10);
});
