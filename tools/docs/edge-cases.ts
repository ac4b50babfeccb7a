/** Which test cites which edge case by its number (`EDGES 16`, `EDGES 33 to 35`), as a table. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { code, table } from './table.ts';

const ROOT = join(import.meta.dirname, '../..');
const CITATION = /\bEDGES (\d+(?:(?:, | and | to |-)\d+)*)/g;

/** Number to the files under test/ that cite it, both in order. */
export function citations(): ReadonlyMap<number, readonly string[]> {
  const files = globSync('test/**/*.ts', { cwd: ROOT }).sort();
  const cited = files.flatMap((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return [...text.matchAll(CITATION)].flatMap(([, list = '']) => numbersIn(list)).map((number) => ({ number, path }));
  });
  const byNumber = Map.groupBy(cited, ({ number }) => number);
  return new Map(
    [...byNumber]
      .sort(([a], [b]) => a - b)
      .map(([number, those]) => [number, [...new Set(those.map(({ path }) => path))]] as const),
  );
}

/** `18-21, 23` is 18, 19, 20, 21, 23. */
function numbersIn(list: string): readonly number[] {
  return list.split(/, | and /).flatMap((piece) => {
    const [from = 0, to = from] = piece.split(/ to |-/).map(Number);
    return Array.from({ length: to - from + 1 }, (_, step) => from + step);
  });
}

export function citationTable(): string {
  return table(
    ['case', 'tests that cite it'],
    [...citations()].map(([number, paths]) => [`[EDGES ${number}](#edges-${number})`, paths.map(code).join(', ')]),
  );
}
