/**
 * What became of the calls, as the lab's dialplan wrote it down when their channels ended, one line for each. Reads only.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ENDING_MARK } from './dialplan-conf.ts';

const field = z.string().default('');

/** One ended channel; a field that the dialplan never set is empty. */
const endingSchema = z.object({
  channel: field,
  uniqueId: field,
  /** SIP Call-ID of the caller's leg. */
  callId: field,
  userId: field,
  /** XIVO_MAPP_STATUS and XIVO_MAPP_REASON. */
  status: field,
  reason: field,
  /** The user's scenario that the call came to: NOANSWER, ANSWERED, BUSY ...; empty when it never came back from the hook. */
  scenario: field,
  dialStatus: field,
  stasisStatus: field,
  hangupCause: field,
});

export type Ending = Readonly<z.infer<typeof endingSchema>>;

/** The endings so far, oldest first. */
export async function readEndings(file: string): Promise<Ending[]> {
  const text = await readFile(file, 'utf8');
  // A line that is still being written has no end yet.
  const lines = text.split('\n').slice(0, -1);
  const records = lines.flatMap((line) => line.split(ENDING_MARK)[1] ?? []);
  return records.map((record) => endingSchema.parse(Object.fromEntries(record.split('|').map(splitField))));
}

function splitField(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Tells whether an ending has the values of all the fields given. */
export function matches(ending: Ending, fields: Partial<Ending>): boolean {
  const actual = new Map<string, string>(Object.entries(ending));
  return Object.entries(fields).every(([name, value]) => actual.get(name) === value);
}
