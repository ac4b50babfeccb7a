/**
 * One look at a caller's channel: variables, globals and contacts in as few requests as they fit in. It must never let a name into an expression unchecked.
 */
import type { Reading } from '../call/ports.ts';
import { contactQuestions, readContacts } from './contacts.ts';
import { LEG_CONTEXT_QUESTION, type LegContext } from './leg-context.ts';
import { isVariableName, variableQuestion } from './question.ts';

export interface WhatToRead {
  readonly variables: readonly string[];
  readonly globals: readonly string[];
  readonly contactsOf: readonly string[];
}

/** Rejects with whatever `ask` rejects with. */
export async function readCaller(
  what: WhatToRead,
  ask: (questions: readonly string[]) => Promise<string[]>,
  legContext: LegContext,
): Promise<Reading> {
  const variables = what.variables.filter(isVariableName);
  const globals = what.globals.filter(isVariableName);
  // Asked here because here it costs no request of its own.
  const [asked = '', ...values] = await ask([
    LEG_CONTEXT_QUESTION,
    ...variables.map(variableQuestion),
    ...globals.map((name) => `\${GLOBAL(${name})}`),
    ...contactQuestions(what.contactsOf),
  ]);
  legContext.learn(asked);
  const ofContacts = values.slice(variables.length + globals.length);
  const found = await readContacts(what.contactsOf, ofContacts, ask);
  const valueAt = (names: readonly string[], from: number, name: string) =>
    names.includes(name) ? (values[from + names.indexOf(name)] ?? '') : '';
  return {
    variables: new Map(what.variables.map((name) => [name, valueAt(variables, 0, name)])),
    globals: new Map(what.globals.map((name) => [name, valueAt(globals, variables.length, name)])),
    contacts: found.map(({ endpoint, uri, expiresAtSec }) => ({ endpoint, uri, expiresAtSec })),
  };
}
