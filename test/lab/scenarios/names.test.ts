/**
 * EDGES 46: callers' names and numbers of any bytes, and sites' variables too. What the push, the history and the callee's phone say is one and the same text, on one line and in whole
 * letters, and never less than what a plain Dial() shows on the same Asterisk; the log stays one clean line for each.
 */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Callee, UserSpec } from '../../../lab/callee.ts';
import type { CallerSpec } from '../../../lab/caller.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { loneByte } from '../../../lab/phone/raw-bytes.ts';
import { OWN_DIAL, OWN_DIALPLAN, tellWhere } from '../../../lab/rigs/own-dial.ts';
import { withoutEscapes } from '../../../src/call/told-text.ts';

const GLOBALS = 'XIVO_MAPP_PLAY_MSG = False\nXIVO_MAPP_LOOPS_INTERVAL = 60';
/** A plain Dial() of the same phone. */
const PLAIN = '4000';
const DIALPLAN = `${OWN_DIALPLAN}
[lab-did](+)
exten => ${PLAIN},1,Dial(PJSIP/mobile-1)
 same => n,Hangup()
`;
const raw = (...bytes: number[]): string => bytes.map(loneByte).join('');
const awake: UserSpec = { ringingDevice: 'MobileApp', mobile: { is: 'awake' } };

const NAMES: readonly (readonly [string, string])[] = [
  ['cut in the middle of a letter of two bytes', `${'a'.repeat(78)}éé`],
  ['of three', `${'a'.repeat(77)}電話`],
  ['of four', `${'a'.repeat(76)}📞📞`],
  ['ISO-8859-1', `Zo${raw(0xe9)} Dupr${raw(0xe9)}`],
  ['invalid UTF-8', `x${raw(0xc0, 0xaf, 0xff)}y`],
  ['quotes', 'Ann "the" Boss'],
  ['backslashes', 'a\\b\\\\c\\'],
  ['2,000 quotes, cut within an escape', '"'.repeat(2_000)],
  ['2,000 letters', 'n'.repeat(2_000)],
  ['emoji', '👨‍👩‍👧‍👦 👍🏽'],
  ['right to left', 'שלום عبد'],
  ['right to left by a mark', '\u202e8765\u202c evil'],
  ['control characters', 'a\u0007b\u001bc\u001fd\u0085e\u2028f'],
  ['what a dialplan evaluates', `\${EXTEN} $[1+1] \${SHELL(id)}`],
  ['a bracket too many', ':) a):2 (b'],
  ['tags', '<b>x</b> <sip:x@y>'],
];
const NUMBERS: readonly (readonly [string, string])[] = [
  ['invalid UTF-8', '061%ff23'],
  ['cut in the middle of a letter', `${'1'.repeat(78)}%c3%a9`],
  ['letters', '%c3%a9%f0%9f%93%9e'],
  ['quotes and backslashes', '06%22%5c12'],
  ['a control character', '06%1f12'],
  ['right to left by a mark', '%e2%80%ae1234'],
];
const shards = ['Zo', 'é', '電', '📞', '"', '\\', ')', ':', ' ', '\u0007', raw(0xe9), raw(0xff), raw(0xc3), raw(0x80)];
const DRAWN = fc.sample(
  fc.array(fc.constantFrom(...shards), { minLength: 1, maxLength: 30 }).map((parts) => parts.join('')),
  { numRuns: 8, seed: 20_240_501 },
);

/** What a text shows: not how it is escaped, and not what no phone can show. */
function visible(text: string): string {
  return withoutEscapes(text).replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufffd\u202a-\u202e\u2066-\u2069\\]|\s/gu, '');
}

/** Names of the callees' phones as their configuration has them, longer than Asterisk keeps: the cut is in the middle of a letter. */
const LETTERS = ['éé', '電話', '📞📞'];
const CALLEES = LETTERS.map(
  (letters, index) => `[uc-${index + 1}](+type=endpoint)\ncallerid="${'a'.repeat(77)}${letters}" <200${index}>\n`,
).join('');

describe.each([16, 22] as const)('names and numbers of any bytes on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    const environment = { LOG_LEVEL: 'debug' };
    lab = await startLab({
      version,
      globals: GLOBALS,
      environment,
      asterisk: { extraDialplan: DIALPLAN, extraPjsip: CALLEES },
    });
    await tellWhere(lab);
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const wakes = (alice: Callee) =>
    alice.mobile.pushes.map(({ payload }) => payload).filter(({ type }) => type === 'incoming-call');

  /** Who the phone's INVITE says is calling. */
  const shownBy = async (alice: Callee, number: string, spec: CallerSpec) => {
    const [invites, pushes] = [alice.mobile.calls.length, wakes(alice).length];
    const call = await lab.caller(spec).call({ number });
    await expect.poll(() => alice.mobile.calls.length).toBe(invites + 1);
    if (number !== PLAIN) await expect.poll(() => wakes(alice).length).toBe(pushes + 1);
    const { shown } = alice.mobile.call.record;
    await call.hangUp();
    await call.waitFor('ended');
    return { ...(shown.asserted ?? shown.from) };
  };

  const isToldAlike = async (what: string, spec: CallerSpec): Promise<void> => {
    const alice = await lab.user(awake);
    const plain = await shownBy(alice, PLAIN, spec);
    const told = await shownBy(alice, alice.number, spec);
    const [push] = wakes(alice);
    const { body } = await lab.api.ask('GET', `/v1/calls/${push?.callId}`);
    const text = { name: push?.callerName, number: push?.callerNumber };
    expect({ what, told, body }).toEqual({ what, told: text, body: expect.objectContaining({ caller: text }) });
    expect({ what, text: `${text.name}${text.number}` }).toEqual({
      what,
      text: expect.not.stringMatching(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u),
    });
    // What is right at a plain Dial() is right here, and what is not there is not less here.
    if (plain.name.isWellFormed())
      expect({ what, name: visible(text.name ?? '') }).toEqual({ what, name: visible(plain.name) });
    else expect({ what, name: visible(text.name ?? '') }).toEqual({ what, name: expect.stringMatching(/./) });
    expect({ what, number: text.number }).toEqual({ what, number: expect.stringMatching(/./) });
    await lab.nothingRemains();
  };

  it.each(NAMES)('a name with %s', (what, name) => isToldAlike(what, { name }));
  it.each(NUMBERS)('a number with %s', (what, number) => isToldAlike(what, { number }));
  it('names of shards of all that, drawn', async () => {
    for (const name of DRAWN) await isToldAlike(JSON.stringify(name), { name });
  });

  it('by FastAGI the push says the same', async () => {
    for (const name of ['Ann "the" B\\oss', `Zo${raw(0xe9)} Dupr${raw(0xe9)}`, `${'a'.repeat(77)}電話`, 'a\u0007b']) {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
      for (const prefix of ['', OWN_DIAL]) {
        const call = await lab.caller({ name }).call({ number: `${prefix}${alice.number}` });
        await expect.poll(() => wakes(alice).length).toBe(prefix === '' ? 1 : 2);
        await call.hangUp();
        await call.waitFor('ended');
      }
      const [byStasis, byAgi] = wakes(alice).map(({ callerName }) => callerName);
      expect({ name, byAgi }).toEqual({ name, byAgi: byStasis });
      await lab.nothingRemains();
    }
  });

  if (version === 16)
    it('a name in ISO-8859-1 is shown in the letters that it was written in', async () => {
      const alice = await lab.user(awake);
      const told = await shownBy(alice, alice.number, { name: `Zo${raw(0xe9)} Dupr${raw(0xe9)}` });
      expect(told.name).toBe('Zoé Dupré');
    });

  it.each([
    ['XIVO_DST_LASTNAME', 'Dupr%e9', 'ANSWERED mobile'],
    ['CHANNEL(musicclass)', 'a%e9', 'ANSWERED mobile'],
    ['XIVO_RINGSECONDS', '%e9', 'ANSWERED mobile'],
    ['XIVO_ENABLEDND', '%e9', 'ANSWERED mobile'],
    ['XIVO_MAPP_DEVICE', 'a%e9', 'PASSED bad-device'],
    ['XIVO_MAPP_MOBILE_ENDPOINT', 'PJSIP/a%e9', 'PASSED bad-endpoint'],
    ['XIVO_DST_LASTNAME', 'a%1fb%0d%0aX: y', 'ANSWERED mobile'],
  ])('a site sets %s to %s', async (variable, bytes, ends) => {
    const alice = await lab.user({ ...awake, variables: { [variable]: `\${URIDECODE(${bytes})}` } });
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.waitFor('answered');
    await call.hangUp();
    const { status, reason } = await lab.ending(call);
    expect(`${status} ${reason}`).toBe(ends);
  });

  it('callees whose names are cut in the middle of a letter: each rings, is connected, and is told of', async () => {
    for (const letters of LETTERS) {
      const alice = await lab.user({ ringingDevice: 'WebApp' });
      const call = await lab.caller().call(alice);
      await alice.webApp.answer();
      await call.talksWith(alice.webApp);
      await call.hangUp();
      expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
      expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'webapp' });
      const told = call.record.connectedLines.at(-1)?.name;
      expect({ letters, told }).toEqual({ letters, told: expect.stringMatching(/^a{77}/) });
    }
  });

  it('the log of all that: a line for each, and nothing in it that moves a terminal', () => {
    const texts = lab.router.log.lines.map(({ text }) => text);
    expect(texts.length).toBeGreaterThan(50);
    for (const text of texts) expect(text).toMatch(/^(\d{4}-| {4})[^\p{Cc}\p{Zl}\p{Zp}]*$/u);
    expect(texts.filter((text) => / ERROR /.test(text))).toEqual([]);
  });
});
