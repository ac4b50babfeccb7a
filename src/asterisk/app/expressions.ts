/**
 * Asks Asterisk many things in one request: EVAL() over ARI evaluates an expression on a channel, and an expression can hold any number of `${...}`.
 * Values come back as they are and are not evaluated again. Names reach an expression only after a check, so that nothing that came from outside can
 * be evaluated.
 */

import { z } from 'zod';
import { PbxError } from '../../call/errors.ts';
import { unescapedText } from '../../call/told-text.ts';
import { type AriRequests, encodeQueryValue } from '../ari/client.ts';
import { AriRefusal, isIll } from '../ari/errors.ts';
import type { Lane } from '../ari/lanes.ts';
import { channelPath } from './ids.ts';

const SEPARATOR = '\u001f';
/** Asterisk refuses a request line of 4,096 bytes. The rest is for method, path and headroom. */
const MAX_ENCODED = 3_500;

const Answer = z.object({ value: z.string() });

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*(\([A-Za-z0-9_,.:@/-]*\))?$/;
const PLAIN = /^[^\s\p{Cc}"$&'(),<>[\\\]`{|}]+$/u;

/** Tells whether a name may stand in an expression as a variable or a function. */
export function isVariableName(name: string): boolean {
  return VARIABLE.test(name);
}

/** The question for a channel's variable, whose name has been checked. */
export function variableQuestion(name: string): string {
  return `\${${name}}`;
}

/** Tells whether a text may stand in an expression as an argument: no brackets, commas, quotes, blanks or dollars. */
export function isPlainArgument(text: string): boolean {
  return PLAIN.test(text);
}

function expressionOf(questions: readonly string[]): string {
  return `EVAL(${questions.join(SEPARATOR)})`;
}

/** Cuts the questions so that each request stays below Asterisk's bound. */
export function groupQuestions(questions: readonly string[]): string[][] {
  const groups: string[][] = [];
  let group: string[] = [];
  let length = 0;
  for (const question of questions) {
    const encoded = encodeQueryValue(`${question}${SEPARATOR}`).length;
    if (group.length > 0 && length + encoded > MAX_ENCODED) {
      groups.push(group);
      group = [];
      length = 0;
    }
    group.push(question);
    length += encoded;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

async function evaluate(
  requests: AriRequests,
  channelId: string,
  group: readonly string[],
  lane: Lane,
): Promise<string> {
  const answer = await requests.send({
    method: 'GET',
    path: channelPath(channelId, '/variable'),
    query: { variable: expressionOf(group) },
    lane,
  });
  const parsed = Answer.safeParse(answer);
  if (!parsed.success) throw new PbxError('Asterisk answered a question with no value');
  return parsed.data.value;
}

/** Stand around a value that is asked for in ASCII: without both of them it is not whole. */
const [BEGIN, END] = ['x', 'z'];

/**
 * The same question, so that its answer comes in ASCII, whatever bytes are in it. A bracket too many in the value, with a colon behind it, is read as
 * the end of the question: such an answer is not whole.
 */
export function asciiQuestion(question: string): string {
  return `\${URIENCODE(${BEGIN}${question}${END})}`;
}

/** The value that an asciiQuestion was answered with; '' where it is not whole. */
export function asciiAnswer(answer: string): string {
  if (!answer.startsWith(BEGIN) || !answer.endsWith(END) || answer.length < 2) return '';
  return unescapedText(answer.slice(BEGIN.length, -END.length));
}

/** Asterisk cannot put an answer into words, since bytes in it are no UTF-8; of what else was asked it says nothing then either. */
function isUntellable(error: unknown): boolean {
  return error instanceof AriRefusal && error.status >= 500 && !isIll(error);
}

async function askGroup(
  requests: AriRequests,
  channelId: string,
  group: readonly string[],
  lane: Lane,
): Promise<string[]> {
  try {
    return await askTogether(requests, channelId, group, lane);
  } catch (error) {
    if (!isUntellable(error)) throw error;
  }
  const [only = ''] = group;
  if (group.length === 1) {
    return [asciiAnswer(await evaluate(requests, channelId, [asciiQuestion(only)], lane))];
  }
  const half = Math.ceil(group.length / 2);
  const parts = [group.slice(0, half), group.slice(half)];
  return (await Promise.all(parts.map((part) => askGroup(requests, channelId, part, lane)))).flat();
}

async function askTogether(
  requests: AriRequests,
  channelId: string,
  group: readonly string[],
  lane: Lane,
): Promise<string[]> {
  const value = await evaluate(requests, channelId, group, lane);
  const values = value.split(SEPARATOR);
  if (values.length === group.length) return values;
  // A value holds the separator itself: ask each by itself.
  return Promise.all(group.map((question) => evaluate(requests, channelId, [question], lane)));
}

/**
 * The value of each question, in their order; '' where unset.
 * Rejects with AriRefusal 404 when the channel is gone, and with PbxError as every request.
 * @param questions expressions like `${NAME}`
 */
export async function ask(
  requests: AriRequests,
  channelId: string,
  questions: readonly string[],
  lane: Lane = 'usual',
): Promise<string[]> {
  const groups = groupQuestions(questions);
  const answers = await Promise.all(groups.map((group) => askGroup(requests, channelId, group, lane)));
  return answers.flat();
}

/** Variables of a channel, whose names have been checked. Undefined when it is gone, or Asterisk cannot tell them. Rejects with PbxError as every request. */
export async function readVariables(requests: AriRequests, channelId: string, names: readonly string[]) {
  try {
    return await ask(requests, channelId, names.map(variableQuestion));
  } catch (error) {
    // No answer about this channel is no reason to do without all others.
    if (error instanceof AriRefusal && !isIll(error)) return undefined;
    throw error;
  }
}
