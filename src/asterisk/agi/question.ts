/**
 * Asks a channel many things in one command: GET FULL VARIABLE evaluates an expression, which can hold any number of `${...}`. Each value comes
 * URI-encoded, so that no value can look like an answer, or like two. Names reach an expression only after a check, so that nothing that came from
 * outside can be evaluated.
 */

import { PbxError } from '../../call/errors.ts';
import type { Contact } from '../../call/ports.ts';
import { keepsPath, wayOf } from '../../call/ringing/by-path.ts';
import { unescapedText } from '../../call/told-text.ts';
import type { AgiSession } from './session.ts';

const COMMAND = 'GET FULL VARIABLE ';
const SEPARATOR = '&';
/** Below what Asterisk takes as one command. */
const MOST_BYTES = 1_800;
/** Stands before each value: Asterisk complains of encoding nothing. */
const MARK = 'x';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*(\([A-Za-z0-9_,.:@/-]*\))?$/;
const PLAIN = /^[^\s\p{Cc}"$&'(),<>[\\\]`{|}]+$/u;

/** Tells whether a name may stand in an expression as a variable or a function. */
export function isVariableName(name: string): boolean {
  return VARIABLE.test(name);
}

/** The value of each expression such as `${NAME}`, in their order; '' where unset. Rejects as the session's commands do. */
export async function ask(session: AgiSession, expressions: readonly string[]): Promise<string[]> {
  const groups: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const expression of expressions) {
    const question = `\${URIENCODE(${MARK}${expression})}`;
    if (length + question.length > MOST_BYTES) {
      groups.push([]);
      length = 0;
    }
    groups.at(-1)?.push(question);
    length += question.length + SEPARATOR.length;
  }
  const answers = await Promise.all(groups.map((group) => askGroup(session, group)));
  return answers.flat();
}

async function askGroup(session: AgiSession, questions: readonly string[]): Promise<string[]> {
  const { code, value = '' } = await session.command(`${COMMAND}${questions.join(SEPARATOR)}`);
  const values = value.split(SEPARATOR);
  if (code !== 200 || values.length !== questions.length || !values.every((text) => text.startsWith(MARK))) {
    throw new PbxError('Asterisk did not answer an AGI question as it was put');
  }
  return values.map((text) => unescapedText(text.slice(MARK.length)));
}

/** One value as it is, '' where unset. For what a phone has chosen: a bracket in it would end URIENCODE() early. */
async function askPlainly(session: AgiSession, expression: string): Promise<string> {
  const { value = '' } = await session.command(`${COMMAND}${expression}`);
  return value;
}

/**
 * The contacts of these endpoints now, in three steps: their AORs, the ids of those AORs' contacts, each one's fields. An endpoint that Asterisk does
 * not know has none.
 */
export async function askContacts(session: AgiSession, endpoints: readonly string[]): Promise<Contact[]> {
  const able = [...new Set(endpoints)].filter((endpoint) => /^PJSIP\/[\w.+-]{1,80}$/.test(endpoint));
  const namesOf = await ask(
    session,
    able.map((endpoint) => `\${PJSIP_ENDPOINT(${endpoint.slice('PJSIP/'.length)},aors)}`),
  );
  const aors = able.flatMap((endpoint, at) => plainParts(namesOf[at]).map((aor) => ({ endpoint, aor })));
  const told = await ask(
    session,
    aors.flatMap(({ aor }) => [`\${PJSIP_AOR(${aor},contact)}`, `\${PJSIP_AOR(${aor},support_path)}`]),
  );
  const ids = aors.flatMap(({ endpoint, aor }, at) =>
    plainParts(told[at * 2]).map((id) => ({
      endpoint,
      aor,
      id,
      hasPath: keepsPath(told[at * 2 + 1]),
    })),
  );
  const [uris, paths, expiries, [version = '']] = await Promise.all([
    Promise.all(ids.map(({ id }) => askPlainly(session, `\${PJSIP_CONTACT(${id},uri)}`))),
    Promise.all(ids.map(({ id, hasPath }) => (hasPath ? askPlainly(session, `\${PJSIP_CONTACT(${id},path)}`) : ''))),
    ask(
      session,
      ids.map(({ id }) => `\${PJSIP_CONTACT(${id},expiration_time)}`),
    ),
    ask(session, ids.some(({ hasPath }) => hasPath) ? [`\${VERSION(ASTERISK_VERSION_NUM)}`] : []),
  ]);
  return ids.flatMap(({ endpoint, aor }, at) => {
    const uri = uris[at] ?? '';
    const path = paths[at] ?? '';
    const seconds = Number(expiries[at] ?? '');
    // Gone between two steps.
    if (uri === '') return [];
    const expiresAtSec = Number.isFinite(seconds) ? seconds : 0;
    return [{ endpoint, uri, expiresAtSec, ...wayOf({ path, uri, aor, version }) }];
  });
}

function plainParts(list = ''): string[] {
  return list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => PLAIN.test(part));
}
