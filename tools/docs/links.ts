/** Links between documents: the file is there, and so is the place in it. Links to the world are not asked for: the check works without a network. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type Fault, lineAt, withoutCode } from './text.ts';

/** @param path from the root */
export function brokenLinks(root: string, path: string, text: string): readonly Fault[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(({ 1: target = '', index }) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = '', place] = target.split('#');
    const line = lineAt(text, index);
    const there = file === '' ? join(root, path) : join(root, dirname(path), file);
    if (relative(root, there).startsWith('..') || !existsSync(there))
      return [{ line, what: `link to ${target}: there is no such file` }];
    if (place === undefined || !there.endsWith('.md')) return [];
    return placesIn(readFileSync(there, 'utf8')).has(place) ? [] : [{ line, what: `link to ${target}: no such place` }];
  });
}

/** Heads by the names that hosts give them, and anchors. */
function placesIn(text: string): ReadonlySet<string> {
  const heads = [...text.matchAll(/^#+ (.*)$/gm)].map(([, head = '']) =>
    head
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  const anchors = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id);
  return new Set([...heads, ...anchors]);
}
