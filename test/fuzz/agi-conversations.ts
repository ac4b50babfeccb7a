/**
 * Conversations with things wrong in them, as they may come to the door of FastAGI, and which of them begin with a request that is right. It must never ask the code under test what is
 * right.
 */
import fc from 'fast-check';
import { requestLines } from '../asterisk/agi/dialplan-client.ts';
import { damagedBytes } from './inputs.ts';
import { strangeText } from './strange.ts';

export interface Conversation {
  readonly request: Buffer;
  /** Where the request is cut in two on its way, as a share in thousandths. */
  readonly cutAt: number;
  /** What is answered in place of the usual, command by command; then the usual. */
  readonly answers: readonly (string | Buffer)[];
  /** Ends after so many commands. */
  readonly endsAfter: number;
}

/** Longer than any request that Asterisk writes. */
const LONGEST = 60_000;
export const scripts = ['wake', 'lookup', 'ended'];
const valid = fc
  .tuple(fc.constantFrom(...scripts), fc.constantFrom('7', 'alice.b-c_9', '1001'))
  .map(([script, userId]) => requestLines(script, script === 'ended' ? [] : [userId]));

const mishap = fc.record({
  how: fc.constantFrom('value', 'value', 'name', 'drop', 'twice', 'add', 'script', 'argument'),
  at: fc.nat({ max: 60 }),
  text: strangeText,
});

function suffer(lines: readonly string[], { how, at, text }: { how: string; at: number; text: string }): string[] {
  const here = at % Math.max(1, lines.length);
  const [name = '', value = ''] = lines[here]?.split(': ') ?? [];
  if (how === 'drop') return lines.toSpliced(here, 1);
  if (how === 'twice') return lines.toSpliced(here, 0, `${name}: ${text}`);
  if (how === 'add') return lines.toSpliced(here, 0, text);
  if (how === 'name') return lines.with(here, `${text}: ${value}`);
  if (how === 'script')
    return lines.map((line) => (line.startsWith('agi_network_script') ? `agi_network_script: ${text}` : line));
  if (how === 'argument') return [...lines, `agi_arg_${at % 4}: ${text}`];
  return lines.length === 0 ? [text] : lines.with(here, `${name}: ${text}`);
}

const whole = fc
  .tuple(valid, fc.array(mishap, { maxLength: 2 }))
  .map(([lines, mishaps]) => Buffer.from(`${mishaps.reduce(suffer, lines).join('\n')}\n\n`));
const request = fc.oneof(
  { weight: 10, arbitrary: whole },
  { weight: 4, arbitrary: damagedBytes(whole) },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ maxLength: 300 })
      .map((bytes) => Buffer.from(`${Buffer.from(bytes).toString('latin1')}\n\n`, 'latin1')),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'HANGUP\n\n', '\n', '\n\n')
      .map((text) => Buffer.from(text)),
  },
);

const rightAnswers = [
  '200 result=1',
  '200 result=0',
  '200 result=1 (xRing&x)',
  '200 result=1 (x&x&x&x)',
  '200 result=-1',
  '510 Invalid or unknown command',
];
const strangeAnswers = [
  'HANGUP',
  '',
  '200 result=',
  '200',
  '200-result=1',
  '200 result=1 (x%zz&x%)',
  '200 result=1 (',
  '200 result=99999999999',
  '100 Trying',
  '511 dead',
  '520-usage',
  '520 End',
  '520-a\n520-b\n520 End',
  '200 result=1 (x)\n200 result=1 (x)',
  '999 x',
];
const answer = fc.oneof(
  fc.constantFrom(...rightAnswers, ...strangeAnswers),
  strangeText,
  damagedBytes(fc.constantFrom(...rightAnswers).map((text) => Buffer.from(text))),
);

export const conversation: fc.Arbitrary<Conversation> = fc.record({
  request,
  cutAt: fc.nat({ max: 1_000 }),
  answers: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: fc.array(answer, { maxLength: 4 }) },
  ),
  endsAfter: fc.oneof({ weight: 2, arbitrary: fc.constant(1_000) }, { weight: 1, arbitrary: fc.nat({ max: 6 }) }),
});

/** Nothing comes behind the request. */
export function isAll(sent: Buffer): boolean {
  const text = sent.toString('latin1').replaceAll('\r\n', '\n');
  return text.indexOf('\n\n') === text.length - 2;
}

/** Begins with a request that an administrator has written without a mistake, as Asterisk sends it; looked at from the other side than the code does. */
export function isRight(sent: Buffer): boolean {
  const [head = '', ...more] = sent.toString('utf8').replaceAll('\r\n', '\n').split('\n\n');
  if (more.length === 0 || head.length > LONGEST) return false;
  const lines = head.split('\n');
  const one = (form: RegExp) => lines.filter((line) => form.test(line)).length === 1;
  const names = lines.map((line) => line.split(':', 1)[0]);
  if (!lines.every((line) => /^agi_[a-z0-9_]{1,60}:( .*)?$/s.test(line)) || new Set(names).size !== names.length)
    return false;
  if (!lines.includes('agi_network: yes') || !one(/^agi_uniqueid: [!-.0-~]{1,150}$/)) return false;
  const args = lines.filter((line) => /^agi_arg_\d+:/.test(line));
  if (lines.includes('agi_network_script: ended')) return args.length === 0;
  return one(/^agi_network_script: (wake|lookup)$/) && args.length === 1 && one(/^agi_arg_1: [\w.-]{1,128}$/);
}
