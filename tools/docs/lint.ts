/** Looks through all documents: form (markdownlint), spelling, and links between them. Prints what is wrong, a line each; needs no network. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lint } from 'markdownlint/sync';
import { brokenLinks } from './links.ts';
import { Speller } from './spelling.ts';
import type { Fault } from './text.ts';

const ROOT = join(import.meta.dirname, '../..');
const CONFIG = {
  default: true,
  // Paragraphs and heads; a table's row is one line.
  MD013: { line_length: 120, tables: false, code_blocks: false },
  // One name may come again under another head, as "Added" in a changelog.
  MD024: { siblings_only: true },
  // Anchors of edge cases.
  MD033: { allowed_elements: ['a'] },
  // The form of a pull request has no title.
  MD041: false,
  // Columns of tables are not padded.
  MD060: false,
};
/** Its entries were wrapped wider, and are not written anew; heads stand close to their lists. */
const CHANGELOG = { ...CONFIG, MD013: false, MD022: false, MD032: false };

const paths = globSync(['*.md', 'docs/**/*.md', '.github/*.md', 'packaging/*.md'], { cwd: ROOT }).sort();
const speller = new Speller(join(ROOT, 'docs/words.txt'));
let wrong = 0;
for (const path of paths) {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const found = lint({ strings: { [path]: text }, config: path === 'CHANGELOG.md' ? CHANGELOG : CONFIG })[path] ?? [];
  const form = found.map(
    ({ lineNumber, ruleNames, ruleDescription, errorDetail }): Fault => ({
      line: lineNumber,
      what: `${ruleNames[0]} ${ruleDescription}${errorDetail ? `: ${errorDetail}` : ''}`,
    }),
  );
  for (const { line, what } of [...form, ...speller.faults(text), ...brokenLinks(ROOT, path, text)]) {
    wrong += 1;
    console.log(`${path}:${line} ${what}`);
  }
}
if (paths.length < 10) throw new Error('where are the documents?');
console.log(
  wrong === 0 ? `${paths.length} documents are right` : `${wrong} faults. Words that are right go into docs/words.txt`,
);
process.exitCode = wrong === 0 ? 0 : 1;
