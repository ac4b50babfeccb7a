/** Where a phone may send a call on: no further than a plain Dial() of the site would follow it, and not twice. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SentOn } from '../../src/asterisk/app/channel-owner.ts';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { NOWHERE, whereTo } from '../../src/asterisk/channels/forward.ts';
import { answerJson, PbxStub } from './pbx-stub.ts';

const from = { name: 'Alice', number: '1001' };
const sent = (target: string, context = 'phones'): SentOn => ({
  target,
  context,
  endpoint: 'PJSIP/alice',
  from,
  followed: undefined,
});
const byAlice = (to: string) => ({ to, by: ['PJSIP/alice'], from });

describe('a call that a phone sends on', () => {
  let pbx: PbxStub;
  let requests: AriRequests;
  /** FORWARD_CONTEXT of the caller, and of all; XIVO_CALLOPTIONS; who has sent it on. */
  let values: [string, string, string, string];
  beforeEach(async () => {
    values = ['', '', '', ''];
    pbx = await PbxStub.start();
    pbx.answer = (_, response) => answerJson(response, 200, { value: values.join('\u001f') });
    requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
  });
  afterEach(async () => {
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });
  const goes = (of: SentOn, before: readonly string[] = []) => whereTo(of, '1700000000.1', before, requests);

  it.each([
    ['', '', 'Local/200@phones/n'],
    ['inside', '', 'Local/200@inside/n'],
    [NOWHERE, '', 'Local/200@phones/n'],
    [NOWHERE, 'inside', 'Local/200@inside/n'],
  ])('goes on in FORWARD_CONTEXT ("%s", for all "%s"), else in the phone’s own context', async (own, all, to) => {
    values = [own, all, '', ''];
    expect(await goes(sent('200'))).toEqual(byAlice(to));
  });

  it.each([
    ['i', false],
    ['tTi', false],
    ['tU(sub^i)i', false],
    ['U(mini)I', true],
    ['L(5000)tT', true],
  ])('with XIVO_CALLOPTIONS %s is followed: %s', async (options, isFollowed) => {
    values = ['', '', options, ''];
    expect(typeof (await goes(sent('200')))).toBe(isFollowed ? 'object' : 'string');
  });

  it('is sent on once by each, and ten times at most', async () => {
    values[3] = 'PJSIP/bob PJSIP/carol';
    expect(await goes(sent('200'))).toMatchObject({ by: ['PJSIP/bob', 'PJSIP/carol', 'PJSIP/alice'] });
    expect(await goes(sent('200'), ['PJSIP/alice'])).toContain('has sent this call on before');
    values[3] = 'PJSIP/alice';
    expect(await goes(sent('200'))).toContain('has sent this call on before');
    values[3] = Array.from({ length: 10 }, (_, index) => `PJSIP/${index}`).join(' ');
    expect(await goes(sent('200'))).toContain('too often');
  });

  it('to another address of its own endpoint is dialled as one destination', async () => {
    expect(await goes(sent('PJSIP/alice/sip:a&b@10.0.0.1'))).toEqual(byAlice('PJSIP/alice/sip:a&b@10.0.0.1'));
    expect(await goes(sent('PJSIP/alice/tel:200'))).toBe('it is no extension');
    expect(await goes(sent('PJSIP/trunk/sip:200@10.0.0.1'))).toBe('it is no extension');
  });

  it('goes to one extension of that context, whatever the phone has written, or nowhere', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary-ascii' }), fc.stringMatching(/^(Local|PJSIP)?[/@&,;0-9a-z%()$]*$/));
    await fc.assert(
      fc.asyncProperty(text, async (target) => {
        const answer = await goes(sent(target));
        if (typeof answer === 'string') return;
        expect(answer.to === `Local/${target}@phones/n` || answer.to.startsWith('PJSIP/alice/sip')).toBe(true);
        if (answer.to.startsWith('Local/')) expect(target).not.toMatch(/[/@&,;()"$\s]/);
      }),
      { numRuns: 500 },
    );
  });

  it('goes nowhere where its caller has left', async () => {
    pbx.answer = (_, response) => answerJson(response, 404, { message: 'Channel not found' });
    expect(typeof (await goes(sent('200')))).toBe('string');
  });
});
