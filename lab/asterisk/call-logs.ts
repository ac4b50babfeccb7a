/**
 * Asterisk's own call logs as a test reads them: the rows of CDR and CEL of one call, once they are all there. It must never read them before Asterisk has written
 * the last one.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { awaitThat } from './deadline.ts';
import { CDR_FILE, CDR_NAMES, type CdrColumn, CEL_FILE, CEL_NAMES, type CelColumn } from './site-conf.ts';

/** A row of CDR as text; `duration` and `billsec` are whole seconds. */
export type CdrRow = Readonly<Record<CdrColumn, string>>;
/** A row of CEL as text; `eventtime` is seconds since 1970, `extra` is JSON or empty. */
export type CelRow = Readonly<Record<CelColumn, string>>;

export class CallLogs {
  readonly #folder: string;
  readonly #cli: (command: string) => Promise<string>;

  constructor(folder: string, cli: (command: string) => Promise<string>) {
    this.#folder = folder;
    this.#cli = cli;
  }

  /** The rows of CDR with that linkedid, in the order in which they were written. Waits until the call is over. */
  async cdrRows(linkedid: string, withinMs: number): Promise<CdrRow[]> {
    await this.celRows(linkedid, withinMs);
    await awaitThat(
      async () => (/^\w+\//m.test(await this.#cli('cdr show active')) ? undefined : true),
      withinMs,
      async () => `CDR is not through with all calls:\n${await this.#cli('cdr show active')}`,
    );
    return await rowsOf<CdrRow>(join(this.#folder, CDR_FILE), CDR_NAMES, linkedid);
  }

  /** The rows of CEL with that linkedid, in the order in which they were written. Waits until the last channel of the call is gone. */
  async celRows(linkedid: string, withinMs: number): Promise<CelRow[]> {
    const file = join(this.#folder, CEL_FILE);
    const all = () => rowsOf<CelRow>(file, CEL_NAMES, linkedid);
    return await awaitThat(
      async () => {
        const rows = await all();
        return rows.some(({ eventtype }) => eventtype === 'LINKEDID_END') ? rows : undefined;
      },
      withinMs,
      async () => `CEL knows no end of ${linkedid}: ${(await all()).map(({ eventtype }) => eventtype).join(' ')}`,
    );
  }
}

async function rowsOf<Row extends Readonly<Record<string, string>>>(
  file: string,
  names: readonly string[],
  linkedid: string,
): Promise<Row[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  // A line that is still being written has no end yet.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => Object.fromEntries(fieldsOf(line).map((field, index) => [names[index] ?? '', field])) as Row)
    .filter((row) => row.linkedid === linkedid);
}

/** Fields of a line in which each is quoted, and a quote within is doubled. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, field = '']) => field.replaceAll('""', '"'));
}
