/**
 * What is loaded before the first call can be taken. Each package costs the callers whom a crash has left waiting a tenth of a second; what speaks to the
 * push services comes after them.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** What a file loads as it is loaded itself. */
function loadedBy(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const imports = [...text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';|^import '([^']+)';/gms)];
  return imports.map(([, from, bare]) => {
    const name = from ?? bare ?? '';
    return name.startsWith('.') ? normalize(join(dirname(path), name)) : name;
  });
}

function loadedFrom(path: string, seen = new Set<string>()): ReadonlySet<string> {
  for (const name of loadedBy(path)) {
    if (seen.has(name)) continue;
    seen.add(name);
    if (name.startsWith('src/')) loadedFrom(name, seen);
  }
  return seen;
}

it('no package is loaded at the start but those that every call needs', () => {
  const loaded = loadedFrom('src/run.ts');
  const packages = [...loaded].filter((name) => !name.startsWith('src/') && !name.startsWith('node:'));
  expect(packages.sort()).toEqual(['prom-client', 'winston', 'ws', 'zod']);
  // The way from file to file was found.
  expect(loaded.size).toBeGreaterThan(globSync('src/**/*.ts', { cwd: ROOT }).length / 2);
});
