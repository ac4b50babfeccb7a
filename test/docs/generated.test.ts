/** What documents take from the code must be what the code says, and what tests cite must be in the table of edge cases. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VARIABLE_NAMES } from '../../src/call/plan.ts';
import { DOCUMENTS, generated } from '../../tools/docs/documents.ts';
import { citations } from '../../tools/docs/edge-cases.ts';
import { OWN_REASONS } from '../../tools/docs/endings.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the documents', () => {
  it.each(DOCUMENTS)('%s has what the code says; scripts/docs writes it anew', (path) => {
    expect(generated(read(path), path), 'run scripts/docs').toBe(read(path));
  });

  it('a part that nobody writes is refused, and so is a document without any', () => {
    expect(() => generated('<!-- generated: nothing -->\n<!-- end -->\n', 'a.md')).toThrow('a.md has a part nothing');
    expect(() => generated('text\n', 'a.md')).toThrow('a.md has no generated part');
  });

  it('name no reason of dialplan and FastAGI that neither writes', () => {
    const written = globSync(['src/**/*.ts', 'dialplan/*'], { cwd: ROOT }).map(read).join('\n');
    const writes = (reason: string) =>
      written.includes(`XIVO_MAPP_REASON=${reason})`) || written.includes(`refuse(session, '${reason}')`);
    expect(OWN_REASONS.filter(([, reason]) => !writes(reason))).toEqual([]);
  });

  it('docs/dialplan.md names each variable that the router reads', () => {
    expect(VARIABLE_NAMES.filter((name) => !read('docs/dialplan.md').includes(name))).toEqual([]);
  });

  it('name no variable of ours that neither router nor dialplan has', () => {
    const known = globSync(['src/**/*.ts', 'dialplan/*', 'scripts/bench'], { cwd: ROOT }).map(read).join('\n');
    const named = globSync(['*.md', 'docs/*.md'], { cwd: ROOT })
      .filter((path) => path !== 'CHANGELOG.md')
      // A worked example names what is not there yet.
      .map((path) => read(path).replaceAll(/^```diff\n.*?^```$/gms, ''))
      .flatMap((text) => text.match(/\bXIVO_MAPP_[A-Z_]*[A-Z]\b/g) ?? []);
    expect(named.length).toBeGreaterThan(20);
    expect([...new Set(named)].filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('the edge cases', () => {
  const rows = [
    ...read('docs/edge-cases.md').matchAll(/^\| <a id="edges-(\d+)"><\/a>EDGES (\d+) \| \*\*(.+?)\*\* \|/gm),
  ];
  const numbers = rows.map(([, , number]) => Number(number));

  it('each have a number, an anchor and a name of their own', () => {
    expect(rows.map(([, anchor]) => Number(anchor))).toEqual(numbers);
    expect(numbers).toEqual(Array.from(numbers, (_, index) => index + 1));
    expect(new Set(rows.map(([, , , name]) => name)).size).toBe(rows.length);
  });

  it('that tests cite are in the table', () => {
    const cited = citations();
    expect(cited.size).toBeGreaterThan(40);
    expect([...cited].filter(([number]) => !numbers.includes(number))).toEqual([]);
  });
});
