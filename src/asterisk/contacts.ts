/**
 * Which contacts endpoints have now, and when each expires. Asterisk tells only through a channel, and in two steps: the ids of the contacts of an
 * endpoint's AORs, then each one's fields. An endpoint that Asterisk does not know has none, and is no error.
 */
import { createHash } from 'node:crypto';
import type { Contact } from '../call/ports.ts';
import { isPlainArgument } from './question.ts';

/** A contact with the id by which Asterisk answers questions about it. */
export interface FoundContact extends Contact {
  readonly contactId: string;
  readonly expiresAtSec: number;
}

export type Ask = (questions: readonly string[]) => Promise<string[]>;

const TECHNOLOGY = 'PJSIP/';

/** The endpoint's name without its technology, or undefined where it is none that can have contacts. */
function nameOf(endpoint: string): string | undefined {
  if (!endpoint.startsWith(TECHNOLOGY)) return undefined;
  const name = endpoint.slice(TECHNOLOGY.length);
  return isPlainArgument(name) && !name.includes('/') ? name : undefined;
}

export function canHaveContacts(endpoint: string): boolean {
  return nameOf(endpoint) !== undefined;
}

/** Two questions for each endpoint; those that can have no contacts are left out. */
export function contactQuestions(endpoints: readonly string[]): string[] {
  return endpoints
    .map(nameOf)
    .filter((name) => name !== undefined)
    .flatMap((name) => {
      const aors = `\${PJSIP_ENDPOINT(${name},aors)}`;
      return [aors, `\${PJSIP_AOR(${aors},contact)}`];
    });
}

function split(list: string): string[] {
  return list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Contact ids of each endpoint, from the answers to contactQuestions. An endpoint with several AORs is asked about once more, AOR by AOR. */
async function readIds(endpoints: readonly string[], answers: readonly string[], ask: Ask) {
  const able = endpoints.filter(canHaveContacts);
  const found = able.map(async (endpoint, index) => {
    const aors = split(answers[index * 2] ?? '');
    const contactIds =
      aors.length < 2
        ? split(answers[index * 2 + 1] ?? '')
        : (await ask(aors.filter(isPlainArgument).map((aor) => `\${PJSIP_AOR(${aor},contact)}`))).flatMap(split);
    return contactIds.filter(isPlainArgument).map((contactId) => ({ endpoint, contactId }));
  });
  return (await Promise.all(found)).flat();
}

export function expiryQuestion(contactId: string): string {
  return `\${PJSIP_CONTACT(${contactId},expiration_time)}`;
}

/**
 * What a phone keeps from one registration to the next: its user agent, and its own address as its Via has it. Both as one hash, for neither has a bound; '' without
 * func_md5.so.
 */
function phoneQuestion(contactId: string): string {
  return `\${MD5(x\${PJSIP_CONTACT(${contactId},via_addr)} \${PJSIP_CONTACT(${contactId},user_agent)})}`;
}

/** The hash of a contact that says neither, as one from Asterisk's configuration. */
const NOBODY = createHash('md5').update('x ').digest('hex');

/** Contacts of these endpoints, given the answers to their contactQuestions. Asks nothing more where there are none. */
export async function readContacts(
  endpoints: readonly string[],
  answers: readonly string[],
  ask: Ask,
): Promise<FoundContact[]> {
  const ids = await readIds(endpoints, answers, ask);
  if (ids.length === 0) return [];
  const fields = await ask(
    ids.flatMap(({ contactId }) => [
      `\${PJSIP_CONTACT(${contactId},uri)}`,
      expiryQuestion(contactId),
      phoneQuestion(contactId),
    ]),
  );
  return ids.flatMap(({ endpoint, contactId }, index) => {
    const [uri = '', expiry = '', phone = ''] = fields.slice(index * 3, index * 3 + 3);
    // Gone between the two steps.
    if (uri === '') return [];
    const mark = phone === '' || phone === NOBODY ? {} : { phone };
    return [{ endpoint, contactId, uri, expiresAtSec: readSeconds(expiry), ...mark }];
  });
}

/** 0 where Asterisk keeps no expiry, as for contacts from its configuration. */
export function readSeconds(text: string): number {
  const seconds = Number(text);
  return Number.isFinite(seconds) ? seconds : 0;
}

/** Looks at endpoints' contacts. */
export async function lookForContacts(endpoints: readonly string[], ask: Ask): Promise<FoundContact[]> {
  const questions = contactQuestions(endpoints);
  if (questions.length === 0) return [];
  return readContacts(endpoints, await ask(questions), ask);
}
