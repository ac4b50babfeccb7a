/** The page of failures must stay true: each test that it names is there, and each log line that it quotes is one that router or dialplan writes. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const FILLED_IN = '…';
/** Shorter pieces between what a line fills in would be found anywhere. */
const MIN_PIECE = 12;

const page =
  /^## What happens when …\n(.*?)^## /ms.exec(readFileSync(join(ROOT, 'docs/failures.md'), 'utf8'))?.[1] ?? '';
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\|(---| failure)/.test(line))
  .map((line) => line.slice(1, -1).split('|'));
const quotedIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, quoted = '']) => quoted);

it('has rows, each with what the caller hears, what the operator sees, and a test', () => {
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter((cells) => cells.length !== 4 || cells.some((cell) => cell.trim() === ''))).toEqual([]);
});

it('names tests that are there', () => {
  const missing = rows.flatMap(([failure, , , proof]) => {
    const named = quotedIn(proof).filter((name) => /\.test\.ts$|\/$/.test(name));
    if (named.length === 0) return [`nothing proves: ${failure}`];
    return named.filter((name) => !existsSync(join(ROOT, name.includes('/') ? name : `test/lab/scenarios/${name}`)));
  });
  expect(missing).toEqual([]);
});

it('quotes log lines that router and dialplan write', () => {
  const written = globSync(['src/**/*.ts', 'dialplan/*'], { cwd: ROOT })
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    .join('\n')
    .replaceAll(/\$\{[^}]*\}/g, FILLED_IN);
  const pieces = rows
    .flatMap(([, , operator]) => quotedIn(operator))
    .flatMap((quoted) => quoted.split(FILLED_IN).map((piece) => piece.trim()))
    .filter((piece) => piece.length >= MIN_PIECE);
  expect(pieces.length).toBeGreaterThan(10);
  expect(pieces.filter((piece) => !written.includes(piece))).toEqual([]);
});
