/**
 * The table's place in README.md: between two comments. What stands outside them is not touched; without the first of them nothing is written.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const README = resolve(import.meta.dirname, '../../README.md');
const BEGIN = '<!-- bench -->';
const END = '<!-- /bench -->';

/** Throws when README.md has no place for it. */
export async function writeIntoReadme(table: string): Promise<void> {
  const text = await readFile(README, 'utf8');
  const from = text.indexOf(BEGIN);
  if (from < 0) throw new Error(`README.md has no ${BEGIN}: the table has no place there`);
  const behind = text.indexOf(END, from);
  const rest = behind < 0 ? text.slice(from + BEGIN.length) : text.slice(behind + END.length);
  await writeFile(README, `${text.slice(0, from)}${BEGIN}\n## What it reaches\n\n${table}\n${END}${rest}`);
}
