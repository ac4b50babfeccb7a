/**
 * One look at a caller's channel: variables, globals and contacts in as few requests as they fit in. It must never let a name into an expression unchecked.
 */
import { PbxError } from '../../call/errors.ts';
import type { Reading } from '../../call/ports.ts';
import { isVariableName, variableQuestion } from '../app/expressions.ts';
import { DIALPLAN_QUESTION, type OwnDialplan, STAYS } from '../app/own-dialplan.ts';
import { contactQuestions, readContacts } from '../registrations/contacts.ts';

export interface WhatToRead {
  readonly variables: readonly string[];
  readonly globals: readonly string[];
  readonly contactsOf: readonly string[];
  readonly isPassing?: true;
}

/**
 * Rejects with whatever `ask` rejects with, and with PbxError where the dialplan could not connect anybody.
 * @param isFirst then the caller may stay with us from now on
 */
export async function readCaller(
  what: WhatToRead,
  ask: (questions: readonly string[]) => Promise<string[]>,
  ownDialplan: OwnDialplan,
  isFirst: boolean,
): Promise<Reading> {
  const variables = what.variables.filter(isVariableName);
  const globals = what.globals.filter(isVariableName);
  // Asked here because here it costs no request of its own.
  const [asked = '', , ...values] = await ask([
    DIALPLAN_QUESTION,
    isFirst ? STAYS : '',
    ...variables.map(variableQuestion),
    ...globals.map((name) => `\${GLOBAL(${name})}`),
    ...contactQuestions(what.contactsOf),
  ]);
  ownDialplan.learn(asked);
  if (ownDialplan.trouble !== undefined) throw new PbxError(ownDialplan.trouble);
  const ofContacts = values.slice(variables.length + globals.length);
  const { contacts } = await readContacts(what.contactsOf, ofContacts, ask);
  const valueAt = (names: readonly string[], from: number, name: string) =>
    names.includes(name) ? (values[from + names.indexOf(name)] ?? '') : '';
  return {
    variables: new Map(what.variables.map((name) => [name, valueAt(variables, 0, name)])),
    globals: new Map(what.globals.map((name) => [name, valueAt(globals, variables.length, name)])),
    contacts: contacts.map(({ contactId: _, ...contact }) => contact),
  };
}
