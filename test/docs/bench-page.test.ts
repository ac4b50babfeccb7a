/** `scripts/bench --write` must find its place in docs/benchmarks.md, and leave the rest of the page alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PAGE, withTable } from '../../tools/bench/page.ts';

const page = readFileSync(join(import.meta.dirname, '../..', PAGE), 'utf8');

it('the table of a new run takes the place of the one before, and nothing else changes', () => {
  const written = withTable(page, 'THE TABLE');
  expect(written).toContain('## What it reaches\n\nTHE TABLE\n\n<!-- /bench -->');
  expect(written).not.toContain('REGISTER to INVITE, 24 waiting calls');
  expect(written.slice(0, written.indexOf('<!-- bench -->'))).toBe(page.slice(0, page.indexOf('<!-- bench -->')));
  expect(withTable(written, 'THE TABLE')).toBe(written);
});

it('a page without a place is not written', () => {
  expect(() => withTable('# Benchmarks\n', 'THE TABLE')).toThrow('docs/benchmarks.md has no <!-- bench -->');
});

it('the six figures of the README are figures of the page', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const section = /^## Six figures$(.*?)^## /ms.exec(readme)?.[1] ?? '';
  const rows = section.split('\n').filter((line) => /^\| (?!from).* \d[\d.,]*( ms)? \|$/.test(line));
  const figures = rows.flatMap((row) => row.split(' | ').slice(1)).map((cell) => /[\d.,]+/.exec(cell)?.[0] ?? cell);
  expect(rows).toHaveLength(6);
  const known = new Set(page.match(/\d[\d.]*\d|\d/g));
  expect(figures.filter((figure) => !known.has(figure.replace(',', '')))).toEqual([]);
});
