/**
 * Looks whether each package that package-lock.json names for this machine is in node_modules, in that version, and names those that are not, with exit
 * status 1. That it runs at all shows that Node.js does. It must change nothing, and import nothing that an installation brings.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const NAMED_AT_MOST = 5;

interface Locked {
  readonly version?: string;
  readonly optional?: boolean;
  readonly os?: string | readonly string[];
  readonly cpu?: string | readonly string[];
  readonly libc?: string | readonly string[];
}

const lock: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(
  readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
);
const wanted = Object.entries(lock.packages).filter(([path, locked]) => path !== '' && isWanted(locked));
const faults = wanted.flatMap(([path, { version }]) => {
  const found = versionIn(path);
  return found === version ? [] : [`${path} ${version} is ${found === undefined ? 'missing' : `there as ${found}`}`];
});
for (const fault of faults.slice(0, NAMED_AT_MOST)) console.error(fault);
if (faults.length > NAMED_AT_MOST) console.error(`and ${faults.length - NAMED_AT_MOST} more`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** Optional ones are wanted where they are made for this machine, as Node.js itself is; others of them depend on what npm chose. */
function isWanted({ optional = false, os, cpu, libc }: Locked): boolean {
  if (!optional) return true;
  return (
    [os ?? [], cpu ?? []].flat().length > 0 &&
    fits(os, process.platform) &&
    fits(cpu, process.arch) &&
    fits(libc, 'glibc')
  );
}

function fits(names: string | readonly string[] | undefined, here: string): boolean {
  return names === undefined || [names].flat().includes(here);
}

function versionIn(path: string): string | undefined {
  try {
    const { version }: { readonly version?: string } = JSON.parse(
      readFileSync(join(ROOT, path, 'package.json'), 'utf8'),
    );
    return version;
  } catch {
    // Not there, or half written.
    return undefined;
  }
}
