/** Each path of this repository that a document names is there. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PATH = /^(?:src|test|lab|tools|scripts|docs|dialplan|\.ci)\/[\w./-]*$|^\.[\w./-]+[a-z]$/;
/** What the worked example makes. */
const NOT_YET = ['test/call/webapp-after.test.ts'];
/** What is made by a command, or by a reader. */
const MADE = ['.cache/', '.env', '.p8', '.voip'];

const documents = globSync(['*.md', 'docs/*.md'], { cwd: ROOT }).filter((path) => path !== 'CHANGELOG.md');

it.each(documents)('%s names no path that is not there', (path) => {
  const text = readFileSync(join(ROOT, path), 'utf8').replaceAll(/^```.*?^```$/gms, '');
  const named = [...text.matchAll(/`([^`\n]+)`/g)]
    .map(([, code = '']) => code.split(' ')[0] ?? '')
    .filter((code) => PATH.test(code) && ![...NOT_YET, ...MADE].includes(code));
  expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
});
