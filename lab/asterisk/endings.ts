/**
 * What became of the calls, as the lab's dialplan wrote it down when their channels ended, one line for each. Reads only, and each line once, so that ten thousand of
 * them take no longer to wait for than one.
 */
import { open } from 'node:fs/promises';
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

export class EndingsFile {
  readonly #file: string;
  readonly #read: Ending[] = [];
  #position = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** The endings so far, oldest first. */
  async all(): Promise<Ending[]> {
    this.#reading = this.#reading.then(() => this.#readOn());
    await this.#reading;
    return [...this.#read];
  }

  async #readOn(): Promise<void> {
    const file = await open(this.#file);
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - this.#position), { position: this.#position });
      // A line that is still being written has no end yet.
      const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
      this.#position += end;
      const records = buffer
        .toString('utf8', 0, end)
        .split('\n')
        .flatMap((line) => line.split(ENDING_MARK)[1] ?? []);
      for (const record of records) {
        this.#read.push(endingSchema.parse(Object.fromEntries(record.split('|').map(splitField))));
      }
    } finally {
      await file.close();
    }
  }
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
