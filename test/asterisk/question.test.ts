/** Questions: what may stand in one, and that many go in few requests. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  asciiQuestion,
  ask,
  groupQuestions,
  isPlainArgument,
  isVariableName,
  variableQuestion,
} from '../../src/asterisk/app/expressions.ts';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { canHaveContacts, lookForContacts } from '../../src/asterisk/registrations/contacts.ts';
import { answerJson, PbxStub } from './pbx-stub.ts';

describe('questions to Asterisk', () => {
  let pbx: PbxStub;
  let requests: AriRequests;

  beforeEach(async () => {
    pbx = await PbxStub.start();
    requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
  });

  afterEach(async () => {
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });

  it.each(['XIVO_MAPP_DEVICE', '_x1', 'CHANNEL(language)', 'CALLERID(num-pres)'])('may name the variable %s', (name) =>
    expect(isVariableName(name)).toBe(true),
  );

  it.each(['', '1A', 'A B', 'A}', 'A\u0024{B}', 'SHELL(ls ~)', 'A(b)(c)', 'A(\u0024{B})', 'A\n'])(
    'may not name the variable %j',
    (name) => expect(isVariableName(name)).toBe(false),
  );

  it.each(['m1', 'm1;@1fcc0d6b', 'Zoé.mobile-1', 'a+b@c'])('may hold the argument %s', (text) =>
    expect(isPlainArgument(text)).toBe(true),
  );

  it.each(['', 'a,b', 'a)', '\u0024{A}', 'a b', 'a\u001fb', 'a"b', 'a&b', 'a|b', "a'b"])(
    'may not hold the argument %j',
    (text) => expect(isPlainArgument(text)).toBe(false),
  );

  it.each(['PJSIP/', 'SIP/m1', 'm1', 'PJSIP/a/b', 'PJSIP/a)\u0024{SHELL(x)}'])(
    '%s has no contacts',
    async (endpoint) => {
      expect(canHaveContacts(endpoint)).toBe(false);
      const look = lookForContacts([endpoint], () => Promise.reject(new Error('nothing to ask')));
      expect((await look).contacts).toEqual([]);
    },
  );

  it('go in requests that are short enough, in their order', () => {
    const questions = Array.from({ length: 500 }, (_, n) => variableQuestion(`VARIABLE_${n}`));
    const groups = groupQuestions(questions);
    expect(groups.flat()).toEqual(questions);
    expect(groups.length).toBeLessThan(5);
    for (const group of groups) expect(encodeURI(group.join('\u001f')).length).toBeLessThan(6_000);
    expect(groupQuestions([])).toEqual([]);
    expect(groupQuestions(['x'.repeat(9_000)])).toHaveLength(1);
  });

  it('are answered also where one value has bytes that are no UTF-8, of which Asterisk can tell nothing', async () => {
    const values = new Map([
      [variableQuestion('A'), 'one'],
      [asciiQuestion(variableQuestion('B')), 'xDupr%E9z'],
      [variableQuestion('C'), 'three'],
      // A bracket too many, with a colon behind it: not whole.
      [asciiQuestion(variableQuestion('D')), 'x%E9'],
    ]);
    pbx.answer = (request, response) => {
      const asked = /^EVAL\((.*)\)$/s.exec(request.query.get('variable') ?? '')?.[1]?.split('\u001f') ?? [];
      const found = asked.map((question) => values.get(question));
      if (found.includes(undefined)) answerJson(response, 500, { message: 'Allocation failed' });
      else answerJson(response, 200, { value: found.join('\u001f') });
    };
    expect(await ask(requests, '1.1', ['A', 'B', 'C', 'D'].map(variableQuestion))).toEqual([
      'one',
      'Dupré',
      'three',
      '',
    ]);
  });

  it('keep values apart even where one holds the separator', async () => {
    const values = new Map([
      ['EVAL($' + '{A}\u001f$' + '{B})', 'one\u001fmore\u001ftwo'],
      ['EVAL($' + '{A})', 'one\u001fmore'],
      ['EVAL($' + '{B})', 'two'],
    ]);
    pbx.answer = (request, response) =>
      answerJson(response, 200, { value: values.get(request.query.get('variable') ?? '') });
    const questions = [variableQuestion('A'), variableQuestion('B')];
    expect(await ask(requests, '1.1', questions)).toEqual(['one\u001fmore', 'two']);
    expect(await ask(requests, '1.1', [])).toEqual([]);
  });

  it('fail on an answer that is none', async () => {
    pbx.answer = (_, response) => answerJson(response, 200, { val: 1 });
    await expect(ask(requests, '1.1', [variableQuestion('A')])).rejects.toThrow('no value');
  });

  it('find the contacts of an endpoint with several AORs', async () => {
    const asked: string[][] = [];
    const answers = [
      ['home,work', '', ''],
      ['home;@1', 'no', 'work;@2,work;@3', 'true'],
      ['162800', 'sip:1', '11', 'call-id mark', '', 'sip:2', '12', '', '<sip:edge;lr>', '', '', '', ''],
    ];
    const { contacts, behindPath } = await lookForContacts(['PJSIP/m1'], (questions) => {
      asked.push([...questions]);
      return Promise.resolve(answers[asked.length - 1] ?? []);
    });
    expect(contacts).toEqual([
      {
        endpoint: 'PJSIP/m1',
        contactId: 'home;@1',
        uri: 'sip:1',
        expiresAtSec: 11,
        phone: { registration: 'call-id', make: 'mark' },
      },
      { endpoint: 'PJSIP/m1', contactId: 'work;@2', uri: 'sip:2', expiresAtSec: 12, path: '<sip:edge;lr>' },
    ]);
    expect(asked.map(({ length }) => length)).toEqual([3, 4, 13]);
    expect([...behindPath]).toEqual(['PJSIP/m1']);
  });
});
