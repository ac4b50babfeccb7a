/** The dialplan's own part: whether it can connect anybody is learnt with each look, and each change is said once, with the cure. */
import { expect, it } from 'vitest';
import { DIALPLAN_QUESTION, OwnDialplan, STAYS } from '../../src/asterisk/app/own-dialplan.ts';
import { readCaller } from '../../src/asterisk/channels/caller-reading.ts';
import { PbxError } from '../../src/call/errors.ts';
import { toldLog } from './told-log.ts';

const NOTHING = { variables: [], globals: [], contactsOf: [] };

it('is taken for good until Asterisk has said otherwise; each change is said once, with the cure', () => {
  const log = toldLog();
  const own = new OwnDialplan(log);
  expect(own.trouble).toBeUndefined();
  for (const answer of ['0', '0', '']) own.learn(answer);
  expect(own.trouble).toMatch(/no context xivo-mapp-answered.*copy dialplan\/xivo-mapp\.conf/);
  for (const answer of ['1', '1']) own.learn(answer);
  expect(own.trouble).toBeUndefined();
  own.learn('0');
  expect(log.told.map(({ level }) => level)).toEqual(['error', 'info', 'error']);
});

it.each([
  ['1,0,1,1', 'app_channelredirect.so'],
  ['1,1,0,1', 'func_lock.so'],
  ['1,1,1,0', 'func_global.so'],
])('a module that is not loaded is named, with the cure: %s', (answer, module) => {
  const own = new OwnDialplan(toldLog());
  own.learn(answer);
  expect(own.trouble).toContain(`has not loaded ${module}`);
  expect(own.trouble).toContain(`module load ${module}`);
  // Where Asterisk cannot say it, it is taken for good.
  for (const good of ['1,1,1,1', '1,,,', '1']) {
    own.learn(good);
    expect(own.trouble).toBeUndefined();
  }
});

it('without it a caller cannot be read, so that the call is given back; with it, the same look says so', async () => {
  const own = new OwnDialplan(toldLog());
  for (const answer of ['0', '']) {
    await expect(readCaller(NOTHING, async () => [answer, ''], own, true)).rejects.toBeInstanceOf(PbxError);
  }
  expect((await readCaller(NOTHING, async () => ['1', ''], own, true)).contacts).toEqual([]);
});

it('the first look alone lets the caller stay, and each asks anew, in one request with all the rest', async () => {
  const own = new OwnDialplan(toldLog());
  const asked: string[][] = [];
  const ask = async (questions: readonly string[]) => {
    asked.push([...questions]);
    return ['1', '', 'a', 'b'];
  };
  const what = { ...NOTHING, variables: ['A'], globals: ['B'] };
  for (const isFirst of [true, false]) {
    const { variables, globals } = await readCaller(what, ask, own, isFirst);
    expect([variables.get('A'), globals.get('B')]).toEqual(['a', 'b']);
  }
  const rest = ['\u0024{A}', '\u0024{GLOBAL(B)}'];
  expect(asked).toEqual([
    [DIALPLAN_QUESTION, STAYS, ...rest],
    [DIALPLAN_QUESTION, '', ...rest],
  ]);
});
