/**
 * Who a caller is, where the event that brings it leaves that open: Asterisk 16 leaves names that are no UTF-8 out of it, and every version numbers. It is
 * asked with the first look, which is made anyway. It must never cost a request of its own.
 */
import { partyOf } from '../../call/ports/party.ts';
import type { Party } from '../../call/ports.ts';
import { withoutEscapes } from '../../call/told-text.ts';
import { asciiAnswer, asciiQuestion, variableQuestion } from '../app/expressions.ts';
import type { Ask } from '../registrations/contacts.ts';

const WHO = ['CALLERID(name)', 'CALLERID(num)'].map((name) => asciiQuestion(variableQuestion(name)));

/** Asks the same; and, with the first questions, who it is, where there may be more to know of it than could be put into an event. */
export function askingWho(known: Party, ask: Ask, learn: (party: Party) => void): Ask {
  let mustAsk = isGarbled(known);
  return async (questions) => {
    if (!mustAsk) return await ask(questions);
    mustAsk = false;
    const answers = await ask([...questions, ...WHO]);
    const [name = '', number = ''] = answers.splice(-WHO.length).map(asciiAnswer);
    learn(partyOf(withoutEscapes(name) || known.name, number || known.number));
    return answers;
  };
}

function isGarbled({ name, number }: Party): boolean {
  return name === '' || number === '' || `${name}${number}`.includes('\ufffd');
}
