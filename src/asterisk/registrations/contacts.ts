/**
 * Which contacts endpoints have now, and when each expires. Asterisk tells only through a channel, and in two steps: the ids of the contacts of an
 * endpoint's AORs, then each one's fields; the Path among them where the AOR keeps it. An endpoint that Asterisk does not know has none, and is no error.
 */
import { createHash } from 'node:crypto';
import type { Contact, PhoneMark } from '../../call/ports.ts';
import { keepsPath, wayOf } from '../../call/ringing/by-path.ts';
import { isPlainArgument } from '../app/expressions.ts';

/** A contact with the id by which Asterisk answers questions about it. */
export interface FoundContact extends Contact {
  readonly contactId: string;
  readonly expiresAtSec: number;
}

/** What a look brings. */
export interface Look {
  readonly contacts: readonly FoundContact[];
  /** Endpoints whose contacts have a Path, which no event tells. */
  readonly behindPath: ReadonlySet<string>;
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

/** Some questions for each endpoint; those that can have no contacts are left out. */
export function contactQuestions(endpoints: readonly string[]): string[] {
  return endpoints
    .map(nameOf)
    .filter((name) => name !== undefined)
    .flatMap((name) => {
      const aors = `\${PJSIP_ENDPOINT(${name},aors)}`;
      return [aors, ...aorQuestions(aors)];
    });
}

const QUESTIONS = 3;

function aorQuestions(aor: string): [string, string] {
  return [`\${PJSIP_AOR(${aor},contact)}`, `\${PJSIP_AOR(${aor},support_path)}`];
}

function split(list: string): string[] {
  return list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

interface ContactId {
  readonly endpoint: string;
  readonly aor: string;
  readonly contactId: string;
  readonly hasPath: boolean;
}

/** Contact ids of each endpoint, from the answers to contactQuestions. An endpoint with several AORs is asked about once more, AOR by AOR. */
async function readIds(endpoints: readonly string[], answers: readonly string[], ask: Ask) {
  const behindPath = new Set<string>();
  const idsOf = (endpoint: string, aor: string, list = '', supportsPath = ''): ContactId[] => {
    const hasPath = keepsPath(supportsPath);
    if (hasPath) behindPath.add(endpoint);
    return split(list)
      .filter(isPlainArgument)
      .map((contactId) => ({ endpoint, aor, contactId, hasPath }));
  };
  const found = endpoints.filter(canHaveContacts).map(async (endpoint, index) => {
    const [names = '', list, supportsPath] = answers.slice(index * QUESTIONS, (index + 1) * QUESTIONS);
    const aors = split(names);
    if (aors.length < 2) return idsOf(endpoint, aors[0] ?? '', list, supportsPath);
    const plain = aors.filter(isPlainArgument);
    const told = await ask(plain.flatMap(aorQuestions));
    return plain.flatMap((aor, at) => idsOf(endpoint, aor, told[at * 2], told[at * 2 + 1]));
  });
  return { ids: (await Promise.all(found)).flat(), behindPath };
}

const VERSION_QUESTION = `\${VERSION(ASTERISK_VERSION_NUM)}`;
const FIELDS = 4;

export function expiryQuestion(contactId: string): string {
  return `\${PJSIP_CONTACT(${contactId},expiration_time)}`;
}

/**
 * What a phone keeps from one registration to the next: its Call-ID; and its user agent with its own address as its Via has it. As hashes, for none has
 * a bound; empty without func_md5.so.
 */
function phoneQuestion(contactId: string): string {
  const field = (name: string) => `\${PJSIP_CONTACT(${contactId},${name})}`;
  return `\${MD5(x${field('call_id')})} \${MD5(x${field('via_addr')} ${field('user_agent')})}`;
}

/** The hash of what a contact does not say, as one from Asterisk's configuration. */
const UNSAID = createHash('md5').update('x').digest('hex');

function readPhone(answer: string): { phone?: PhoneMark } {
  const [registration = '', make = ''] = answer.split(' ');
  return registration === '' || registration === UNSAID || make === '' ? {} : { phone: { registration, make } };
}

/** Contacts of these endpoints, given the answers to their contactQuestions. Asks nothing more where there are none. */
export async function readContacts(endpoints: readonly string[], answers: readonly string[], ask: Ask): Promise<Look> {
  const { ids, behindPath } = await readIds(endpoints, answers, ask);
  if (ids.length === 0) return { contacts: [], behindPath };
  const fields = await ask([
    behindPath.size > 0 ? VERSION_QUESTION : '',
    ...ids.flatMap(({ contactId, hasPath }) => [
      `\${PJSIP_CONTACT(${contactId},uri)}`,
      expiryQuestion(contactId),
      phoneQuestion(contactId),
      hasPath ? `\${PJSIP_CONTACT(${contactId},path)}` : '',
    ]),
  ]);
  const [version = ''] = fields;
  const contacts = ids.flatMap(({ endpoint, aor, contactId }, index) => {
    const [uri = '', expiry = '', phone = '', path = ''] = fields.slice(1 + index * FIELDS);
    // Gone between the two steps.
    if (uri === '') return [];
    const way = wayOf({ path, uri, aor, version });
    return [{ endpoint, contactId, uri, expiresAtSec: readSeconds(expiry), ...readPhone(phone), ...way }];
  });
  return { contacts, behindPath };
}

/** 0 where Asterisk keeps no expiry, as for contacts from its configuration. */
export function readSeconds(text: string): number {
  const seconds = Number(text);
  return Number.isFinite(seconds) ? seconds : 0;
}

/** Looks at endpoints' contacts. */
export async function lookForContacts(endpoints: readonly string[], ask: Ask): Promise<Look> {
  const questions = contactQuestions(endpoints);
  if (questions.length === 0) return { contacts: [], behindPath: new Set() };
  return readContacts(endpoints, await ask(questions), ask);
}
