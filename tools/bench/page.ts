/**
 * The table's place in docs/benchmarks.md: between two comments. What stands outside them is not touched; without the first of them nothing is written.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

export const PAGE = 'docs/benchmarks.md';
const BEGIN = '<!-- bench -->';
const END = '<!-- /bench -->';

/** Throws when the page has no place for it. */
export async function writeIntoPage(table: string): Promise<void> {
  const file = resolve(import.meta.dirname, '../..', PAGE);
  await writeFile(file, withTable(await readFile(file, 'utf8'), table));
}

/** The page with this table in place of the one that it had. */
export function withTable(page: string, table: string): string {
  const from = page.indexOf(BEGIN);
  if (from < 0) throw new Error(`${PAGE} has no ${BEGIN}: the table has no place there`);
  const behind = page.indexOf(END, from);
  const rest = behind < 0 ? page.slice(from + BEGIN.length) : page.slice(behind + END.length);
  return `${page.slice(0, from)}${BEGIN}\n\n## What it reaches\n\n${table}\n\n${END}${rest}`;
}
